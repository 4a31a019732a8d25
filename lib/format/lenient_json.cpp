#include "format/lenient_json.hpp"

#include <algorithm>
#include <cstddef>

namespace tlite {
namespace {

constexpr int kMaxDepth = 64;

// One pass over the text. `read_*` copy what they understand to `out_` and return false where the
// text goes wrong, having said so.
class Repair {
 public:
  Repair(std::string_view text, const std::string& path, std::vector<std::string>& warnings)
      : text_(text), path_(path), warnings_(warnings) {}

  std::string run() {
    if (text_.starts_with("\xEF\xBB\xBF")) {
      warn("a byte order mark is no JSON");
      at_ = 3;
    }
    skip_space();
    if (at_ == text_.size()) {
      warn("the file is empty");
      return "{}";
    }
    if (text_[at_] != '{') {
      warn("a JSON object is needed");
      return "{}";
    }
    if (read_list('{', '}', 0)) {
      skip_space();
      if (at_ < text_.size()) warn("the file goes on behind the object");
    }
    return std::move(out_);
  }

 private:
  void skip_space() {
    while (at_ < text_.size() &&
           std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos)
      ++at_;
  }
  bool take(char wanted) {
    if (at_ == text_.size() || text_[at_] != wanted) return false;
    out_ += text_[at_++];
    return true;
  }
  bool warn(const std::string& what) {
    const auto line =
        1 + std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(at_), '\n');
    warnings_.push_back(path_ + ": line " + std::to_string(line) + ": " + what);
    return false;
  }
  bool go_wrong(const std::string& wanted) {
    return warn(wanted +
                (at_ == text_.size() ? " is missing at the end of the file" : " is needed") +
                "; what follows is left out");
  }

  bool read_string() {
    const std::size_t begin = at_;
    if (!take('"')) return go_wrong("a string");
    while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\n') {
      at_ += text_[at_] == '\\' ? 2U : 1U;
    }
    at_ = std::min(at_, text_.size());
    if (at_ == text_.size() || text_[at_] == '\n') return go_wrong("the end of a string");
    ++at_;
    out_.append(text_.substr(begin + 1, at_ - begin - 1));
    return true;
  }

  // A number, true, false or null; or what Python writes for numbers that JSON has no word for.
  bool read_word() {
    const std::size_t begin = at_;
    const auto is_part = [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
             c == '-' || c == '+' || c == '.';
    };
    while (at_ < text_.size() && is_part(text_[at_])) ++at_;
    const std::string_view word = text_.substr(begin, at_ - begin);
    if (word == "NaN" || word == "Infinity" || word == "-Infinity") {
      warn(std::string(word) + " is no JSON and counts as null");
      out_ += "null";
      return true;
    }
    const bool number = !word.empty() && (word[0] == '-' || (word[0] >= '0' && word[0] <= '9'));
    if (!number && word != "true" && word != "false" && word != "null") {
      at_ = begin;
      return go_wrong("a value");
    }
    out_.append(word);
    return true;
  }

  bool read_value(int depth) {
    skip_space();
    if (at_ == text_.size()) return go_wrong("a value");
    if (text_[at_] == '{') return read_list('{', '}', depth);
    if (text_[at_] == '[') return read_list('[', ']', depth);
    return text_[at_] == '"' ? read_string() : read_word();
  }

  bool read_member(bool named, int depth) {
    if (named) {
      if (!read_string()) return false;
      skip_space();
      if (!take(':')) return go_wrong("a colon");
    }
    return read_value(depth + 1);
  }

  // An object or an array. Only the root keeps what was read before the text went wrong: half a
  // list is no value.
  bool read_list(char open, char close, int depth) {
    if (depth > kMaxDepth) return go_wrong("less nesting");
    take(open);
    std::size_t complete = out_.size();
    bool fine = true;
    for (;;) {
      skip_space();
      if (at_ < text_.size() && text_[at_] == close) {
        if (out_.size() > complete) warn("a comma before the closing bracket is no JSON");
        break;
      }
      fine = read_member(open == '{', depth);
      if (!fine) break;
      complete = out_.size();
      skip_space();
      if (at_ < text_.size() && text_[at_] == close) break;
      fine = take(',') || go_wrong("a comma");
      if (!fine) break;
    }
    if (!fine && depth > 0) return false;
    out_.resize(complete);
    out_ += close;
    ++at_;
    return fine;
  }

  std::string_view text_;
  const std::string& path_;
  std::vector<std::string>& warnings_;
  std::size_t at_ = 0;
  std::string out_;
};

}  // namespace

std::string repair_json_object(std::string_view text, const std::string& path,
                               std::vector<std::string>& warnings) {
  return Repair(text, path, warnings).run();
}

}  // namespace tlite
