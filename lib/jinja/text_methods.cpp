// The methods of Python's str, over code points and with provenance kept.
#include "jinja/format.hpp"
#include "jinja/methods.hpp"
#include "jinja/python.hpp"

#include <algorithm>

namespace tlite::jinja {
namespace {

using Bound = std::vector<std::optional<Value>>;

const Text& text_argument(const Runtime& runtime, const std::optional<Value>& value,
                          std::string_view method) {
  if (!value || !value->is_text()) {
    runtime.fail(std::string(method) + " needs a string, not '" +
                 std::string(value ? type_name(*value) : "nothing") + "'");
  }
  return value->text();
}

bool is_absent(const std::optional<Value>& value) { return !value || value->is_none(); }

// strip, lstrip, rstrip and the trim filter: white space, or the characters given.
Text strip(Runtime& runtime, const Text& text, const std::optional<Value>& characters, bool left,
           bool right) {
  runtime.scan(text.size());
  std::size_t begin = 0;
  std::size_t end = text.size();
  if (is_absent(characters)) {
    if (left) begin = end - strip_left(text.view()).size();
    if (right) end = begin + strip_right(text.view().substr(begin)).size();
    return text.substr(begin, end);
  }
  const std::string_view set = text_argument(runtime, characters, "strip").view();
  runtime.step(set.size());
  const auto in_set = [&](std::size_t at, std::size_t size) {
    runtime.scan(64 + set.size());
    return set.find(text.view().substr(at, size)) != std::string_view::npos;
  };
  while (left && begin < end) {
    const std::size_t size = character_at(text.view(), begin).size;
    if (!in_set(begin, size)) break;
    begin += size;
  }
  while (right && begin < end) {
    std::size_t at = end - 1;
    while (at > begin && (static_cast<unsigned char>(text.view()[at]) & 0xC0U) == 0x80U) --at;
    if (!in_set(at, end - at)) break;
    end = at;
  }
  return text.substr(begin, end);
}

template <bool left, bool right>
Value strip_method(Runtime& runtime, const Value& self, Arguments& arguments) {
  const Bound bound = bind(runtime, "strip", arguments, {"chars"});
  return runtime.text(strip(runtime, self.text(), bound[0], left, right));
}

template <Case which>
Value case_method(Runtime& runtime, const Value& self, Arguments& arguments) {
  bind(runtime, "a case method", arguments, {});
  runtime.step(self.text().size() / 4);
  return runtime.text(map_case(self.text(), which));
}

template <Text (*map)(const Text&)>
Value map_method(Runtime& runtime, const Value& self, Arguments& arguments) {
  bind(runtime, "a case method", arguments, {});
  runtime.step(self.text().size() / 4);
  return runtime.text(map(self.text()));
}

std::vector<Value> split_space(Runtime& runtime, const Text& text, std::int64_t limit) {
  std::vector<Value> parts;
  std::string_view rest = strip_left(text.view());
  while (!rest.empty()) {
    const std::size_t begin = text.size() - rest.size();
    if (limit == 0) {
      parts.push_back(runtime.text(text.substr(begin, text.size())));
      break;
    }
    std::size_t size = 0;
    while (size < rest.size() && !is_space(character_at(rest, size).code)) {
      size += character_at(rest, size).size;
    }
    parts.push_back(runtime.text(text.substr(begin, begin + size)));
    rest = strip_left(rest.substr(size));
    --limit;
  }
  return parts;
}

std::vector<Value> split_space_right(Runtime& runtime, const Text& text, std::int64_t limit) {
  std::vector<Value> parts;
  std::string_view rest = strip_right(text.view());
  while (!rest.empty()) {
    if (limit == 0) {
      parts.push_back(runtime.text(text.substr(0, rest.size())));
      break;
    }
    std::size_t begin = 0;
    for (std::size_t at = 0; at < rest.size();) {
      const Character c = character_at(rest, at);
      at += c.size;
      if (is_space(c.code)) begin = at;
    }
    runtime.scan(rest.size());
    parts.push_back(runtime.text(text.substr(begin, rest.size())));
    rest = strip_right(rest.substr(0, begin));
    --limit;
  }
  std::reverse(parts.begin(), parts.end());
  return parts;
}

std::vector<Value> split_separator(Runtime& runtime, const Text& text, std::string_view separator,
                                   std::int64_t limit) {
  std::vector<Value> parts;
  std::size_t begin = 0;
  for (; limit != 0; --limit) {
    const std::size_t found = text.view().find(separator, begin);
    if (found == std::string_view::npos) break;
    parts.push_back(runtime.text(text.substr(begin, found)));
    begin = found + separator.size();
  }
  parts.push_back(runtime.text(text.substr(begin, text.size())));
  return parts;
}

std::vector<Value> split_separator_right(Runtime& runtime, const Text& text,
                                         std::string_view separator, std::int64_t limit) {
  std::vector<Value> parts;
  std::size_t end = text.size();
  for (; limit != 0 && end >= separator.size(); --limit) {
    const std::size_t found = text.view().rfind(separator, end - separator.size());
    if (found == std::string_view::npos) break;
    parts.push_back(runtime.text(text.substr(found + separator.size(), end)));
    end = found;
  }
  parts.push_back(runtime.text(text.substr(0, end)));
  std::reverse(parts.begin(), parts.end());
  return parts;
}

template <bool right>
Value split_method(Runtime& runtime, const Value& self, Arguments& arguments) {
  const Bound bound = bind(runtime, "split", arguments, {"sep", "maxsplit"});
  const std::int64_t limit = bound[1] ? to_index(runtime, *bound[1], "maxsplit") : -1;
  runtime.scan(self.text().size());
  if (is_absent(bound[0])) {
    return runtime.list(right ? split_space_right(runtime, self.text(), limit)
                              : split_space(runtime, self.text(), limit));
  }
  const std::string_view separator = text_argument(runtime, bound[0], "split").view();
  if (separator.empty()) runtime.fail("split: empty separator");
  return runtime.list(right ? split_separator_right(runtime, self.text(), separator, limit)
                            : split_separator(runtime, self.text(), separator, limit));
}

Value splitlines(Runtime& runtime, const Value& self, Arguments& arguments) {
  const Bound bound = bind(runtime, "splitlines", arguments, {"keepends"});
  const bool keep = bound[0] && truth(runtime, *bound[0]);
  const Text& text = self.text();
  runtime.scan(text.size());
  std::vector<Value> lines;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size();) {
    const Character c = character_at(text.view(), at);
    const std::size_t end = at;
    at += c.size;
    const bool breaks = (c.code >= 0x0A && c.code <= 0x0D) || (c.code >= 0x1C && c.code <= 0x1E) ||
                        c.code == 0x85 || c.code == 0x2028 || c.code == 0x2029;
    if (!breaks) continue;
    if (c.code == '\r' && at < text.size() && text.view()[at] == '\n') ++at;
    lines.push_back(runtime.text(text.substr(begin, keep ? at : end)));
    begin = at;
  }
  if (begin < text.size()) lines.push_back(runtime.text(text.substr(begin, text.size())));
  return runtime.list(std::move(lines));
}

// startswith and endswith: a string or a tuple of them, over an optional slice.
template <bool start>
Value affix_method(Runtime& runtime, const Value& self, Arguments& arguments) {
  const std::string_view name = start ? "startswith" : "endswith";
  const Bound bound = bind(runtime, name, arguments, {"prefix", "start", "end"}, 1);
  SliceBounds bounds;
  if (!is_absent(bound[1])) bounds.start = to_index(runtime, *bound[1], "start");
  if (!is_absent(bound[2])) bounds.stop = to_index(runtime, *bound[2], "end");
  const Value part = bounds.start || bounds.stop ? get_slice(runtime, self, bounds) : self;
  const auto matches = [&](const Value& affix) {
    const std::string& wanted = text_argument(runtime, affix, name).bytes();
    runtime.scan(wanted.size());
    return start ? part.text().view().starts_with(wanted) : part.text().view().ends_with(wanted);
  };
  if (!bound[0]->is_tuple()) return matches(*bound[0]);
  const auto& options = bound[0]->list().items;
  return std::any_of(options.begin(), options.end(), matches);
}

Value replace_method(Runtime& runtime, const Value& self, Arguments& arguments) {
  const Bound bound = bind(runtime, "replace", arguments, {"old", "new", "count"}, 2);
  const std::int64_t count = bound[2] ? to_index(runtime, *bound[2], "count") : -1;
  return runtime.text(replace(runtime, self.text(), text_argument(runtime, bound[0], "replace"),
                              text_argument(runtime, bound[1], "replace"), count));
}

// The slice [start, end) that find, index and count look at, as byte offsets.
TextRange search_range(Runtime& runtime, const Text& text, const Bound& bound) {
  runtime.scan(text.size());
  if (is_absent(bound[1]) && is_absent(bound[2])) return {0, text.size()};
  const auto length = static_cast<std::int64_t>(count_characters(text.view()));
  const auto offset = [&](const std::optional<Value>& value, std::int64_t missing) {
    std::int64_t index = is_absent(value) ? missing : to_index(runtime, *value, "index");
    if (index < 0) index = std::max<std::int64_t>(0, index + length);
    if (index > length) return text.size() + 1;
    return character_offset(text.view(), static_cast<std::size_t>(index));
  };
  return {offset(bound[1], 0), std::min(offset(bound[2], length), text.size())};
}

template <bool right>
std::int64_t find(Runtime& runtime, const Value& self, Arguments& arguments) {
  const Bound bound = bind(runtime, "find", arguments, {"sub", "start", "end"}, 1);
  const Text& text = self.text();
  const TextRange range = search_range(runtime, text, bound);
  const std::string_view wanted = text_argument(runtime, bound[0], "find").view();
  if (range.begin > range.end) return -1;
  const std::string_view part = text.view().substr(0, range.end);
  std::size_t found = right ? part.rfind(wanted) : part.find(wanted, range.begin);
  if (found == std::string_view::npos || found < range.begin) return -1;
  return static_cast<std::int64_t>(count_characters(text.view().substr(0, found)));
}

template <bool right>
Value find_method_of(Runtime& runtime, const Value& self, Arguments& arguments) {
  return find<right>(runtime, self, arguments);
}

template <bool right>
Value index_method(Runtime& runtime, const Value& self, Arguments& arguments) {
  const std::int64_t found = find<right>(runtime, self, arguments);
  if (found < 0) runtime.fail("substring not found");
  return found;
}

Value count_method(Runtime& runtime, const Value& self, Arguments& arguments) {
  const Bound bound = bind(runtime, "count", arguments, {"sub", "start", "end"}, 1);
  const TextRange range = search_range(runtime, self.text(), bound);
  const std::string_view wanted = text_argument(runtime, bound[0], "count").view();
  if (range.begin > range.end) return std::int64_t{0};
  const std::string_view part = self.text().view().substr(0, range.end);
  if (wanted.empty()) {
    return static_cast<std::int64_t>(count_characters(part.substr(range.begin))) + 1;
  }
  std::int64_t count = 0;
  for (std::size_t at = part.find(wanted, range.begin); at != std::string_view::npos;
       at = part.find(wanted, at + wanted.size())) {
    ++count;
  }
  return count;
}

Value join_method(Runtime& runtime, const Value& self, Arguments& arguments) {
  const Bound bound = bind(runtime, "join", arguments, {"iterable"}, 1);
  Text out;
  bool first = true;
  for (const Value& item : iterate(runtime, *bound[0])) {
    if (!item.is_text()) {
      runtime.fail("join: expected a string, found '" + std::string(type_name(item)) + "'");
    }
    if (!first) out.append(self.text());
    first = false;
    out.append(item.text());
    runtime.check_text(out.size());
  }
  return runtime.text(std::move(out));
}

template <bool prefix>
Value remove_affix(Runtime& runtime, const Value& self, Arguments& arguments) {
  const Bound bound = bind(runtime, "removeprefix", arguments, {"affix"}, 1);
  const std::string_view affix = text_argument(runtime, bound[0], "removeprefix").view();
  const Text& text = self.text();
  if (prefix && text.view().starts_with(affix)) {
    return runtime.text(text.substr(affix.size(), text.size()));
  }
  if (!prefix && text.view().ends_with(affix)) {
    return runtime.text(text.substr(0, text.size() - affix.size()));
  }
  return self;
}

template <bool right>
Value partition(Runtime& runtime, const Value& self, Arguments& arguments) {
  const Bound bound = bind(runtime, "partition", arguments, {"sep"}, 1);
  const Text& separator = text_argument(runtime, bound[0], "partition");
  const Text& text = self.text();
  if (separator.empty()) runtime.fail("partition: empty separator");
  runtime.scan(text.size());
  const std::size_t found =
      right ? text.view().rfind(separator.view()) : text.view().find(separator.view());
  const Value empty = runtime.text("");
  if (found == std::string_view::npos) {
    return right ? runtime.tuple({empty, empty, self}) : runtime.tuple({self, empty, empty});
  }
  const std::size_t after = found + separator.size();
  return runtime.tuple({runtime.text(text.substr(0, found)),
                        runtime.text(text.substr(found, after)),
                        runtime.text(text.substr(after, text.size()))});
}

template <bool (*test)(std::uint32_t)>
Value all_method(Runtime& runtime, const Value& self, Arguments& arguments) {
  bind(runtime, "a character test", arguments, {});
  const std::string_view text = self.text().view();
  runtime.scan(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const Character c = character_at(text, at);
    if (!test(c.code)) return false;
    at += c.size;
  }
  return !text.empty();
}

template <bool upper>
Value is_case_method(Runtime& runtime, const Value& self, Arguments& arguments) {
  bind(runtime, "a case test", arguments, {});
  return upper ? is_upper_text(self.text()) : is_lower_text(self.text());
}

bool alphanumeric(std::uint32_t code) { return is_alphabetic(code) || is_decimal_digit(code); }
bool ascii(std::uint32_t code) { return code < 0x80; }

template <bool (*test)(std::uint32_t)>
Value all_or_empty(Runtime& runtime, const Value& self, Arguments& arguments) {
  return self.text().empty() ? Value(true) : all_method<test>(runtime, self, arguments);
}

Value format_method(Runtime& runtime, const Value& self, Arguments& arguments) {
  return runtime.text(brace_format(runtime, self.text(), arguments));
}

// center, ljust, rjust: spaces before and after in the ratio of the template arguments.
template <bool before, bool after>
Value justify(Runtime& runtime, const Value& self, Arguments& arguments) {
  const Bound bound = bind(runtime, "justify", arguments, {"width", "fillchar"}, 1);
  const std::int64_t width = to_index(runtime, *bound[0], "width");
  const Text fill = bound[1] ? text_argument(runtime, bound[1], "justify") : Text(" ");
  if (count_characters(fill.view()) != 1) runtime.fail("the fill must be one character");
  const auto length = static_cast<std::int64_t>(count_characters(self.text().view()));
  const std::int64_t padding = std::max<std::int64_t>(0, width - length);
  runtime.check_text(static_cast<std::size_t>(padding));
  // str.center puts the odd space where CPython does.
  std::int64_t left = before ? padding : 0;
  if (before && after) left = padding / 2 + (padding & width & 1);
  Text out;
  for (std::int64_t i = 0; i < left; ++i) out.append(fill);
  out.append(self.text());
  for (std::int64_t i = left; i < padding; ++i) out.append(fill);
  return runtime.text(std::move(out));
}

Value zfill(Runtime& runtime, const Value& self, Arguments& arguments) {
  const Bound bound = bind(runtime, "zfill", arguments, {"width"}, 1);
  const std::int64_t width = to_index(runtime, *bound[0], "width");
  const Text& text = self.text();
  const auto length = static_cast<std::int64_t>(count_characters(text.view()));
  const std::int64_t padding = std::max<std::int64_t>(0, width - length);
  runtime.check_text(static_cast<std::size_t>(padding));
  const bool sign = !text.empty() && (text.view()[0] == '-' || text.view()[0] == '+');
  Text out = text.substr(0, sign ? 1 : 0);
  out.append(std::string(static_cast<std::size_t>(padding), '0'));
  out.append(text, sign ? 1 : 0, text.size());
  return runtime.text(std::move(out));
}

struct Method {
  std::string_view name;
  Callable::Function function;
};

constexpr Method kMethods[] = {
    {"strip", strip_method<true, true>},
    {"lstrip", strip_method<true, false>},
    {"rstrip", strip_method<false, true>},
    {"split", split_method<false>},
    {"rsplit", split_method<true>},
    {"splitlines", splitlines},
    {"startswith", affix_method<true>},
    {"endswith", affix_method<false>},
    {"replace", replace_method},
    {"upper", case_method<Case::upper>},
    {"lower", case_method<Case::lower>},
    {"title", map_method<title_words>},
    {"capitalize", map_method<capitalize>},
    {"swapcase", map_method<swap_case>},
    {"find", find_method_of<false>},
    {"rfind", find_method_of<true>},
    {"index", index_method<false>},
    {"rindex", index_method<true>},
    {"count", count_method},
    {"join", join_method},
    {"format", format_method},
    {"removeprefix", remove_affix<true>},
    {"removesuffix", remove_affix<false>},
    {"partition", partition<false>},
    {"rpartition", partition<true>},
    {"isdigit", all_method<is_decimal_digit>},
    {"isdecimal", all_method<is_decimal_digit>},
    {"isnumeric", all_method<is_decimal_digit>},
    {"isalpha", all_method<is_alphabetic>},
    {"isalnum", all_method<alphanumeric>},
    {"isspace", all_method<is_space>},
    {"isprintable", all_or_empty<is_printable>},
    {"isascii", all_or_empty<ascii>},
    {"isupper", is_case_method<true>},
    {"islower", is_case_method<false>},
    {"center", justify<true, true>},
    {"ljust", justify<false, true>},
    {"rjust", justify<true, false>},
    {"zfill", zfill},
};

}  // namespace

