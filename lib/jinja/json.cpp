// json.dumps as transformers calls it for `tojson`: ensure_ascii=False, nothing escaped for HTML.
#include "base/json_writer.hpp"
#include "jinja/python.hpp"

#include <algorithm>
#include <cmath>

namespace tlite::jinja {
namespace {

class JsonPrinter {
 public:
  JsonPrinter(Runtime& runtime, const JsonStyle& style) : runtime_(runtime), style_(style) {}

  void print(const Value& value) {
    const Runtime::Nesting nesting(runtime_);
    runtime_.step();
    runtime_.check_text(out.size());
    switch (value.kind()) {
      case Kind::none:
        out.append("null");
        break;
      case Kind::boolean:
        out.append(value.boolean() ? "true" : "false");
        break;
      case Kind::integer:
      case Kind::big_integer:
        out.append(to_text(runtime_, value));
        break;
      case Kind::real:
        out.append(number(value.real()));
        break;
      case Kind::text:
        print_text(value.text());
        break;
      case Kind::list:
        print_list(value.list().items);
        break;
      case Kind::dict:
        print_dict(value.dict());
        break;
      default:
        runtime_.fail("Object of type " + std::string(type_name(value)) +
                      " is not JSON serializable");
    }
  }

  Text out;

 private:
  static std::string number(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
    return float_repr(value);
  }

  void print_text(const Text& text) {
    out.append("\"");
    std::string escaped;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = run_end(text, at);
      escaped.clear();
      append_json_escaped(escaped, text.view().substr(at, end - at));
      out.append(escaped, text.literal_at(at));
      at = end;
    }
    out.append("\"");
  }

  // The end of the bytes from `at` on that are all literal or all not.
  static std::size_t run_end(const Text& text, std::size_t at) {
    for (const TextRange& range : text.literal()) {
      if (at < range.begin) return range.begin;
      if (at < range.end) return range.end;
    }
    return text.size();
  }

  void print_key(const Value& key) {
    switch (key.kind()) {
      case Kind::text:
        return print_text(key.text());
      case Kind::none:
      case Kind::boolean:
      case Kind::integer:
      case Kind::real:
      case Kind::big_integer:
        out.append("\"");
        print(key);
        out.append("\"");
        return;
      default:
        runtime_.fail("keys must be str, int, float, bool or None, not " +
                      std::string(type_name(key)));
    }
  }

  void new_line() {
    if (!style_.indent) return;
    out.append("\n");
    for (int i = 0; i < level_; ++i) out.append(*style_.indent);
    runtime_.check_text(out.size());
  }

  template <class PrintItem>
  void print_items(std::size_t count, PrintItem print_item) {
    ++level_;
    for (std::size_t i = 0; i < count; ++i) {
      if (i > 0) out.append(style_.item_separator);
      new_line();
      print_item(i);
    }
    --level_;
    new_line();
  }

  void print_list(const std::vector<Value>& items) {
    if (items.empty()) return out.append("[]");
    out.append("[");
    print_items(items.size(), [&](std::size_t i) { print(items[i]); });
    out.append("]");
  }

  void print_dict(const Dict& dict) {
    if (dict.size() == 0) return out.append("{}");
    std::vector<const Dict::Entry*> entries;
    for (const Dict::Entry& entry : dict.entries()) entries.push_back(&entry);
    if (style_.sort_keys) {
      std::stable_sort(entries.begin(), entries.end(), [&](const auto* a, const auto* b) {
        return less(runtime_, a->first, b->first);
      });
    }
    out.append("{");
    print_items(entries.size(), [&](std::size_t i) {
      print_key(entries[i]->first);
      out.append(style_.key_separator);
      print(entries[i]->second);
    });
    out.append("}");
  }

  Runtime& runtime_;
  const JsonStyle& style_;
  int level_ = 0;
};

}  // namespace

Text to_json(Runtime& runtime, const Value& value, const JsonStyle& style) {
  JsonPrinter printer(runtime, style);
  printer.print(value);
  return std::move(printer.out);
}

}  // namespace tlite::jinja
