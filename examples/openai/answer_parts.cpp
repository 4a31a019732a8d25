#include "answer_parts.hpp"

#include "json_fields.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace openai {
namespace {

constexpr std::string_view kThink = "<think>", kThinkEnd = "</think>";
constexpr std::string_view kCall = "<tool_call>", kCallEnd = "</tool_call>";
constexpr std::string_view kSpace = " \t\r\n";

// How many bytes at the end of `text` may be the beginning of `tag`.
std::size_t begun(std::string_view text, std::string_view tag) {
  for (std::size_t size = std::min(text.size(), tag.size() - 1); size > 0; --size) {
    if (text.ends_with(tag.substr(0, size))) return size;
  }
  return 0;
}

// A call up to its arguments, {"name": "f", "arguments": {...
struct Header {
  std::string name;
  std::size_t arguments = 0;  // where they begin
};

class HeaderReader {
 public:
  explicit HeaderReader(std::string_view text) : text_(text) {}

  // Nothing where it is not whole or another form; more() tells which.
  std::optional<Header> read() {
    Header header;
    if (!take("{") || !take("\"name\"") || !take(":") || !take_string(header.name) || !take(",") ||
        !(take("\"arguments\"") || take("\"parameters\"")) || !take(":")) {
      return std::nullopt;
    }
    skip();
    header.arguments = at_;
    if (is_at_end()) more_ = true;
    if (more_ || text_[at_] != '{') return std::nullopt;
    return header;
  }
  bool more() const noexcept { return more_; }

