// What the soak does, as a seed makes it: models, engines, requests.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <variant>
#include <vector>

#include <tlite/engine.hpp>

namespace tlite::soak {

// Draws the same numbers on every machine, as std's distributions do not.
class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  std::uint64_t next() { return engine_(); }
  // From `low` to `high`, both included.
  template <class Int>
  Int from(Int low, Int high) {
    return static_cast<Int>(low +
                            static_cast<Int>(next() % static_cast<std::uint64_t>(high - low + 1)));
  }
  float real(float low, float high) {
    return low + (high - low) * static_cast<float>(next() >> 40) / static_cast<float>(1 << 24);
  }
  bool one_in(int n) { return from(1, n) == 1; }

 private:
  std::mt19937_64 engine_;
};

// The tests' tiny model, in which a token of this id makes NaN of all logits from there on.
inline constexpr TokenId kPoison = 263;
Model poisoned_model(const std::shared_ptr<Allocator>& allocator);

// Small, so that requests get into each other's way.
EngineOptions random_engine(Random& random);

// What many prompts of a round begin with.
std::vector<std::vector<TokenId>> random_beginnings(Random& random, TokenId vocabulary);

struct Plan {
  std::variant<std::vector<TokenId>, std::string, std::vector<Message>> prompt;
  RequestOptions options;
  std::int32_t cancel_after = -1;  // tokens; -1: not
  bool waits = false;              // by Engine::wait and not by polling
};

SamplingParams random_sampling(Random& random, TokenId vocabulary);
// `embeddings`: the engine can make them.
Plan random_plan(Random& random, TokenId vocabulary, bool embeddings,
                 const std::vector<std::vector<TokenId>>& beginnings);

RequestId submit(Engine& engine, const Plan& plan);

}  // namespace tlite::soak
