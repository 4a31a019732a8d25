// The values that a code can stand for, before the scale: what the encoders round to.
#pragma once

#include "tensor/blocks.hpp"
#include "tensor/lanes.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace tlite {

// The integers from kLow to kHigh.
template <int kLow, int kHigh>
struct IntegerGrid {
  static constexpr float kLowest = static_cast<float>(kLow);
  static constexpr float kHighest = static_cast<float>(kHigh);
  static constexpr float kStep = 1.0F;

  static Lanes nearest_value(Lanes value) noexcept {
    return nearest(clamp(value, splat(kLowest), splat(kHighest)));
  }
  // The code of a value of the grid, `offset` above it: 0 for kLow in all formats but Q8_0.
  static std::uint8_t code_of(float value) noexcept {
    constexpr int kOffset = kLow == -127 ? 0 : -kLow;
    return static_cast<std::uint8_t>(static_cast<int>(value) + kOffset);
  }
};

// The code book of the IQ4 formats.
struct Iq4Grid {
  static constexpr float kLowest = kIq4Values.front();
  static constexpr float kHighest = kIq4Values.back();
  static constexpr float kStep = 22.0F;  // at the ends

  // Climbs the steps whose middle lies below the value.
  static Lanes nearest_value(Lanes value) noexcept {
    Lanes found = splat(kLowest);
    for (std::size_t i = 1; i < kIq4Values.size(); ++i) {
      const float below = kIq4Values[i - 1];
      const float above = kIq4Values[i];
      found += select(value > splat((below + above) / 2), splat(above - below), splat(0.0F));
    }
    return found;
  }
  static std::uint8_t code_of(float value) noexcept {
    return kCodes[static_cast<std::size_t>(value - kLowest)];
  }

 private:
  static constexpr auto kCodes = [] {
    std::array<std::uint8_t, 256> codes{};
    for (std::size_t i = 0; i < kIq4Values.size(); ++i) {
      codes[static_cast<std::size_t>(kIq4Values[i] - kIq4Values[0])] = static_cast<std::uint8_t>(i);
    }
    return codes;
  }();
};

}  // namespace tlite