Callable::Function find_text_method(std::string_view name) noexcept {
  const auto* const found =
      std::find_if(std::begin(kMethods), std::end(kMethods),
                   [name](const Method& method) { return method.name == name; });
  return found == std::end(kMethods) ? nullptr : found->function;
}

Text replace(Runtime& runtime, const Text& text, const Text& old, const Text& with,
             std::int64_t count) {
  runtime.scan(text.size());
  Text out;
  std::size_t begin = 0;
  for (std::size_t at = 0; count != 0; --count) {
    std::size_t found = old.empty() ? at : text.view().find(old.view(), at);
    if (found == std::string_view::npos || found > text.size()) break;
    runtime.step();
    runtime.check_text(out.size() + with.size());
    out.append(text, begin, found);
    out.append(with);
    begin = found + old.size();
    at = begin;
    if (old.empty()) at += found < text.size() ? character_at(text.view(), found).size : 1;
  }
  out.append(text, begin, text.size());
  return out;
}

Text trim(Runtime& runtime, const Text& text, const std::optional<Value>& characters) {
  return strip(runtime, text, characters, true, true);
}

bool is_upper_text(const Text& text) {
  bool cased = false;
  for (std::size_t at = 0; at < text.size();) {
    const Character c = character_at(text.view(), at);
    if (is_lower(c.code)) return false;
    cased = cased || is_upper(c.code);
    at += c.size;
  }
  return cased;
}

bool is_lower_text(const Text& text) {
  bool cased = false;
  for (std::size_t at = 0; at < text.size();) {
    const Character c = character_at(text.view(), at);
    if (is_upper(c.code)) return false;
    cased = cased || is_lower(c.code);
    at += c.size;
  }
  return cased;
}

}  // namespace tlite::jinja
