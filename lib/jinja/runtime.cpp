#include "jinja/runtime.hpp"

#include <algorithm>

#include <tlite/error.hpp>

namespace tlite::jinja {

Runtime::~Runtime() {
  for (const auto& made : namespaces_) made->attributes = Dict();
  for (const auto& loop : loops_) loop->changed.reset();
}

void Runtime::fail(const std::string& message) const {
  throw Error(ErrorCode::bad_template,
              "chat template, line " + std::to_string(line) + ": " + message);
}

void Runtime::fail_undefined(const Value& undefined) const {
  const auto& message = undefined.undefined().message;
  fail(message ? *message : std::string("a value is undefined"));
}

void Runtime::step(std::size_t count) {
  steps_ += static_cast<std::int64_t>(count);
  if (steps_ > limits_.steps) {
    fail("the template takes more than " + std::to_string(limits_.steps) + " steps");
  }
}

void Runtime::allocate(std::size_t bytes) {
  allocated_ += bytes;
  if (allocated_ > limits_.allocated_bytes) {
    fail("the template makes values of more than " + std::to_string(limits_.allocated_bytes) +
         " bytes");
  }
}

void Runtime::check_text(std::size_t bytes) const {
  if (bytes > limits_.text_bytes) {
    fail("a string is longer than " + std::to_string(limits_.text_bytes) + " bytes");
  }
}

void Runtime::check_depth(int depth) const {
  if (depth > limits_.value_depth) {
    fail("a value nests deeper than " + std::to_string(limits_.value_depth));
  }
}

void Runtime::enter() {
  if (depth_ >= limits_.evaluation_depth) {
    fail("the template nests deeper than " + std::to_string(limits_.evaluation_depth));
  }
  ++depth_;
}

Value Runtime::text(Text text) {
  check_text(text.size());
  allocate(sizeof(Text) + text.size() + text.literal().size() * sizeof(TextRange));
  return text_value(std::move(text));
}

int Runtime::container_depth(const std::vector<Value>& items) {
  int depth = 1;
  for (const Value& item : items) depth = std::max(depth, item.depth() + 1);
  check_depth(depth);
  step(items.size() / 8);
  allocate(items.size() * sizeof(Value));
  return depth;
}

Value Runtime::list(std::vector<Value> items, bool tuple) {
  allocate(sizeof(List));
  const int depth = container_depth(items);
  return std::make_shared<const List>(List{std::move(items), tuple, depth, false});
}

Value Runtime::dict(Dict dict) {
  check_depth(dict.depth());
  step(dict.size() / 4);
  constexpr std::size_t kEntryBytes = 3 * sizeof(Dict::Entry);
  allocate(sizeof(Dict) + dict.size() * kEntryBytes);
  return std::make_shared<const Dict>(std::move(dict));
}

Value Runtime::generator(std::vector<Value> items, std::string_view type) {
  allocate(sizeof(Generator));
  const int depth = container_depth(items);
  return std::make_shared<Generator>(Generator{std::move(items), 0, type, depth});
}

Value Runtime::method(const Value& self, std::string_view name, Callable::Function function) {
  allocate(sizeof(Callable) + sizeof(Value));
  Value value = std::make_shared<const Callable>(
      Callable{name, function, std::make_shared<const Value>(self), nullptr, nullptr});
  check_depth(value.depth());
  return value;
}

Value Runtime::undefined(std::string message) {
  return Undefined{std::make_shared<const std::string>(std::move(message))};
}

std::vector<std::optional<Value>> bind(const Runtime& runtime, std::string_view callee,
                                       const Arguments& arguments,
                                       std::initializer_list<std::string_view> parameters,
                                       std::size_t required) {
  const std::string name(callee);
  if (arguments.positional.size() > parameters.size()) {
    runtime.fail(name + " takes at most " + std::to_string(parameters.size()) + " arguments, not " +
                 std::to_string(arguments.positional.size()));
  }
  std::vector<std::optional<Value>> bound(arguments.positional.begin(), arguments.positional.end());
  bound.resize(parameters.size());
  for (const auto& [key, value] : arguments.named) {
    const auto* const found = std::find(parameters.begin(), parameters.end(), key);
    if (found == parameters.end()) {
      runtime.fail(name + " got an unexpected keyword argument '" + key + "'");
    }
    std::optional<Value>& slot = bound[static_cast<std::size_t>(found - parameters.begin())];
    if (slot) runtime.fail(name + " got two values for argument '" + key + "'");
    slot = value;
  }
  for (std::size_t i = 0; i < required; ++i) {
    if (!bound[i]) {
      runtime.fail(name + " needs the argument '" + std::string(parameters.begin()[i]) + "'");
    }
  }
  return bound;
}

}  // namespace tlite::jinja
