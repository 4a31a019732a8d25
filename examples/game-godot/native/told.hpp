// How an object speaks to the game: signals, and its last error.
#pragma once

#include "values.hpp"

#include <mutex>
#include <string>
#include <string_view>

#include <characters/handles.hpp>

namespace gdnative {

class Told {
 public:
  explicit Told(Object* owner) : owner_(owner) {}
  Object* owner() const noexcept { return owner_; }

  void emit(const char* signal) const {
    const Value name(signal);
    (void)call("Object", "emit_signal", owner_, {&name});
  }
  void emit(const char* signal, std::string_view argument) const {
    const Value name(signal);
    const Value value(argument);
    (void)call("Object", "emit_signal", owner_, {&name, &value});
  }
  void emit(const char* signal, std::string_view first, std::string_view second) const {
    const Value name(signal);
    const Value one(first);
    const Value two(second);
    (void)call("Object", "emit_signal", owner_, {&name, &one, &two});
  }
  // At the end of the frame, if the object lives then.
  void emit_later(const char* signal, std::string_view first, std::string_view second) const {
    const Value method("emit_signal");
    const Value name(signal);
    const Value one(first);
    const Value two(second);
    (void)call("Object", "call_deferred", owner_, {&method, &name, &one, &two});
  }

  // The sentence of the last action that failed; what succeeds leaves it.
  void tell(const characters::Result& result) {
    if (result) return;
    const std::lock_guard<std::mutex> lock(mutex_);
    error_ = result.message;
  }
  std::string error() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return error_;
  }

 private:
  Object* owner_;
  mutable std::mutex mutex_;
  std::string error_;
};

}  // namespace gdnative
