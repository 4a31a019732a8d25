// Vectors of 16 words for the packed kernels, in plain C++: the twin that says what each operation
// of a tier means. V is 16 words of 32 bits or 64 bytes, F 16 floats; lane i belongs to output row
// i of a group.
#pragma once

#include "kernels/packed/code.hpp"
#include "kernels/unroll.hpp"
#include "tensor/dtype.hpp"

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

// Calls, because 16 lanes of everything inlined everywhere take compilers minutes.
#define TLITE_CALL __attribute__((noinline))

namespace tlite {
namespace {

struct Scalar : TierSizes {
  struct V {
    std::uint32_t word[16];
  };
  struct F {
    float lane[16];
  };
  static constexpr std::size_t kPrefetchAhead = 0;  // arithmetic is the limit
  static constexpr bool kPrefetchOneRow = false;
  static constexpr DirectRows direct_rows(Unpacking) noexcept { return {2, 8}; }
  static void prefetch(const std::byte*) noexcept {}

  template <class Lane>
  static V words(Lane&& lane) noexcept {
    V result;
    for (std::size_t i = 0; i < 16; ++i) result.word[i] = static_cast<std::uint32_t>(lane(i));
    return result;
  }
  template <class Lane>
  static F floats(Lane&& lane) noexcept {
    F result;
    for (std::size_t i = 0; i < 16; ++i) result.lane[i] = lane(i);
    return result;
  }

  // Any address will do.
  TLITE_CALL static V load(const std::byte* p) noexcept {
    V v;
    std::memcpy(&v, p, sizeof v);
    return v;
  }
  TLITE_CALL static void store(std::byte* p, const V& v) noexcept { std::memcpy(p, &v, sizeof v); }
  TLITE_CALL static F load(const float* p) noexcept { return load_some(p, 16); }
  TLITE_CALL static void store(float* p, const F& v) noexcept { store_some(p, v, 16); }
  // The first `count` lanes; the others read as zero and are not touched.
  TLITE_CALL static F load_some(const float* p, std::size_t count) noexcept {
    F v{};
    std::memcpy(&v, p, count * sizeof(float));
    return v;
  }
  TLITE_CALL static void store_some(float* p, const F& v, std::size_t count) noexcept {
    std::memcpy(p, &v, count * sizeof(float));
  }

  TLITE_CALL static F zero() noexcept { return {}; }
  TLITE_CALL static V zero_words() noexcept { return {}; }
  TLITE_CALL static F broadcast(float x) noexcept {
    return floats([&](std::size_t) { return x; });
  }
  TLITE_CALL static F mul(const F& a, const F& b) noexcept {
    return floats([&](std::size_t i) { return a.lane[i] * b.lane[i]; });
  }
  // a * b + c, rounded once.
  TLITE_CALL static F fma(const F& a, const F& b, const F& c) noexcept {
    return floats([&](std::size_t i) { return std::fma(a.lane[i], b.lane[i], c.lane[i]); });
  }
  TLITE_CALL static F negate(const F& a) noexcept {
    return floats([&](std::size_t i) { return -a.lane[i]; });
  }
  TLITE_CALL static F to_f32(const V& v) noexcept {
    return floats(
        [&](std::size_t i) { return static_cast<float>(static_cast<std::int32_t>(v.word[i])); });
  }
  // The f16 in the low or the high half of each word.
  TLITE_CALL static F half_low(const V& v) noexcept {
    return floats(
        [&](std::size_t i) { return f16_to_f32(static_cast<std::uint16_t>(v.word[i] & 0xFFFFU)); });
  }
  TLITE_CALL static F half_high(const V& v) noexcept { return half_low(shr<16>(v)); }

