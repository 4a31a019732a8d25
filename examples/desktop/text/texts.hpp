// What the window says, in the language that the user chose: one table, texts.inc.
#pragma once

#include <QString>

namespace desktop {

enum class Language { en, ru };

enum class Text {
#define TLITE_TEXT(name, en, ru) name,
#include "texts.inc"
#undef TLITE_TEXT
};

Language language() noexcept;
// Whoever shows texts learns of it by QEvent::LanguageChange.
void set_language(Language language);

QString say(Text text);
template <typename... Parts>
QString say(Text text, const Parts&... parts) {
  return say(text).arg(parts...);
}

// A number as the language writes it, with at most `digits` behind the comma.
QString write(double value, int digits = 0);
QString write_percent(double probability);
QString write_bytes(double bytes);

// "1 token", "3 токена".
QString say_tokens(qint64 count);
QString say_alternatives(int count);

}  // namespace desktop
