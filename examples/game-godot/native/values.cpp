#include "values.hpp"

#include <array>
#include <cstddef>

namespace gdnative {

namespace {

// What is no character (a half of a pair, a number beyond the last) becomes U+FFFD.
void append_utf8(char32_t c, std::string& out) {
  if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) c = 0xFFFD;
  const auto put = [&](char32_t byte) {
    out += static_cast<char>(static_cast<unsigned char>(byte));
  };
  if (c < 0x80) return put(c);
  if (c < 0x800) {
    put(0xC0 | (c >> 6));
  } else {
    if (c < 0x10000) {
      put(0xE0 | (c >> 12));
    } else {
      put(0xF0 | (c >> 18));
      put(0x80 | ((c >> 12) & 0x3F));
    }
    put(0x80 | ((c >> 6) & 0x3F));
  }
  put(0x80 | (c & 0x3F));
}

// UTF-32, or UTF-16 where wchar_t has 16 bits.
std::string utf8_of(const wchar_t* text, std::size_t size) {
  std::string out;
  out.reserve(size);
  for (std::size_t i = 0; i < size; ++i) {
    auto c = static_cast<char32_t>(text[i]);
    if (sizeof(wchar_t) == 2 && c >= 0xD800 && c < 0xDC00 && i + 1 < size) {
      const auto low = static_cast<char32_t>(text[i + 1]);
      if (low >= 0xDC00 && low < 0xE000) {
        c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
        ++i;
      }
    }
    append_utf8(c, out);
  }
  return out;
}

std::string take(String string) {
  const int size = api().string_length(&string);
  std::string text = utf8_of(api().string_wide_str(&string), static_cast<std::size_t>(size));
  api().string_destroy(&string);
  return text;
}

}  // namespace

Api& api() {
  static Api functions;
  return functions;
}

String string_of(std::string_view text) {
  String string;
  api().string_new(&string);
  if (!text.empty()) {
    api().string_parse_utf8_with_len(&string, text.data(), static_cast<int>(text.size()));
  }
  return string;
}

Value::Value(std::string_view text) {
  String string = string_of(text);
  api().variant_new_string(&raw_, &string);
  api().string_destroy(&string);
}

Value::Value(const std::vector<std::string>& texts) {
  StringArray array;
  api().string_array_new(&array);
  for (const std::string& each : texts) {
    String string = string_of(each);
    api().string_array_append(&array, &string);
    api().string_destroy(&string);
  }
  api().variant_new_string_array(&raw_, &array);
  api().string_array_destroy(&array);
}

Value Value::node_path(std::string_view text) {
  String string = string_of(text);
  NodePath path;
  api().node_path_new(&path, &string);
  Value value;
  api().variant_new_node_path(&value.raw_, &path);
  api().node_path_destroy(&path);
  api().string_destroy(&string);
  return value;
}

Value::Value(std::initializer_list<std::pair<const char*, Value>> entries) {
  Dictionary made;
  api().dictionary_new(&made);
  for (const auto& [name, value] : entries) {
    const Value key(name);
    api().dictionary_set(&made, key.get(), value.get());
  }
  api().variant_new_dictionary(&raw_, &made);
  api().dictionary_destroy(&made);
}

std::string Argument::as_text() const { return take(api().variant_as_string(raw_)); }

std::vector<std::string> Argument::as_texts() const {
  StringArray array = api().variant_as_string_array(raw_);
  std::vector<std::string> texts;
  for (int i = 0; i < api().string_array_size(&array); ++i) {
    texts.push_back(take(api().string_array_get(&array, i)));
  }
  api().string_array_destroy(&array);
  return texts;
}

Value call(const char* class_name, const char* method, Object* object,
           std::initializer_list<const Value*> arguments) {
  MethodBind* const bind = api().method_bind_get_method(class_name, method);
  if (bind == nullptr || object == nullptr) return {};
  constexpr std::size_t kMost = 6;
  std::array<const Variant*, kMost> raw{};
  std::size_t count = 0;
  for (const Value* each : arguments) raw[count++] = each->get();
  CallError error{};
  return Value::adopt(
      api().method_bind_call(bind, object, raw.data(), static_cast<int>(count), &error));
}

void print_error(std::string_view text, const char* where) {
  api().print_error(std::string(text).c_str(), where, "tlite", 0);
}

}  // namespace gdnative
