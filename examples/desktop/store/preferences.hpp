// What the window remembers beside conversations: how it looks, which models it had, what a new
// conversation starts with.
#pragma once

#include "../conversation/conversation.hpp"
#include "../text/texts.hpp"

#include <QByteArray>
#include <QString>
#include <QStringList>

namespace desktop {

enum class Theme { automatic, light, dark };

// How a model is loaded.
struct LoadChoices {
  int context = 8192;  // tokens
  QString weights;     // a name of tlite's mixes; empty: as stored
  bool read_into_memory = false;
};

struct Preferences {
  Theme theme = Theme::automatic;
  Language language = Language::en;
  QStringList models;  // paths, newest first, ten at most
  LoadChoices load;
  Settings settings;  // of a new conversation
  QByteArray geometry;

  void add_model(const QString& path);
};

// From an INI file. What is not there, or is none, is its default; the language is the system's.
Preferences read_preferences(const QString& file);
// False: it cannot be written. May wait for the disk.
bool write_preferences(const QString& file, const Preferences& preferences);

}  // namespace desktop
