// The tests, one object a file.
#pragma once

#include <QObject>
#include <QString>
#include <memory>
#include <vector>

namespace desktop_test {

std::unique_ptr<QObject> units_test();
std::unique_ptr<QObject> prose_test();
std::unique_ptr<QObject> hostile_test();
std::unique_ptr<QObject> storage_test();
std::unique_ptr<QObject> flows_test();
std::unique_ptr<QObject> closing_test();

inline std::vector<std::unique_ptr<QObject>> all_tests() {
  std::vector<std::unique_ptr<QObject>> tests;
  tests.push_back(units_test());
  tests.push_back(prose_test());
  tests.push_back(hostile_test());
  tests.push_back(storage_test());
  tests.push_back(flows_test());
  tests.push_back(closing_test());
  return tests;
}

// Returns an exit status.
int take_screenshots(const QString& folder);

}  // namespace desktop_test
