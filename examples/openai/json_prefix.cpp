#include "json_prefix.hpp"

#include <cstddef>
#include <string_view>

namespace openai {
namespace {

constexpr std::size_t kMostDepth = 64;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_of_number(char c) {
  return is_digit(c) || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

// Whether it is a number (-?int frac? exp?), or, where not `whole`, may become one.
bool is_number(std::string_view text, bool whole) {
  std::size_t at = 0;
  const auto is_at_end = [&] { return at == text.size(); };
  const auto digits = [&] {
    const std::size_t begin = at;
    while (!is_at_end() && is_digit(text[at])) ++at;
    return at > begin;
  };
  if (!is_at_end() && text[at] == '-') ++at;
  const bool zero = !is_at_end() && text[at] == '0';
  if (zero ? (++at, false) : !digits()) return !whole && is_at_end();
  if (!is_at_end() && text[at] == '.') {
    ++at;
    if (!digits()) return !whole && is_at_end();
  }
  if (!is_at_end() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (!is_at_end() && (text[at] == '+' || text[at] == '-')) ++at;
    if (!digits()) return !whole && is_at_end();
  }
  return is_at_end();
}

}  // namespace

JsonPrefix::State JsonPrefix::fail() { return state_ = State::broken; }

JsonPrefix::State JsonPrefix::value_ended() {
  expect_ = Expect::comma;
  return state_ = open_.empty() ? State::whole : State::open;
}

JsonPrefix::State JsonPrefix::close(char opened) {
  if (open_.empty() || open_.back() != opened) return fail();
  open_.pop_back();
  return value_ended();
}

JsonPrefix::State JsonPrefix::push_value(char c) {
  if (c == ']' && expect_ == Expect::first_value) return close('[');
  if (c == '{' || c == '[') {
    if (open_.size() == kMostDepth) return fail();
    open_ += c;
    expect_ = c == '{' ? Expect::first_key : Expect::first_value;
  } else if (c == '"') {
    is_key_ = false;
    expect_ = Expect::string;
  } else if (c == 't' || c == 'f' || c == 'n') {
    word_ = c == 't' ? "rue" : c == 'f' ? "alse" : "ull";
    expect_ = Expect::word;
  } else if (c == '-' || is_digit(c)) {
    word_ = c;
    expect_ = Expect::number;
  } else {
    return fail();
  }
  return state_;
}

JsonPrefix::State JsonPrefix::push_string(char c) {
  if (expect_ == Expect::hex) {
    if (!is_hex(c)) return fail();
    if (--hex_left_ == 0) expect_ = Expect::string;
  } else if (expect_ == Expect::escape) {
    if (std::string_view("\"\\/bfnrtu").find(c) == std::string_view::npos) return fail();
    expect_ = c == 'u' ? Expect::hex : Expect::string;
    hex_left_ = 4;
  } else if (c == '\\') {
    expect_ = Expect::escape;
  } else if (c == '"') {
    if (!is_key_) return value_ended();
    expect_ = Expect::colon;
  } else if (static_cast<unsigned char>(c) < 0x20U) {
    return fail();
  }
  return state_;
}

JsonPrefix::State JsonPrefix::push_number(char c) {
  if (is_of_number(c)) {
    word_ += c;
    return is_number(word_, false) ? state_ : fail();
  }
  if (!is_number(word_, true)) return fail();
  return value_ended() == State::whole && !is_space(c) ? fail() : push(c);
}

JsonPrefix::State JsonPrefix::push_structure(char c) {
  switch (expect_) {
    case Expect::colon:
      if (c != ':') return fail();
      expect_ = Expect::value;
      return state_;
    case Expect::comma:
      if (c == '}') return close('{');
      if (c == ']') return close('[');
      if (c != ',' || open_.empty()) return fail();
      expect_ = open_.back() == '{' ? Expect::key : Expect::value;
      return state_;
    default:  // a key
      if (c == '}' && expect_ == Expect::first_key) return close('{');
      if (c != '"') return fail();
      is_key_ = true;
      expect_ = Expect::string;
      return state_;
  }
}

JsonPrefix::State JsonPrefix::push(char c) {
  if (state_ == State::broken) return state_;
  if (state_ == State::whole) return is_space(c) ? state_ : fail();
  switch (expect_) {
    case Expect::string:
    case Expect::escape:
    case Expect::hex:
      return push_string(c);
    case Expect::number:
      return push_number(c);
    case Expect::word:
      if (c != word_.front()) return fail();
      word_.erase(0, 1);
      return word_.empty() ? value_ended() : state_;
    default:
      break;
  }
  if (is_space(c)) return state_;
  const bool is_value = expect_ == Expect::value || expect_ == Expect::first_value;
  return is_value ? push_value(c) : push_structure(c);
}

}  // namespace openai
