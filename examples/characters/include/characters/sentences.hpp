// Cuts text that comes in pieces into sentences, for subtitles and speech.
//
// A sentence ends with . ! ? or the sign of an ellipsis, and quotes and brackets that close behind
// it, where white space follows; and with a line. Not with the point of an initial ("А. С. Пушкин",
// "т. е.") or of a short title ("Mr. Fox", «г. Москва»), nor inside 3.14. UTF-8; what is no UTF-8
// is part of a word.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace characters {

class Sentences {
 public:
  Sentences() { text_.reserve(1024); }

  // Adds text; `take` gets each sentence that is whole now, without the white space around it, and
  // may clear. Views live for the call.
  template <class Take>
  void push(std::string_view text, Take&& take) {
    text_.append(text);
    std::size_t end = 0;
    while ((end = next_end()) != kNone) give(end, take);
  }

  // What is left is a sentence, too.
  template <class Take>
  void flush(Take&& take) {
    give(text_.size(), take);
  }

  void clear() noexcept {
    text_.clear();
    looked_ = 0;
  }

 private:
  static constexpr std::size_t kNone = std::string_view::npos;

  static bool is_space(char c) noexcept { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

  // Bytes of a sign at `i` that is one of `signs`, which are separated by spaces; 0: none is.
  std::size_t sign_at(std::size_t i, std::string_view signs) const noexcept {
    const std::string_view rest = std::string_view(text_).substr(i);
    while (!signs.empty()) {
      const std::string_view sign = signs.substr(0, signs.find(' '));
      if (rest.substr(0, sign.size()) == sign) return sign.size();
      signs.remove_prefix(std::min(signs.size(), sign.size() + 1));
    }
    return 0;
  }

  // The word in front of `end` needs a point and does not end a sentence with it.
  bool is_short(std::size_t end) const noexcept {
    std::size_t begin = end;
    while (begin > 0 && !is_space(text_[begin - 1])) --begin;
    std::string_view word = std::string_view(text_).substr(begin, end - begin);
    for (const std::string_view open : {"(", "\"", "«", "“", "„"}) {
      if (word.substr(0, open.size()) == open) word.remove_prefix(open.size());
    }
    const auto first = word.empty() ? 0u : static_cast<unsigned char>(word.front());
    const bool is_letter = (first >= 'a' && first <= 'z') || (first >= 'A' && first <= 'Z');
    if (word.size() == 1 && is_letter && word != "I") return true;
    if (word.size() == 2 && (first == 0xD0 || first == 0xD1)) return word != "я" && word != "Я";
    for (const std::string_view title : {"Mr", "Mrs", "Ms", "Dr", "St", "ул", "им", "руб", "стр"}) {
      if (word == title) return true;
    }
    return false;
  }

  // Bytes without those of a last character that is not whole yet.
  std::size_t whole() const noexcept {
    for (std::size_t back = 1; back <= std::min<std::size_t>(3, text_.size()); ++back) {
      const auto byte = static_cast<unsigned char>(text_[text_.size() - back]);
      if (byte < 0x80) break;
      const std::size_t length = byte < 0xC0 ? 0 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
      if (length != 0) return length > back ? text_.size() - back : text_.size();
    }
    return text_.size();
  }

  // Behind the first sentence that is whole; what was looked at in vain is not looked at again.
  std::size_t next_end() {
    const std::size_t size = whole();
    while (looked_ < size) {
      std::size_t i = looked_;
      if (text_[i] == '\n') return i + 1;
      const std::size_t mark = sign_at(i, ". ! ? …");
      if (mark == 0) {
        ++looked_;
        continue;
      }
      const bool is_point = text_[i] == '.';
      const std::size_t word_end = i;
      i += mark;
      std::size_t more = 0;
      while ((more = sign_at(i, ". ! ? … » ” ’ ) \" '")) != 0) i += more;
      if (i >= size) return kNone;  // whether white space follows is not known yet
      const bool is_initial = is_point && i == word_end + 1 && is_short(word_end);
      if (is_space(text_[i]) && !is_initial) return i;
      looked_ = i;
    }
    return kNone;
  }

  template <class Take>
  void give(std::size_t end, Take&& take) {
    std::size_t begin = 0;
    while (begin < end && is_space(text_[begin])) ++begin;
    std::size_t stop = end;
    while (stop > begin && is_space(text_[stop - 1])) --stop;
    const std::string sentence = text_.substr(begin, stop - begin);
    text_.erase(0, end);
    looked_ = 0;
    if (!sentence.empty()) take(std::string_view(sentence));
  }

  std::string text_;
  std::size_t looked_ = 0;  // bytes of text_ that no sentence ends in
};

}  // namespace characters
