#include "preferences.hpp"

#include "../conversation/conversation_json.hpp"

#include <QLocale>
#include <QSettings>
#include <algorithm>
#include <array>

namespace desktop {
namespace {

constexpr int kModels = 10;
constexpr int kLeastContext = 512;
constexpr std::array<const char*, 3> kThemes{"auto", "light", "dark"};

Language language_of(const QString& name) {
  if (name == "ru" || name == "en") return name == "ru" ? Language::ru : Language::en;
  return QLocale::system().language() == QLocale::Russian ? Language::ru : Language::en;
}

// In the form of a conversation in which nothing was said, which has a reader.
Settings settings_of(const QByteArray& text) {
  try {
    const QList<Conversation> kept = read_conversations(text);
    if (!kept.isEmpty()) return kept.first().settings;
  } catch (const FormatError&) {
    // None yet, or edited by hand: the defaults.
  }
  return {};
}

}  // namespace

void Preferences::add_model(const QString& path) {
  models.removeAll(path);
  models.prepend(path);
  models = models.mid(0, kModels);
}

Preferences read_preferences(const QString& file) {
  const QSettings ini(file, QSettings::IniFormat);
  Preferences read;
  const QString theme = ini.value("theme").toString();
  const auto* const at = std::find(kThemes.begin(), kThemes.end(), theme);
  if (at != kThemes.end()) read.theme = static_cast<Theme>(at - kThemes.begin());
  read.language = language_of(ini.value("language").toString());
  read.models = ini.value("models").toStringList();
  read.load.context = std::max(ini.value("context", read.load.context).toInt(), kLeastContext);
  read.load.weights = ini.value("weights").toString();
  read.load.read_into_memory = ini.value("read_into_memory").toBool();
  read.settings = settings_of(ini.value("settings").toByteArray());
  read.geometry = ini.value("geometry").toByteArray();
  return read;
}

bool write_preferences(const QString& file, const Preferences& preferences) {
  QSettings ini(file, QSettings::IniFormat);
  ini.setValue("theme", kThemes[static_cast<std::size_t>(preferences.theme)]);
  ini.setValue("language", preferences.language == Language::ru ? "ru" : "en");
  ini.setValue("models", preferences.models);
  ini.setValue("context", preferences.load.context);
  ini.setValue("weights", preferences.load.weights);
  ini.setValue("read_into_memory", preferences.load.read_into_memory);
  ini.setValue("settings", write_conversations({new_conversation(preferences.settings)}));
  ini.setValue("geometry", preferences.geometry);
  ini.sync();
  return ini.status() == QSettings::NoError;
}

}  // namespace desktop
