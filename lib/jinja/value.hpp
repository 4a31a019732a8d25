// The values that templates compute with: Python's, as far as chat templates see them.
//
// Containers are immutable (transformers renders in an immutable sandbox); only namespaces change.
// Each list and dict knows how deep it nests, and the runtime refuses deeper ones, so that every
// recursion over a value is bounded.
#pragma once

#include "jinja/text.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace tlite::jinja {

class Value;
class Runtime;
struct Loop;
struct MacroRef;  // interpreter.cpp

struct Undefined {
  std::shared_ptr<const std::string> message;  // what an error about it says
};
struct None {};
// An integer beyond 64 bits: kept to be printed, not computed with.
struct BigInteger {
  std::string digits;
};
struct List {
  std::vector<Value> items;
  bool tuple = false;
  int depth = 1;
  bool group = false;  // a pair made by groupby, which has the attributes grouper and list
};
struct Range {
  std::int64_t start = 0, stop = 0, step = 1;
  std::int64_t length() const noexcept;
  std::int64_t at(std::int64_t i) const noexcept { return start + i * step; }
};
// What Python's generators and iterators are: a sequence that can be walked once.
struct Generator {
  std::vector<Value> items;
  std::size_t next = 0;
  std::string_view type = "generator";
  int depth = 1;
};
class Dict;
struct DictView {
  enum class Part { keys, values, items } part = Part::keys;
  std::shared_ptr<const Dict> dict;
};
struct Namespace;
// Something to call: a macro, a loop that recurses, a method bound to its object, or a function.
struct Arguments;
struct Callable {
  using Function = Value (*)(Runtime&, const Value& self, Arguments& arguments);
  std::string_view name;
  Function function = nullptr;
  std::shared_ptr<const Value> self;              // of a method
  std::shared_ptr<const MacroRef> macro;          // of a macro
  std::shared_ptr<std::int64_t> state = nullptr;  // of a cycler or joiner
};

enum class Kind {
  undefined,
  none,
  boolean,
  integer,
  real,
  big_integer,
  text,
  list,
  dict,
  range,
  generator,
  view,
  name_space,
  loop,
  callable,
};

class Value {
 public:
  Value() = default;
  Value(Undefined value) : data_(std::move(value)) {}  // NOLINT: conversions are the point
  Value(None) : data_(None{}) {}                       // NOLINT
  Value(bool value) : data_(value) {}                  // NOLINT
  Value(std::int64_t value) : data_(value) {}          // NOLINT
  Value(double value) : data_(value) {}                // NOLINT
  template <class T>
  Value(T* value) = delete;  // a pointer, a string literal too, would become a bool
  template <class T>
  Value(std::shared_ptr<T> value) : data_(std::move(value)) {}  // NOLINT

  Kind kind() const noexcept { return static_cast<Kind>(data_.index()); }
  bool is(Kind kind) const noexcept { return this->kind() == kind; }
  bool is_undefined() const noexcept { return is(Kind::undefined); }
  bool is_none() const noexcept { return is(Kind::none); }
  bool is_text() const noexcept { return is(Kind::text); }
  bool is_tuple() const noexcept { return is(Kind::list) && list().tuple; }
  bool is_number() const noexcept {  // bool counts, as in Python
    return kind() >= Kind::boolean && kind() <= Kind::big_integer;
  }

  const Undefined& undefined() const { return std::get<0>(data_); }
  bool boolean() const { return std::get<2>(data_); }
  std::int64_t integer() const { return std::get<3>(data_); }
  double real() const { return std::get<4>(data_); }
  const BigInteger& big_integer() const { return *std::get<5>(data_); }
  const Text& text() const { return *std::get<6>(data_); }
  const List& list() const { return *std::get<7>(data_); }
  const Dict& dict() const { return *std::get<8>(data_); }
  const std::shared_ptr<const Dict>& shared_dict() const { return std::get<8>(data_); }
  const Range& range() const { return *std::get<9>(data_); }
  Generator& generator() const { return *std::get<10>(data_); }
  const DictView& view() const { return *std::get<11>(data_); }
  const std::shared_ptr<Namespace>& name_space() const { return std::get<12>(data_); }
  const std::shared_ptr<Loop>& loop() const { return std::get<13>(data_); }
  const Callable& callable() const { return *std::get<14>(data_); }

  // Python's `is`: the same object, or the same small value.
  bool same(const Value& other) const noexcept;
  int depth() const noexcept;

 private:
  std::variant<Undefined, None, bool, std::int64_t, double, std::shared_ptr<const BigInteger>,
               std::shared_ptr<const Text>, std::shared_ptr<const List>,
               std::shared_ptr<const Dict>, std::shared_ptr<const Range>,
               std::shared_ptr<Generator>, std::shared_ptr<const DictView>,
               std::shared_ptr<Namespace>, std::shared_ptr<Loop>, std::shared_ptr<const Callable>>
      data_;
};

// Keeps the order of insertion; setting a key again keeps its place.
class Dict {
 public:
  using Entry = std::pair<Value, Value>;
  const std::vector<Entry>& entries() const noexcept { return entries_; }
  std::size_t size() const noexcept { return entries_.size(); }
  int depth() const noexcept { return depth_; }
  const Value* find(std::string_view key) const;
  const Value* find(const char* key) const { return find(std::string_view(key)); }
  const Value* find(const Value& key) const;  // the key must be hashable
  void set(Value key, Value value);

 private:
  std::size_t index_of(const Value& key) const;  // entries_.size(): not there

  std::vector<Entry> entries_;
  std::unordered_map<std::string, std::size_t> text_index_;
  std::vector<std::size_t> other_index_;  // entries whose key is not a text
  int depth_ = 1;
};

struct Namespace {
  Dict attributes;
};

// The `loop` variable, and the walk over what is looped over: one element ahead at most, because
// the condition of `for ... if` is evaluated between the rounds.
struct Loop {
  std::vector<Value> items;
  int value_depth = 1;
  std::size_t next = 0;  // of items
  std::int64_t index0 = -1;
  std::int64_t length = 0;  // where there is no test
  std::int64_t depth0 = 0;  // of recursion
  Value before, current;
  std::optional<Value> after;  // looked at already
  std::optional<Value> changed;
  std::function<bool(const Value&)> test;      // empty: every item
  std::function<Value(const Value&)> recurse;  // empty: not recursive
};

struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;
};

// "str", "int", "dict", ... as Python calls the type.
std::string_view type_name(const Value& value) noexcept;

Value text_value(Text text);
Value text_value(std::string_view bytes);

}  // namespace tlite::jinja
