// An answer's text taken apart: what the model thought, what it says, and the calls of tools, in
// the form that Hermes and Qwen models write them:
//
//   <think>...</think> text <tool_call>
//   {"name": "f", "arguments": {"a": 1}}
//   </tool_call>
//
// A call that is no such JSON stays text. Text comes out as early as it can be told what it is.
#pragma once

#include "json_prefix.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace openai {

struct AnswerForm {
  bool thinking = false;         // the model has <think> and </think>
  bool inside_thinking = false;  // the prompt ends within
  bool tools = false;            // the request has some
  bool many_calls = true;        // false: what follows the first call is left out
  // Arguments come out as they are written. A call that breaks off then is begun already: the rest
  // of it is text. Without, a call comes out when it is whole.
  bool stream_arguments = false;
};

struct AnswerPart {
  enum class Kind : std::int8_t { reasoning, content, call, arguments };
  Kind kind = Kind::content;
  std::string text;      // of a call its tool's name
  std::size_t call = 0;  // which one it is, or is of
};

class AnswerParts {
 public:
  explicit AnswerParts(const AnswerForm& form);

  // What has become clear with this text.
  std::vector<AnswerPart> push(std::string_view text);
  // What is left at the end.
  std::vector<AnswerPart> finish();

  std::size_t calls() const noexcept { return calls_; }
  bool is_thinking() const noexcept { return mode_ == Mode::thinking; }

 private:
  enum class Mode : std::int8_t { start, thinking, content, call, arguments, tail };

  bool advance();
  bool advance_start();
  bool advance_thinking();
  bool advance_content();
  bool advance_call();
  bool advance_arguments();
  bool advance_tail();
  void begin_call(const std::string& name);
  void give(AnswerPart::Kind kind, std::string_view text);
  void give_content(std::string_view text);
  bool read_whole_call();
  void break_call();

  AnswerForm form_;
  Mode mode_ = Mode::start;
  std::string rest_;          // what is not yet given out
  JsonPrefix arguments_;      // of the call that is being streamed
  std::string spaces_;        // white space that goes out if text follows
  bool skip_lines_ = false;   // behind <think> and </think>
  bool skip_spaces_ = false;  // behind a call
  std::size_t calls_ = 0;
  std::vector<AnswerPart> out_;
};

}  // namespace openai
