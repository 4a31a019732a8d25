// What a render may spend, and how it fails.
//
// A template is somebody else's program. Every statement, expression and walked element counts as a
// step, every created string and container as bytes; nesting is bounded. Past a limit, as on any
// error, the render ends in Error(bad_template) that names the line.
#pragma once

#include "jinja/value.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tlite::jinja {

struct Limits {
  std::int64_t steps = 20'000'000;                       // about a second
  std::size_t text_bytes = std::size_t{64} << 20;        // of one string, the output included
  std::size_t allocated_bytes = std::size_t{512} << 20;  // of all values made, freed ones included
  int evaluation_depth = 700;  // statements and expressions inside each other, macros included
  int value_depth = 200;       // lists and dicts inside each other
};

class Runtime {
 public:
  Runtime() = default;
  explicit Runtime(const Limits& limits) : limits_(limits) {}

  int line = 0;                     // of what is evaluated now
  std::optional<std::int64_t> now;  // seconds since the epoch; unset: the system clock

  [[noreturn]] void fail(const std::string& message) const;
  [[noreturn]] void fail_undefined(const Value& undefined) const;

  void step(std::size_t count = 1);
  // Work over this many bytes of text: cheaper than as many steps.
  void scan(std::size_t bytes) { step(bytes / 64); }
  void allocate(std::size_t bytes);
  void check_text(std::size_t bytes) const;

  // Values of bounded size and depth.
  Value text(Text text);
  Value text(std::string_view bytes) { return this->text(Text(std::string(bytes))); }
  Value list(std::vector<Value> items, bool tuple = false);
  Value tuple(std::vector<Value> items) { return list(std::move(items), true); }
  Value dict(Dict dict);
  Value generator(std::vector<Value> items, std::string_view type = "generator");
  Value method(const Value& self, std::string_view name, Callable::Function function);
  static Value undefined(std::string message);
  // The depth of a container of these; charges for it, refuses one too deep.
  int container_depth(const std::vector<Value>& items);

  // Namespaces and loops can hold each other in cycles and chains: kept here and emptied one by
  // one at the end.
  void keep(std::shared_ptr<Namespace> made) { namespaces_.push_back(std::move(made)); }
  void keep(const Value& loop) { loops_.push_back(loop.loop()); }
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  class Nesting {
   public:
    explicit Nesting(Runtime& runtime) : runtime_(runtime) { runtime_.enter(); }
    ~Nesting() { --runtime_.depth_; }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;

   private:
    Runtime& runtime_;
  };

 private:
  void enter();
  void check_depth(int depth) const;

  Limits limits_;
  std::int64_t steps_ = 0;
  std::size_t allocated_ = 0;
  int depth_ = 0;
  std::vector<std::shared_ptr<Namespace>> namespaces_;
  std::vector<std::shared_ptr<Loop>> loops_;
};

// Binds call arguments to parameter names, as Python does. The k-th result is unset where neither a
// positional nor a named argument gave it. The first `required` must be there.
std::vector<std::optional<Value>> bind(const Runtime& runtime, std::string_view callee,
                                       const Arguments& arguments,
                                       std::initializer_list<std::string_view> parameters,
                                       std::size_t required = 0);

}  // namespace tlite::jinja
