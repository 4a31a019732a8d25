// Classes that scripts see: tables of their methods, properties and signals, and what stands between
// Godot and them. Numbers and types of arguments are checked here; what does not fit is a line in
// Godot's log, and nothing is called.
#pragma once

#include "gdnative.hpp"
#include "values.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <characters/handles.hpp>

namespace gdnative {

using characters::Result;

struct Parameter {
  const char* name;
  Type type;
};

// Of one call: those that were given.
class Arguments {
 public:
  Arguments(Variant** raw, int count) : raw_(raw), count_(count) {}
  int count() const noexcept { return count_; }
  bool has(int i) const noexcept { return i < count_; }
  Argument operator[](int i) const noexcept { return Argument(raw_[i]); }
  std::string text(int i) const { return has(i) ? (*this)[i].as_text() : std::string(); }

 private:
  Variant** raw_;
  int count_;
};

// Of Godot's enumeration Error.
int error_code(tlite_status status);
const char* type_name(Type type);
// A whole number of 32 bits, else INVALID_ARGUMENT and `out` stays.
Result read_int32(const char* name, const Argument& value, std::int32_t& out);
// Time of a budget: what is no sensible number of seconds is brought to the nearest that is.
std::chrono::nanoseconds nanoseconds_of(double seconds);
// Empty, or what is wrong with an argument for the parameter.
std::string mismatch(const Parameter& parameter, const Argument& argument);

// Node: kName, make(owner) that gives a shared_ptr, leave(), tell(Result) that keeps an error for the
// script to ask for, methods(), properties(), signals().
template <class Node>
struct MethodOf {
  const char* name;
  std::vector<Parameter> parameters;
  int required;
  // One of them: an action answers Godot's Error.
  Result (*act)(Node&, const Arguments&);
  Value (*ask)(Node&, const Arguments&);
};

template <class Node>
MethodOf<Node> action(const char* name, std::vector<Parameter> parameters, int required,
                      Result (*act)(Node&, const Arguments&)) {
  return {name, std::move(parameters), required, act, nullptr};
}
template <class Node>
MethodOf<Node> question(const char* name, std::vector<Parameter> parameters,
                        Value (*ask)(Node&, const Arguments&)) {
  const int required = static_cast<int>(parameters.size());
  return {name, std::move(parameters), required, nullptr, ask};
}

template <class Node>
struct PropertyOf {
  Parameter about;
  PropertyHint hint;
  const char* hint_string;
  Value (*get)(Node&);
  // INVALID_ARGUMENT: it stays as it was.
  Result (*set)(Node&, const Argument&, const char* name);
};

struct SignalOf {
  const char* name;
  std::vector<const char*> arguments;  // of type String
};

template <class Node>
class Class {
 public:
  static void add(void* library) {
    api().register_class(library, Node::kName, "Node", {create, nullptr, nullptr},
                         {destroy, nullptr, nullptr});
    for (const MethodOf<Node>& each : Node::methods()) {
      api().register_method(library, Node::kName, each.name, {0},
                            {call_method, const_cast<MethodOf<Node>*>(&each), nullptr});
    }
    for (const PropertyOf<Node>& each : Node::properties()) add_property(library, each);
    for (const SignalOf& each : Node::signals()) add_signal(library, each);
  }

 private:
  using Owned = std::shared_ptr<Node>;

  static void* create(Object* owner, void*) { return new Owned(Node::make(owner)); }
  static void destroy(Object*, void*, void* self) {
    auto* const owned = static_cast<Owned*>(self);
    (*owned)->leave();
    delete owned;
  }

  static void say(const Node&, const char* member, const std::string& what) {
    print_error(what, (std::string(Node::kName) + "." + member).c_str());
  }

  static std::string mistake(const MethodOf<Node>& method, const Arguments& arguments) {
    const int most = static_cast<int>(method.parameters.size());
    if (arguments.count() < method.required || arguments.count() > most) {
      const std::string wanted =
          method.required == most ? std::to_string(most)
                                  : std::to_string(method.required) + " to " + std::to_string(most);
      return "it takes " + wanted + " arguments and was given " + std::to_string(arguments.count());
    }
    for (int i = 0; i < arguments.count(); ++i) {
      std::string wrong = mismatch(method.parameters[static_cast<std::size_t>(i)], arguments[i]);
      if (!wrong.empty()) return wrong;
    }
    return {};
  }

  // `node` stays for the call, whatever becomes of Godot's object in it.
  static Variant call_method(Object*, void* data, void* self, int count, Variant** raw) {
    const Owned node = *static_cast<Owned*>(self);
    const auto& method = *static_cast<const MethodOf<Node>*>(data);
    const Arguments arguments(raw, count);
    const std::string wrong = mistake(method, arguments);
    if (!wrong.empty()) {
      say(*node, method.name, wrong);
      if (method.act == nullptr) return Value().release();
      node->tell({TLITE_ERROR_INVALID_ARGUMENT, wrong});
      return Value(error_code(TLITE_ERROR_INVALID_ARGUMENT)).release();
    }
    if (method.ask != nullptr) return method.ask(*node, arguments).release();
    const Result result = method.act(*node, arguments);
    node->tell(result);
    // A script's mistake, or two threads'; all else may happen to a game without any.
    if (result.status == TLITE_ERROR_BAD_STATE) say(*node, method.name, result.message);
    return Value(error_code(result.status)).release();
  }

  static void add_property(void* library, const PropertyOf<Node>& property) {
    const Owned fresh = Node::make(nullptr);
    Value value = property.get(*fresh);
    PropertyAttributes about{};
    about.type = property.about.type;
    about.hint = property.hint;
    about.hint_string = string_of(property.hint_string);
    about.usage = kUsageDefault;
    about.default_value = *value.get();
    void* const data = const_cast<PropertyOf<Node>*>(&property);
    api().register_property(library, Node::kName, property.about.name, &about,
                            {set_property, data, nullptr}, {get_property, data, nullptr});
    api().string_destroy(&about.hint_string);
  }
  static void set_property(Object*, void* data, void* self, Variant* raw) {
    const Owned node = *static_cast<Owned*>(self);
    const auto& property = *static_cast<const PropertyOf<Node>*>(data);
    const Argument value(raw);
    std::string wrong = mismatch(property.about, value);
    if (wrong.empty()) wrong = property.set(*node, value, property.about.name).message;
    if (!wrong.empty()) say(*node, property.about.name, wrong);
  }
  static Variant get_property(Object*, void* data, void* self) {
    const Owned node = *static_cast<Owned*>(self);
    return static_cast<const PropertyOf<Node>*>(data)->get(*node).release();
  }

  static void add_signal(void* library, const SignalOf& about) {
    Value nothing;
    std::vector<SignalArgument> arguments;
    for (const char* each : about.arguments) {
      SignalArgument argument{};
      argument.name = string_of(each);
      argument.type = kString;
      argument.hint_string = string_of("");
      argument.usage = kUsageDefault;
      argument.default_value = *nothing.get();
      arguments.push_back(argument);
    }
    Signal signal{};
    signal.name = string_of(about.name);
    signal.argument_count = static_cast<int>(arguments.size());
    signal.arguments = arguments.data();
    api().register_signal(library, Node::kName, &signal);
    api().string_destroy(&signal.name);
    for (SignalArgument& each : arguments) {
      api().string_destroy(&each.name);
      api().string_destroy(&each.hint_string);
    }
  }
};

}  // namespace gdnative
