// Counter-based random numbers: value i of a seed is a pure function, so a sequence's draws do not
// depend on what else is in the batch and a saved state is two numbers. The mix is SplitMix64's
// (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, OOPSLA 2014).
#pragma once

#include <cstdint>

namespace tlite {

class CounterRng {
 public:
  explicit CounterRng(std::uint64_t seed = 0, std::uint64_t counter = 0) noexcept
      : seed_(mix(seed)), counter_(counter) {}

  std::uint64_t next_u64() noexcept { return mix(seed_ + kGamma * ++counter_); }

  // Uniform in [0, 1) with all 53 bits.
  double next_unit() noexcept { return static_cast<double>(next_u64() >> 11) * 0x1.0p-53; }

  std::uint64_t counter() const noexcept { return counter_; }

 private:
  static constexpr std::uint64_t kGamma = 0x9E3779B97F4A7C15ULL;

  static std::uint64_t mix(std::uint64_t z) noexcept {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }

  std::uint64_t seed_;
  std::uint64_t counter_;
};

}  // namespace tlite
