#include "conversation_store.hpp"

#include "../conversation/conversation_json.hpp"

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QSaveFile>
#include <algorithm>
#include <stdexcept>

namespace desktop {
namespace {

// What the system says, in a form that a sentence can end with.
[[noreturn]] void fail(const QFileDevice& file) {
  throw std::runtime_error(
      (QDir::toNativeSeparators(file.fileName()) + ": " + file.errorString()).toStdString());
}

// Flushed by ourselves: commit() does not look at what its own flush says, and would put a file
// that a full disk has cut in the place of a whole one (Qt 6.4.2).
void write_file(const QString& path, const QByteArray& content) {
  QSaveFile file(path);
  if (!file.open(QIODevice::WriteOnly)) fail(file);
  if (file.write(content) != content.size() || !file.flush() || !file.commit()) fail(file);
}

QList<Conversation> read_file(const QString& path) {
  QFile file(path);
  if (!file.open(QIODevice::ReadOnly)) fail(file);
  try {
    return read_conversations(file.readAll());
  } catch (const FormatError& error) {
    throw std::runtime_error(QDir::toNativeSeparators(path).toStdString() + ": " + error.what());
  }
}

}  // namespace

Summary summary_of(const Conversation& conversation) {
  return {conversation.id, title_of(conversation), conversation.updated};
}

ConversationStore::ConversationStore(const QString& folder)
    : folder_(folder + "/conversations"), preferences_file_(folder + "/preferences.ini") {
  there_.moveToThread(&thread_);
  thread_.setObjectName("store");
  thread_.start();
}

ConversationStore::~ConversationStore() {
  finish();
  thread_.wait();
}

QString ConversationStore::path_of(const QString& id) const { return folder_ + "/" + id + ".json"; }

QList<Conversation> ConversationStore::read_all() {
  QList<Conversation> all;
  for (const QString& name : QDir(folder_).entryList({"*.json"}, QDir::Files, QDir::Name)) {
    try {
      all += read_file(folder_ + "/" + name);
    } catch (const std::exception& error) {
      emit failed_to_read(QString::fromUtf8(error.what()));
    }
  }
  return all;
}

void ConversationStore::write(const Conversation& conversation) {
  if (!QDir().mkpath(folder_)) {
    throw std::runtime_error(QDir::toNativeSeparators(folder_).toStdString() +
                             ": the folder cannot be made");
  }
  write_file(path_of(conversation.id), write_conversations({conversation}));
}

void ConversationStore::list() {
  QMetaObject::invokeMethod(&there_, [this] {
    QList<Summary> summaries;
    for (const Conversation& each : read_all()) summaries += summary_of(each);
    emit listed(summaries);
  });
}

void ConversationStore::read(const QString& id) {
  QMetaObject::invokeMethod(&there_, [this, id] {
    try {
      for (const Conversation& each : read_file(path_of(id))) emit opened(each);
    } catch (const std::exception& error) {
      emit failed_to_read(QString::fromUtf8(error.what()));
    }
  });
}

void ConversationStore::save(const Conversation& conversation) {
  QMetaObject::invokeMethod(&there_, [this, conversation] {
    try {
      write(conversation);
      emit saved(conversation.id);
    } catch (const std::exception& error) {
      emit failed_to_save(conversation.id, QString::fromUtf8(error.what()));
    }
  });
}

void ConversationStore::remove(const QString& id) {
  QMetaObject::invokeMethod(&there_, [this, id] {
    QFile file(path_of(id));
    if (file.exists() && !file.remove()) {
      emit failed_to_write(file.fileName() + ": " + file.errorString());
    }
  });
}

void ConversationStore::export_all(const QString& file) {
  QMetaObject::invokeMethod(&there_, [this, file] {
    try {
      write_file(file, write_conversations(read_all()));
      emit exported(file);
    } catch (const std::exception& error) {
      emit failed_to_write(QString::fromUtf8(error.what()));
    }
  });
}

void ConversationStore::add(const QList<Conversation>& conversations) {
  const QList<Conversation> here = read_all();
  QList<Summary> added;
  for (Conversation each : conversations) {
    const auto kept = std::find_if(here.begin(), here.end(),
                                   [&](const Conversation& other) { return other.id == each.id; });
    if (kept != here.end() && *kept == each) continue;
    if (kept != here.end()) each.id = new_id();
    write(each);
    added += summary_of(each);
  }
  emit imported(added);
}

void ConversationStore::import_from(const QString& file) {
  QMetaObject::invokeMethod(&there_, [this, file] {
    QList<Conversation> conversations;
    try {
      conversations = read_file(file);
    } catch (const std::exception& error) {
      emit failed_to_read(QString::fromUtf8(error.what()));
      return;
    }
    try {
      add(conversations);
    } catch (const std::exception& error) {
      emit failed_to_write(QString::fromUtf8(error.what()));
    }
  });
}

void ConversationStore::save(const Preferences& preferences) {
  QMetaObject::invokeMethod(&there_, [this, preferences] {
    QDir().mkpath(QFileInfo(preferences_file_).path());
    if (!write_preferences(preferences_file_, preferences)) {
      emit failed_to_write(QDir::toNativeSeparators(preferences_file_));
    }
  });
}

void ConversationStore::sync() {
  QMetaObject::invokeMethod(&there_, [this] { emit synced(); });
}

void ConversationStore::finish() {
  QMetaObject::invokeMethod(&there_, [this] {
    emit finished();
    thread_.quit();
  });
}

}  // namespace desktop
