// Godot's values in C++: what owns them frees them, and text is UTF-8 on our side.
#pragma once

#include "gdnative.hpp"

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gdnative {

// Godot's functions: read once, when the library is loaded.
Api& api();

class Value {
 public:
  Value() { api().variant_new_nil(&raw_); }
  Value(bool value) { api().variant_new_bool(&raw_, value); }
  Value(int value) { api().variant_new_int(&raw_, value); }
  Value(std::int64_t value) { api().variant_new_int(&raw_, value); }
  Value(double value) { api().variant_new_real(&raw_, value); }
  Value(std::string_view text);  // UTF-8
  Value(const std::string& text) : Value(std::string_view(text)) {}
  Value(const char* text) : Value(std::string_view(text)) {}
  // A dictionary of these.
  Value(std::initializer_list<std::pair<const char*, Value>> entries);
  Value(const std::vector<std::string>& texts);  // a PoolStringArray
  static Value node_path(std::string_view text);
  static Value adopt(Variant raw) {
    Value value;
    value.raw_ = raw;
    return value;
  }

  Value(Value&& other) noexcept : raw_(other.raw_) { api().variant_new_nil(&other.raw_); }
  Value& operator=(Value&& other) noexcept {
    std::swap(raw_, other.raw_);
    return *this;
  }
  Value(const Value&) = delete;
  Value& operator=(const Value&) = delete;
  ~Value() { api().variant_destroy(&raw_); }

  const Variant* get() const noexcept { return &raw_; }
  // For a function that hands it to Godot.
  Variant release() noexcept {
    const Variant raw = raw_;
    api().variant_new_nil(&raw_);
    return raw;
  }

 private:
  alignas(8) Variant raw_;
};

// A parameter of a method, or the value of a property, of a type that was checked.
class Argument {
 public:
  explicit Argument(const Variant* raw) noexcept : raw_(raw) {}
  Type type() const noexcept { return api().variant_get_type(raw_); }
  bool as_bool() const noexcept { return api().variant_as_bool(raw_); }
  std::int64_t as_int() const noexcept { return api().variant_as_int(raw_); }
  double as_real() const noexcept { return api().variant_as_real(raw_); }
  Object* as_object() const noexcept { return api().variant_as_object(raw_); }
  // UTF-8; what is no character becomes U+FFFD.
  std::string as_text() const;
  std::vector<std::string> as_texts() const;

 private:
  const Variant* raw_;
};

// Owned by the caller: for structures that take texts.
String string_of(std::string_view text);

// object.method(arguments...) of a class of the engine; nil where it fails.
Value call(const char* class_name, const char* method, Object* object,
           std::initializer_list<const Value*> arguments);

// A line in Godot's log of errors, with the class and method of ours that it is about.
void print_error(std::string_view text, const char* where);

}  // namespace gdnative
