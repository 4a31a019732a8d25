// All tests of the window, or with --screenshots FOLDER pictures of it to look at.
#include "tests.hpp"

#include <QApplication>
#include <QTest>

#include <view/style.hpp>

int main(int argc, char** argv) {
  QApplication app(argc, argv);
  QApplication::setQuitOnLastWindowClosed(false);
  desktop::remember_system_palette();
  const QStringList arguments = QApplication::arguments();
  const auto at = arguments.indexOf("--screenshots");
  if (at > 0 && at + 1 < arguments.size()) return desktop_test::take_screenshots(arguments[at + 1]);
  int failed = 0;
  for (const auto& test : desktop_test::all_tests()) failed += QTest::qExec(test.get(), arguments);
  return failed == 0 ? 0 : 1;
}