 private:
  bool is_at_end() const { return at_ >= text_.size(); }
  void skip() {
    while (!is_at_end() && kSpace.find(text_[at_]) != kSpace.npos) ++at_;
  }
  bool take(std::string_view token) {
    skip();
    const std::string_view rest = text_.substr(at_);
    if (rest.starts_with(token)) {
      at_ += token.size();
      more_ = false;
      return true;
    }
    more_ = token.starts_with(rest);
    return false;
  }
  bool take_string(std::string& value) {
    skip();
    std::size_t end = at_ + 1;
    while (end < text_.size() && text_[end] != '"') end += text_[end] == '\\' ? 2U : 1U;
    if (is_at_end() || text_[at_] != '"') return more_ = is_at_end(), false;
    if (end >= text_.size()) return more_ = true, false;
    const Json read = Json::parse(text_.substr(at_, end + 1 - at_), nullptr, false);
    if (!read.is_string() || read.get_ref<const std::string&>().empty()) return false;
    value = read.get<std::string>();
    at_ = end + 1;
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bool more_ = false;
};

// Whether the JSON of a call stands there whole and well-formed.
bool is_whole(std::string_view text) {
  JsonPrefix json;
  for (const char c : text) json.push(c);
  return json.state() == JsonPrefix::State::whole;
}

}  // namespace

AnswerParts::AnswerParts(const AnswerForm& form) : form_(form) {
  if (form.inside_thinking) {
    mode_ = Mode::thinking;
    skip_lines_ = true;
  }
}

void AnswerParts::give(AnswerPart::Kind kind, std::string_view text) {
  if (text.empty()) return;
  const bool joins = !out_.empty() && out_.back().kind == kind && kind != AnswerPart::Kind::call;
  if (joins) {
    out_.back().text += text;
  } else {
    out_.push_back({kind, std::string(text), calls_ > 0 ? calls_ - 1 : 0});
  }
}

// White space waits for what follows: before a call and behind the last it is left out.
void AnswerParts::give_content(std::string_view text) {
  if (!form_.many_calls && calls_ > 0) return;
  if (skip_lines_) text.remove_prefix(std::min(text.find_first_not_of('\n'), text.size()));
  if (skip_spaces_) text.remove_prefix(std::min(text.find_first_not_of(kSpace), text.size()));
  if (text.empty()) return;
  skip_lines_ = skip_spaces_ = false;
  if (!form_.tools) return give(AnswerPart::Kind::content, text);
  const std::size_t last = text.find_last_not_of(kSpace);
  if (last == text.npos) {
    spaces_ += text;
    return;
  }
  give(AnswerPart::Kind::content, spaces_);
  give(AnswerPart::Kind::content, text.substr(0, last + 1));
  spaces_ = text.substr(last + 1);
}

void AnswerParts::begin_call(const std::string& name) {
  ++calls_;
  spaces_.clear();
  skip_spaces_ = true;
  out_.push_back({AnswerPart::Kind::call, name, calls_ - 1});
}

// The text up to the end tag as a call; false where it is none.
bool AnswerParts::read_whole_call() {
  if (!form_.many_calls && calls_ > 0) return true;
  if (!is_whole(rest_)) return false;
  if (const std::optional<Header> header = HeaderReader(rest_).read()) {
    const std::string_view behind = std::string_view(rest_).substr(header->arguments);
    JsonPrefix arguments;
    std::size_t size = 0;
    while (arguments.state() == JsonPrefix::State::open) arguments.push(behind[size++]);
    begin_call(header->name);
    give(AnswerPart::Kind::arguments, behind.substr(0, size));
    return true;
  }
  const Json call = Json::parse(rest_, nullptr, false);
  const auto name = call.is_object() ? call.find("name") : call.end();
  if (!call.is_object() || name == call.end() || !name->is_string()) return false;
  const auto arguments =
      call.contains("arguments") ? call.find("arguments") : call.find("parameters");
  const Json given = arguments == call.end() ? Json::object() : *arguments;
  if (!given.is_object()) return false;
  begin_call(name->get<std::string>());
  give(AnswerPart::Kind::arguments, to_text(given));
  return true;
}

// What was begun is no call: it is text, and what follows it too.
void AnswerParts::break_call() {
  mode_ = Mode::content;
  give_content(std::exchange(rest_, {}));
}

bool AnswerParts::advance_start() {
  const std::size_t first = rest_.find_first_not_of(kSpace);
  const std::string_view text = std::string_view(rest_).substr(std::min(first, rest_.size()));
  if (form_.thinking && kThink.starts_with(text) && text != kThink) return false;
  if (form_.thinking && text.starts_with(kThink)) {
    rest_ = text.substr(kThink.size());
    mode_ = Mode::thinking;
    skip_lines_ = true;
  } else {
    mode_ = Mode::content;
  }
  return true;
}

bool AnswerParts::advance_thinking() {
  if (skip_lines_) {
    rest_.erase(0, std::min(rest_.find_first_not_of('\n'), rest_.size()));
    if (rest_.empty()) return false;
    skip_lines_ = false;
  }
  const std::size_t end = rest_.find(kThinkEnd);
  std::string_view thought = std::string_view(rest_).substr(0, end);
  if (end == rest_.npos) thought.remove_suffix(begun(thought, kThinkEnd));
  while (thought.ends_with('\n')) thought.remove_suffix(1);
  const std::size_t size = thought.size();
  give(AnswerPart::Kind::reasoning, thought);
  if (end == rest_.npos) {
    rest_.erase(0, size);
    return false;
  }
  rest_.erase(0, end + kThinkEnd.size());
  mode_ = Mode::content;
  skip_lines_ = true;
  return true;
}

bool AnswerParts::advance_content() {
  const std::size_t tag = form_.tools ? rest_.find(kCall) : rest_.npos;
  std::string_view text = std::string_view(rest_).substr(0, tag);
  if (tag == rest_.npos && form_.tools) text.remove_suffix(begun(text, kCall));
  const std::size_t size = text.size();
  give_content(text);
  if (tag == rest_.npos) {
    rest_.erase(0, size);
    return false;
  }
  rest_.erase(0, tag + kCall.size());
  mode_ = Mode::call;
  return true;
}

bool AnswerParts::advance_call() {
  const std::size_t end = rest_.find(kCallEnd);
  if (form_.stream_arguments && (form_.many_calls || calls_ == 0)) {
    const std::string_view text = std::string_view(rest_).substr(0, end);
    if (const std::optional<Header> header = HeaderReader(text).read()) {
      begin_call(header->name);
      rest_.erase(0, header->arguments);
      arguments_ = {};
      mode_ = Mode::arguments;
      return true;
    }
  }
  if (end == rest_.npos) return false;
  const std::string behind = rest_.substr(end + kCallEnd.size());
  rest_.resize(end);
  if (read_whole_call()) {
    rest_ = behind;
    mode_ = Mode::content;
  } else {
    rest_ = std::string(kCall) + rest_ + std::string(kCallEnd);
    break_call();
    rest_ = behind;
  }
  return true;
}

bool AnswerParts::advance_arguments() {
  std::size_t size = 0;
  while (size < rest_.size() && arguments_.state() == JsonPrefix::State::open) {
    if (arguments_.push(rest_[size]) == JsonPrefix::State::broken) break;
    ++size;
  }
  give(AnswerPart::Kind::arguments, std::string_view(rest_).substr(0, size));
  rest_.erase(0, size);
  if (arguments_.state() == JsonPrefix::State::open) return false;
  mode_ = Mode::tail;
  if (arguments_.state() == JsonPrefix::State::broken) break_call();
  return true;
}

// Behind the arguments: } and the end tag.
bool AnswerParts::advance_tail() {
  std::string_view text = rest_;
  const auto skip = [&] {
    text.remove_prefix(std::min(text.find_first_not_of(kSpace), text.size()));
  };
  skip();
  if (text.empty()) return false;
  if (text.front() != '}') return break_call(), true;
  text.remove_prefix(1);
  skip();
  if (text.starts_with(kCallEnd)) {
    rest_ = std::string(text.substr(kCallEnd.size()));
    mode_ = Mode::content;
    return true;
  }
  if (kCallEnd.starts_with(text)) return false;
  rest_ = std::string(text);
  break_call();
  return true;
}

bool AnswerParts::advance() {
  switch (mode_) {
    case Mode::start:
      return advance_start();
    case Mode::thinking:
      return advance_thinking();
    case Mode::content:
      return advance_content();
    case Mode::call:
      return advance_call();
    case Mode::arguments:
      return advance_arguments();
    case Mode::tail:
      return advance_tail();
  }
  return false;
}

std::vector<AnswerPart> AnswerParts::push(std::string_view text) {
  rest_ += text;
  while (!rest_.empty() && advance()) {
  }
  return std::exchange(out_, {});
}

// A model may end its turn behind the JSON of a call.
std::vector<AnswerPart> AnswerParts::finish() {
  if (mode_ == Mode::start) mode_ = Mode::content;
  if (mode_ == Mode::thinking) {
    give(AnswerPart::Kind::reasoning, rest_.substr(0, rest_.find_last_not_of('\n') + 1));
  } else if (mode_ == Mode::call && !read_whole_call()) {
    rest_ = std::string(kCall) + rest_;
    break_call();
  } else if (mode_ == Mode::content) {
    break_call();
  }
  if (calls_ == 0) give(AnswerPart::Kind::content, spaces_);
  rest_.clear();
  spaces_.clear();
  return std::exchange(out_, {});
}

}  // namespace openai
