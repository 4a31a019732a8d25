// Whether text that comes piece by piece can still become a JSON value (RFC 8259), and where that
// ends: what a model writes is looked at before it goes out, byte by byte.
#pragma once

#include <cstdint>
#include <string>

namespace openai {

class JsonPrefix {
 public:
  enum class State : std::int8_t { open, whole, broken };

  // The next byte. Of a whole value nothing but white space may follow; a number is whole with the
  // byte behind it, which broken() then is.
  State push(char c);
  State state() const noexcept { return state_; }

 private:
  enum class Expect : std::int8_t {
    value,
    first_value,  // or the list's end
    key,
    first_key,  // or the object's end
    colon,
    comma,  // or the end of what is open
    string,
    escape,
    hex,
    number,
    word,
  };

  State push_value(char c);
  State push_string(char c);
  State push_number(char c);
  State push_structure(char c);
  State close(char opened);
  State value_ended();
  State fail();

  State state_ = State::open;
  Expect expect_ = Expect::value;
  std::string open_;  // '{' and '[' that are not closed
  std::string word_;  // what is left of true, false, null; or a number so far
  int hex_left_ = 0;
  bool is_key_ = false;
};

}  // namespace openai
