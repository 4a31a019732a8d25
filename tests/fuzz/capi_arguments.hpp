// What the fuzzers of the C API are made of: a model in memory, and arguments that C can express,
// NULL and sizes that lie included.
#pragma once

#include "capi/memory_host.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <iterator>
#include <string>
#include <vector>

#include <fuzzer/FuzzedDataProvider.h>
#include <tlite.h>

namespace tlite::fuzz {

// Enough to reach every state, few enough that a program stays short.
inline constexpr std::size_t kSlots = 2;
inline constexpr std::size_t kMostBytes = std::size_t{1} << 24;

template <class T>
using Slots = T* [kSlots];

// A model that all programs share, with a host of its own.
struct Shared {
  Shared() {
    host.most_bytes = kMostBytes;
    host.fail_at = -1;
    tlite_host_options options = memory_host_options(&host);
    options.threads = 1;
    tlite_host* given = nullptr;
    if (tlite_host_create(&options, &given, nullptr) != TLITE_OK) __builtin_trap();
    if (tlite_model_load(given, "memory", TLITE_NUL, nullptr, &model, nullptr) != TLITE_OK) {
      __builtin_trap();
    }
    tlite_host_free(given);
  }
  memory_host host = {};
  tlite_model* model = nullptr;
};

// Where a new object goes: into its slot when the call is over, so that the call may use the old
// one.
template <class T>
class Out {
 public:
  Out(T** slot, void (*release)(T*)) : slot_(slot), release_(release) {}
  ~Out() {
    if (made_ == nullptr) return;
    release_(*slot_);
    *slot_ = made_;
  }
  Out(const Out&) = delete;
  Out& operator=(const Out&) = delete;
  operator T**() { return slot_ == nullptr ? nullptr : &made_; }  // NOLINT: as an argument

 private:
  T** slot_;
  void (*release_)(T*);
  T* made_ = nullptr;
};

// Arguments out of the fuzzer's bytes, which live as long as this.
class Arguments {
 protected:
  Arguments(const std::uint8_t* data, std::size_t size) : in_(data, size) {}
  ~Arguments() = default;

  // An error object comes with an error, and only then.
  void check(tlite_status status) {
    const bool failed = status != TLITE_OK;
    if (status > 0 || status == TLITE_ERROR_INTERNAL) __builtin_trap();
    if (error_asked_ && (failed != (error_ != nullptr) || tlite_error_status(error_) != status)) {
      __builtin_trap();
    }
    tlite_error_free(error_);
    error_ = nullptr;
    error_asked_ = true;
  }
  tlite_error** error() {
    error_asked_ = in_.ConsumeIntegralInRange(0, 7) != 0;
    return error_asked_ ? &error_ : nullptr;
  }

  template <class T>
  T* any(Slots<T>& slots) {
    const auto i = in_.ConsumeIntegralInRange<std::size_t>(0, kSlots);
    return i == kSlots ? nullptr : slots[i];
  }
  // A slot to fill; seldom NULL.
  template <class T>
  Out<T> fresh(Slots<T>& slots, void (*release)(T*)) {
    if (in_.ConsumeIntegralInRange(0, 15) == 0) return {nullptr, release};
    return {&slots[in_.ConsumeIntegralInRange<std::size_t>(0, kSlots - 1)], release};
  }
  // A text of the caller's, which lives until the end of the program.
  tlite_text text() {
    static const char* const kTexts[] = {"memory",
                                         "memory/tokenizer.json",
                                         "greedy",
                                         "<|im_start|>user\nhello<|im_end|>",
                                         "[{\"role\": \"user\", \"content\": \"hello\"}]",
                                         "{% for m in messages %}{{ m.content }}{% endfor %}",
                                         "{}",
                                         "[]"};
    switch (in_.ConsumeIntegralInRange(0, 7)) {
      case 0:
        return {nullptr, 0};
      case 1:
        return {nullptr, in_.ConsumeIntegral<std::size_t>()};
      case 2:
      case 3:
        texts_.push_back(in_.ConsumeRandomLengthString(60));
        return {texts_.back().data(), texts_.back().size()};
      default:
        return {kTexts[in_.ConsumeIntegralInRange<std::size_t>(0, std::size(kTexts) - 1)],
                TLITE_NUL};
    }
  }
  // Small, or anything.
  std::int32_t number(std::int32_t most) {
    return in_.ConsumeIntegralInRange(0, 15) == 0 ? in_.ConsumeIntegral<std::int32_t>()
                                                  : in_.ConsumeIntegralInRange(-1, most);
  }
  float real() {
    return in_.ConsumeBool() ? in_.ConsumeFloatingPointInRange(0.0F, 1.0F)
                             : in_.ConsumeFloatingPoint<float>();
  }
  const std::vector<std::int32_t>& ids() {
    lists_.emplace_back();
    const int count = in_.ConsumeIntegralInRange(0, 40);
    for (int i = 0; i < count; ++i) lists_.back().push_back(number(270));
    return lists_.back();
  }