  // Shifts of words: right filling with zeros (shr_by: by less than 32, known when it runs), right
  // with the sign, left (or right, below 0).
  template <unsigned kBits>
  TLITE_CALL static V shr(const V& v) noexcept {
    return words([&](std::size_t i) { return v.word[i] >> kBits; });
  }
  TLITE_CALL static V shr_by(const V& v, std::size_t bits) noexcept {
    return words([&](std::size_t i) { return v.word[i] >> bits; });
  }
  template <unsigned kBits>
  TLITE_CALL static V sra(const V& v) noexcept {
    return words([&](std::size_t i) { return static_cast<std::int32_t>(v.word[i]) >> kBits; });
  }
  template <int kLeft>
  TLITE_CALL static V shift(const V& v) noexcept {
    return words([&](std::size_t i) {
      if constexpr (kLeft >= 0) return v.word[i] << kLeft;
      return v.word[i] >> (kLeft < 0 ? -kLeft : 0);
    });
  }
  template <std::uint32_t kMask>
  TLITE_CALL static V and_words(const V& v) noexcept {
    return words([&](std::size_t i) { return v.word[i] & kMask; });
  }
  template <std::uint8_t kMask>
  TLITE_CALL static V and_bytes(const V& v) noexcept {
    return and_words<kMask * 0x01010101U>(v);
  }
  template <int kNumber>
  TLITE_CALL static V add_words(const V& v) noexcept {
    return words([&](std::size_t i) { return v.word[i] + static_cast<std::uint32_t>(kNumber); });
  }
  TLITE_CALL static V or_(const V& a, const V& b) noexcept {
    return words([&](std::size_t i) { return a.word[i] | b.word[i]; });
  }
  // table[byte] for each byte, which is below 16.
  TLITE_CALL static V lookup(const std::array<std::uint8_t, 16>& table, const V& v) noexcept {
    return words([&](std::size_t i) {
      std::uint32_t word = 0;
      for (unsigned b = 0; b < 32; b += 8) {
        word |= std::uint32_t{table[v.word[i] >> b & 0xFU]} << b;
      }
      return word;
    });
  }

  // Two bf16 activations, for all lanes.
  struct Bf16Pair {
    float even, odd;
  };
  static float half(std::uint32_t word) noexcept {
    return bf16_to_f32(static_cast<std::uint16_t>(word & 0xFFFFU));
  }
  TLITE_CALL static Bf16Pair bf16_pair(const std::byte* x) noexcept {
    std::uint32_t word;
    std::memcpy(&word, x, sizeof word);
    return {half(word), half(word >> 16)};
  }
  // sum + the pair of bf16 weights in each word times x, the odd one first, each step rounded once.
  TLITE_CALL static F add_bf16(const F& sum, const V& weights, const Bf16Pair& x) noexcept {
    return floats([&](std::size_t i) {
      const float first = std::fma(half(weights.word[i] >> 16), x.odd, sum.lane[i]);
      return std::fma(half(weights.word[i]), x.even, first);
    });
  }

  // Four 8-bit activations, for all lanes.
  struct Four {
    std::int32_t x[4];
  };
  TLITE_CALL static Four four(const std::int8_t* x) noexcept { return {{x[0], x[1], x[2], x[3]}}; }

  // sum + the pair of unsigned 16-bit numbers in each word times x[0], x[1].
  TLITE_CALL static V add_pairs(const V& sum, const V& pairs, const std::int16_t* x) noexcept {
    return words([&](std::size_t i) {
      const auto low = static_cast<std::int32_t>(pairs.word[i] & 0xFFFFU);
      const auto high = static_cast<std::int32_t>(pairs.word[i] >> 16);
      return static_cast<std::int32_t>(sum.word[i]) + low * x[0] + high * x[1];
    });
  }

  // The dot product of the weights (code - offset) of a sub-block with activations, exact. Begins
  // from -128 * the sum of these; add is called for four k at a time, kGroup counting up from 0.
  template <CodeRange kCode, std::size_t kGroups>
  struct Dot {
    V sum;

    TLITE_CALL static Dot begin(const DotStart& start) noexcept {
      return {words([&](std::size_t) { return start.whole / 128 * kCode.offset; })};
    }
    template <std::size_t kGroup>
    TLITE_CALL void add(const V& codes, const Four& four) noexcept {
      sum = words([&](std::size_t i) {
        auto total = static_cast<std::int32_t>(sum.word[i]);
        for (unsigned b = 0; b < 4; ++b) {
          total += static_cast<std::int32_t>(codes.word[i] >> (8 * b) & 0xFFU) * four.x[b];
        }
        return total;
      });
    }
    V total() const noexcept { return sum; }

    // The form in which add_scaled wants a sub-block's scales, which are words of a sign and 8
    // bits.
    static V scale(const V& words) noexcept { return words; }
    // scaled + dot product * scale.
    TLITE_CALL V add_scaled(const V& scaled, const V& scale) const noexcept {
      return words([&](std::size_t i) {
        return static_cast<std::int32_t>(scaled.word[i]) +
               static_cast<std::int32_t>(sum.word[i]) * static_cast<std::int32_t>(scale.word[i]);
      });
    }
  };

  // What codes become in a strip, and their range then.
  static constexpr CodeRange strip_range(CodeRange code) noexcept { return code; }
  template <CodeRange kCode>
  static V strip_codes(const V& v) noexcept {
    return v;
  }
};

}  // namespace
}  // namespace tlite
