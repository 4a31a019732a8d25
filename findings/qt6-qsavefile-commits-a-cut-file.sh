#!/usr/bin/env bash
# Qt's QSaveFile puts a file that a full disk has cut in the place of a whole one: what it still has in its buffer is
# flushed by commit(), which does not look at whether that worked. The disk is full here by a limit on the size of files.
# With flush() before commit() it is told. Needs qt6-base-dev.
#
# Seen with Qt 6.4.2 (Debian 12):
#   before: 1000 bytes
#   write: 1000, commit: true
#   after: 64 bytes
#   with flush() first: flush: false
#   after: 1000 bytes
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/save.cpp" <<'CPP'
#include <csignal>
#include <cstdio>
#include <sys/resource.h>

#include <QByteArray>
#include <QFile>
#include <QSaveFile>

int main(int, char** argv) {
  const QString path = argv[1];
  const QByteArray content(1000, 'x');
  const auto whole = [&] {
    QFile file(path);
    file.open(QIODevice::WriteOnly);
    file.write(content);
  };
  const auto limit = [](rlim_t bytes) {
    rlimit size{};
    getrlimit(RLIMIT_FSIZE, &size);
    size.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &size);
  };
  std::signal(SIGXFSZ, SIG_IGN);
  whole();
  std::printf("before: %lld bytes\n", static_cast<long long>(QFile(path).size()));
  limit(64);
  {
    QSaveFile file(path);
    file.open(QIODevice::WriteOnly);
    const qint64 written = file.write(content);
    const bool committed = file.commit();
    limit(RLIM_INFINITY);
    std::printf("write: %lld, commit: %s\n", static_cast<long long>(written), committed ? "true" : "false");
  }
  std::printf("after: %lld bytes\n", static_cast<long long>(QFile(path).size()));
  whole();
  limit(64);
  {
    QSaveFile file(path);
    file.open(QIODevice::WriteOnly);
    file.write(content);
    const bool flushed = file.flush();
    limit(RLIM_INFINITY);
    std::printf("with flush() first: flush: %s\n", flushed ? "true" : "false");
  }
  std::printf("after: %lld bytes\n", static_cast<long long>(QFile(path).size()));
}
CPP
g++ -std=c++17 -fPIC "$work/save.cpp" -o "$work/save" $(pkg-config --cflags --libs Qt6Core)
"$work/save" "$work/file" | cat