  // An option structure in the largest room it may claim; seldom NULL, seldom of another size.
  template <class T>
  T* options(tlite_status (*init)(T*, std::size_t)) {
    rooms_.emplace_back(4096 / sizeof(std::uint64_t));
    T* const made = reinterpret_cast<T*>(rooms_.back().data());
    if (init(made, sizeof(T)) != TLITE_OK) __builtin_trap();
    switch (in_.ConsumeIntegralInRange(0, 20)) {
      case 0:
        return nullptr;
      case 1:
        made->struct_size = in_.ConsumeIntegral<std::uint32_t>();
        break;
      case 2:
        made->struct_size = in_.ConsumeIntegralInRange<std::uint32_t>(0, 4096);
        break;
      default:
        break;
    }
    return made;
  }

  tlite_sampling_params* sampling() {
    tlite_sampling_params* const made = options(tlite_sampling_params_init);
    if (made == nullptr) return nullptr;
    made->temperature = in_.ConsumeBool() ? 0.0F : real();
    made->top_k = number(300);
    made->top_p = in_.ConsumeBool() ? 1.0F : real();
    made->min_p = in_.ConsumeBool() ? 0.0F : real();
    made->has_seed = 1;
    made->repetition_penalty = in_.ConsumeBool() ? 1.0F : real();
    made->presence_penalty = in_.ConsumeBool() ? 0.0F : real();
    made->frequency_penalty = in_.ConsumeBool() ? 0.0F : real();
    made->max_new_tokens = in_.ConsumeIntegralInRange(0, 10);
    made->min_new_tokens = in_.ConsumeIntegralInRange(-1, 10);
    made->ignore_eos = in_.ConsumeBool();
    made->include_stop_in_output = in_.ConsumeBool();
    made->logprobs = in_.ConsumeBool() ? -1 : number(64);
    if (in_.ConsumeBool()) {
      biases_.push_back({number(271), real()});
      made->logit_bias = &biases_.back();
      made->logit_bias_count = 1;
    }
    if (in_.ConsumeBool()) {
      stops_.push_back(text());
      made->stop = &stops_.back();
      made->stop_count = 1;
    }
    if (in_.ConsumeBool()) {
      const auto& list = ids();
      made->stop_token_ids = list.data();
      made->stop_token_id_count = list.size();
    }
    return made;
  }

  FuzzedDataProvider in_;

 private:
  tlite_error* error_ = nullptr;
  bool error_asked_ = true;
  std::deque<std::string> texts_;
  std::deque<std::vector<std::int32_t>> lists_;
  std::deque<std::vector<std::uint64_t>> rooms_;
  std::deque<tlite_text> stops_;
  std::deque<tlite_logit_bias> biases_;
};

}  // namespace tlite::fuzz
