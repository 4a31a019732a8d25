#include "jinja/methods.hpp"

#include "jinja/clock.hpp"
#include "jinja/python.hpp"

#include <algorithm>

namespace tlite::jinja {
namespace {

template <DictView::Part part>
Value dict_view(Runtime& runtime, const Value& self, Arguments& arguments) {
  bind(runtime, "a dict view", arguments, {});
  return std::make_shared<const DictView>(DictView{part, self.shared_dict()});
}

Value dict_get(Runtime& runtime, const Value& self, Arguments& arguments) {
  const auto bound = bind(runtime, "get", arguments, {"key", "default"}, 1);
  check_hashable(runtime, *bound[0]);
  const Value* const found = self.dict().find(*bound[0]);
  if (found != nullptr) return *found;
  return bound[1] ? *bound[1] : Value(None{});
}

Value copy(Runtime& runtime, const Value& self, Arguments& arguments) {
  bind(runtime, "copy", arguments, {});
  return self;  // immutable, so the same will do
}

Value list_count(Runtime& runtime, const Value& self, Arguments& arguments) {
  const auto bound = bind(runtime, "count", arguments, {"value"}, 1);
  const auto& items = self.list().items;
  return static_cast<std::int64_t>(std::count_if(
      items.begin(), items.end(),
      [&](const Value& item) { return item.same(*bound[0]) || equal(runtime, item, *bound[0]); }));
}

Value list_index(Runtime& runtime, const Value& self, Arguments& arguments) {
  const auto bound = bind(runtime, "index", arguments, {"value"}, 1);
  const auto& items = self.list().items;
  const auto found = std::find_if(items.begin(), items.end(), [&](const Value& item) {
    return item.same(*bound[0]) || equal(runtime, item, *bound[0]);
  });
  if (found == items.end()) {
    runtime.fail(repr(runtime, *bound[0]).bytes() + " is not in " + std::string(type_name(self)));
  }
  return static_cast<std::int64_t>(found - items.begin());
}

struct Method {
  std::string_view name;
  Callable::Function function;
};

constexpr Method kDictMethods[] = {
    {"get", dict_get},
    {"items", dict_view<DictView::Part::items>},
    {"keys", dict_view<DictView::Part::keys>},
    {"values", dict_view<DictView::Part::values>},
    {"copy", copy},
};
constexpr Method kListMethods[] = {{"count", list_count}, {"index", list_index}, {"copy", copy}};
constexpr Method kTupleMethods[] = {{"count", list_count}, {"index", list_index}};
constexpr std::string_view kUnsafeDictMethods[] = {"clear", "pop", "popitem", "setdefault",
                                                   "update"};
constexpr std::string_view kUnsafeListMethods[] = {"append", "clear",  "pop",  "reverse",
                                                   "insert", "extend", "sort", "remove"};

template <std::size_t n>
Callable::Function find_in(const Method (&methods)[n], std::string_view name) {
  const auto* const found = std::find_if(std::begin(methods), std::end(methods),
                                         [&](const Method& m) { return m.name == name; });
  return found == std::end(methods) ? nullptr : found->function;
}

Callable::Function function_of(const Value& value, std::string_view name) {
  if (value.is_text()) return find_text_method(name);
  if (value.is(Kind::dict)) return find_in(kDictMethods, name);
  if (value.is_tuple()) return find_in(kTupleMethods, name);
  if (value.is(Kind::list)) return find_in(kListMethods, name);
  return nullptr;
}

bool is_unsafe(const Value& value, std::string_view name) {
  const auto among = [name](const auto& names) {
    return std::find(std::begin(names), std::end(names), name) != std::end(names);
  };
  if (value.is(Kind::dict)) return among(kUnsafeDictMethods);
  return value.is(Kind::list) && !value.is_tuple() && among(kUnsafeListMethods);
}

// ---- the loop variable

Value loop_cycle(Runtime& runtime, const Value& self, Arguments& arguments) {
  if (arguments.positional.empty()) runtime.fail("no items for cycling given");
  const auto index = static_cast<std::size_t>(self.loop()->index0);
  return arguments.positional[index % arguments.positional.size()];
}

Value loop_changed(Runtime& runtime, const Value& self, Arguments& arguments) {
  Value now = runtime.tuple(std::move(arguments.positional));
  Loop& loop = *self.loop();
  if (loop.changed && equal(runtime, *loop.changed, now)) return false;
  runtime.keep(self);
  loop.changed = std::move(now);
  return true;
}

// ---- functions

Value range_function(Runtime& runtime, const Value& /*self*/, Arguments& arguments) {
  constexpr std::int64_t kMaxLength = 100'000;  // the sandbox's MAX_RANGE
  constexpr std::int64_t kMaxBound = std::int64_t{1} << 52;
  const auto bound = bind(runtime, "range", arguments, {"start", "stop", "step"}, 1);
  if (!arguments.named.empty()) runtime.fail("range takes no keyword arguments");
  Range range;
  range.stop = to_index(runtime, *bound[0], "range");
  if (bound[1]) range.start = std::exchange(range.stop, to_index(runtime, *bound[1], "range"));
  if (bound[2]) range.step = to_index(runtime, *bound[2], "range");
  if (range.step == 0) runtime.fail("range: the step must not be zero");
  for (const std::int64_t number : {range.start, range.stop, range.step}) {
    if (number > kMaxBound || number < -kMaxBound) runtime.fail("range: a number is too large");
  }
  if (range.length() > kMaxLength) {
    runtime.fail("range of more than " + std::to_string(kMaxLength) + " elements");
  }
  return std::make_shared<const Range>(range);
}

void update_from(Runtime& runtime, Dict& dict, const Arguments& arguments) {
  if (arguments.positional.size() > 1) runtime.fail("dict takes at most 1 positional argument");
  if (!arguments.positional.empty()) {
    const Value& source = arguments.positional[0];
    if (source.is(Kind::dict)) {
      dict = source.dict();
    } else {
      for (const Value& pair : iterate(runtime, source)) {
        const std::vector<Value> parts = iterate(runtime, pair);
        if (parts.size() != 2) runtime.fail("dict: an element is not a pair");
        check_hashable(runtime, parts[0]);
        dict.set(parts[0], parts[1]);
      }
    }
  }
  for (const auto& [key, value] : arguments.named) dict.set(runtime.text(key), value);
}

Value dict_function(Runtime& runtime, const Value& /*self*/, Arguments& arguments) {
  Dict dict;
  update_from(runtime, dict, arguments);
  return runtime.dict(std::move(dict));
}

Value namespace_function(Runtime& runtime, const Value& /*self*/, Arguments& arguments) {
  auto made = std::make_shared<Namespace>();
  update_from(runtime, made->attributes, arguments);
  runtime.allocate(sizeof(Namespace));
  runtime.keep(made);
  return made;
}

Value raise_exception(Runtime& runtime, const Value& /*self*/, Arguments& arguments) {
  const auto bound = bind(runtime, "raise_exception", arguments, {"message"}, 1);
  runtime.fail(to_text(runtime, *bound[0]).bytes());
}

Value strftime_now(Runtime& runtime, const Value& /*self*/, Arguments& arguments) {
  const auto bound = bind(runtime, "strftime_now", arguments, {"format"}, 1);
  if (!bound[0]->is_text()) runtime.fail("strftime_now needs a string");
  return runtime.text(format_time(runtime, bound[0]->text().bytes(), runtime.now));
}

Value joiner_call(Runtime& runtime, const Value& self, Arguments& arguments) {
  bind(runtime, "a joiner", arguments, {});
  std::int64_t& used = *self.callable().state;
  return std::exchange(used, 1) == 0 ? runtime.text("") : *self.callable().self;
}

Value joiner_function(Runtime& runtime, const Value& /*self*/, Arguments& arguments) {
  const auto bound = bind(runtime, "joiner", arguments, {"sep"});
  Value separator = bound[0] ? *bound[0] : runtime.text(", ");
  const Value made = runtime.method(separator, "joiner", joiner_call);
  Callable callable = made.callable();
  callable.state = std::make_shared<std::int64_t>(0);
  return std::make_shared<const Callable>(std::move(callable));
}

constexpr Method kFunctions[] = {
    {"range", range_function},         {"dict", dict_function},
    {"namespace", namespace_function}, {"raise_exception", raise_exception},
    {"strftime_now", strftime_now},    {"joiner", joiner_function},
};

}  // namespace

std::optional<Value> find_method(Runtime& runtime, const Value& value, std::string_view name) {
  if (const Callable::Function function = function_of(value, name)) {
    return runtime.method(value, name, function);
  }
  if (is_unsafe(value, name)) {
    return Runtime::undefined("access to attribute '" + std::string(name) + "' of '" +
                              std::string(type_name(value)) + "' object is unsafe.");
  }
  return std::nullopt;
}

bool loop_has_next(Loop& loop) {
  if (loop.after) return true;
  while (loop.next < loop.items.size()) {
    Value candidate = loop.items[loop.next++];
    if (loop.test && !loop.test(candidate)) continue;
    loop.after = std::move(candidate);
    return true;
  }
  return false;
}

void loop_advance(Loop& loop) {
  ++loop.index0;
  loop.before = std::move(loop.current);
  loop.current = std::move(*loop.after);
  loop.after.reset();
}

std::int64_t loop_length(Loop& loop) {
  if (loop.test) {
    // Like Jinja: to count what passes the condition, the rest is walked now.
    std::vector<Value> rest;
    while (loop_has_next(loop)) {
      rest.push_back(std::move(*loop.after));
      loop.after.reset();
    }
    loop.items = std::move(rest);
    loop.next = 0;
    loop.test = nullptr;
    loop.length = loop.index0 + 1 + static_cast<std::int64_t>(loop.items.size());
  }
  return loop.length;
}

std::optional<Value> loop_attribute(Runtime& runtime, const Value& value, std::string_view name) {
  Loop& loop = *value.loop();
  if (name == "index0") return Value(loop.index0);
  if (name == "index") return Value(loop.index0 + 1);
  if (name == "first") return Value(loop.index0 == 0);
  if (name == "last") return Value(!loop_has_next(loop));
  if (name == "length") return Value(loop_length(loop));
  if (name == "revindex0") return Value(loop_length(loop) - loop.index0 - 1);
  if (name == "revindex") return Value(loop_length(loop) - loop.index0);
  if (name == "depth0") return Value(loop.depth0);
  if (name == "depth") return Value(loop.depth0 + 1);
  if (name == "previtem") {
    return loop.index0 == 0 ? Runtime::undefined("there is no previous item") : loop.before;
  }
  if (name == "nextitem") {
    return loop_has_next(loop) ? *loop.after : Runtime::undefined("there is no next item");
  }
  if (name == "cycle") return runtime.method(value, name, loop_cycle);
  if (name == "changed") return runtime.method(value, name, loop_changed);
  return std::nullopt;
}

std::optional<Value> find_function(std::string_view name) {
  const Callable::Function function = find_in(kFunctions, name);
  if (function == nullptr) return std::nullopt;
  return Value(std::make_shared<const Callable>(Callable{name, function, nullptr, nullptr}));
}

}  // namespace tlite::jinja
