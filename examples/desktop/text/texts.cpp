#include "texts.hpp"

#include <QLocale>
#include <array>

namespace desktop {
namespace {

struct Entry {
  const char* en;
  const char* ru;
};

constexpr std::array kTexts{
#define TLITE_TEXT(name, en, ru) Entry{en, ru},
#include "texts.inc"
#undef TLITE_TEXT
};

Language chosen = Language::en;  // of the thread of the window alone

QLocale locale() {
  return chosen == Language::ru ? QLocale(QLocale::Russian) : QLocale(QLocale::English);
}

// Unicode's rule for whole numbers in Russian (CLDR, plurals).
QString plural(qint64 count, const char* one, const char* few, const char* many) {
  const qint64 tens = count % 100;
  const qint64 ones = count % 10;
  if (ones == 1 && tens != 11) return QString::fromUtf8(one);
  const bool is_few = ones >= 2 && ones <= 4 && (tens < 12 || tens > 14);
  return QString::fromUtf8(is_few ? few : many);
}

}  // namespace

Language language() noexcept { return chosen; }

void set_language(Language language) { chosen = language; }

QString say(Text text) {
  const Entry& entry = kTexts[static_cast<std::size_t>(text)];
  return QString::fromUtf8(chosen == Language::ru ? entry.ru : entry.en);
}

QString write(double value, int digits) {
  QString text = locale().toString(value, 'f', digits);
  const QString point = locale().decimalPoint();
  if (!text.contains(point)) return text;
  while (text.endsWith('0')) text.chop(1);
  if (text.endsWith(point)) text.chop(point.size());
  return text;
}

QString write_percent(double probability) {
  const int digits = probability >= 0.1 ? 0 : probability >= 0.001 ? 2 : 4;
  const QString percent = write(probability * 100, digits);
  return chosen == Language::ru ? percent + QString::fromUtf8("\u00a0%") : percent + "%";
}

QString write_bytes(double bytes) {
  const bool russian = chosen == Language::ru;
  if (bytes < 1e9) {
    return write(bytes / 1e6, bytes < 1e7 ? 1 : 0) + QString::fromUtf8(russian ? " МБ" : " MB");
  }
  return write(bytes / 1e9, bytes < 1e11 ? 1 : 0) + QString::fromUtf8(russian ? " ГБ" : " GB");
}

QString say_tokens(qint64 count) {
  const QString number = write(static_cast<double>(count)) + " ";
  if (chosen == Language::ru) return number + plural(count, "токен", "токена", "токенов");
  return number + (count == 1 ? "token" : "tokens");
}

QString say_alternatives(int count) {
  const QString number = write(count) + " ";
  if (chosen == Language::ru) return number + plural(count, "вариант", "варианта", "вариантов");
  return number + (count == 1 ? "alternative" : "alternatives");
}

}  // namespace desktop
