// tlite-desktop [MODEL] [--data FOLDER]: a window to talk to a model in.
#include "store/preferences.hpp"
#include "view/main_window.hpp"
#include "view/style.hpp"

#include <QApplication>
#include <QCommandLineParser>
#include <QLibraryInfo>
#include <QStandardPaths>
#include <QTranslator>

int main(int argc, char** argv) {
  QApplication app(argc, argv);
  QApplication::setApplicationName("tlite-desktop");
  QApplication::setQuitOnLastWindowClosed(false);
  QCommandLineParser arguments;
  arguments.setApplicationDescription("A window to talk to a model in.");
  arguments.addHelpOption();
  arguments.addPositionalArgument("model", "A GGUF file or a Hugging Face folder.", "[model]");
  const QCommandLineOption data("data", "Where conversations are kept.", "folder");
  arguments.addOption(data);
  arguments.process(app);

  const QString folder = arguments.isSet(data)
                             ? arguments.value(data)
                             : QStandardPaths::writableLocation(QStandardPaths::AppDataLocation);
  const desktop::Preferences preferences = desktop::read_preferences(folder + "/preferences.ini");
  desktop::set_language(preferences.language);
  // Qt's own menus and dialogs, where its translations are installed.
  QTranslator qt;
  if (preferences.language == desktop::Language::ru &&
      qt.load("qtbase_ru", QLibraryInfo::path(QLibraryInfo::TranslationsPath))) {
    QApplication::installTranslator(&qt);
  }
  desktop::remember_system_palette();
  desktop::apply_theme(preferences.theme);
  desktop::MainWindow window(folder, preferences);
  QObject::connect(&window, &desktop::MainWindow::closed, &app, &QApplication::quit);
  window.show();
  const QStringList models = arguments.positionalArguments();
  if (!models.isEmpty()) window.open_model(models.first());
  return QApplication::exec();
}
