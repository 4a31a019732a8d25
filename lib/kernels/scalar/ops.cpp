// The oracle: 16 virtual lanes in plain C++. Slow where the baseline has no fused multiply-add.
#include "kernels/generic/table.hpp"
#include "kernels/tiers.hpp"
#include "tensor/dtype.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace tlite {
namespace {

struct Vector {
  using Part = Vector;
  static constexpr std::size_t kParts = 1;
  static constexpr std::size_t kDotRows = 1;
  static constexpr std::size_t kDotInputs = 4;
  static constexpr std::size_t kDotRowsAlone = 1;
  static constexpr std::size_t kAttendQueries = 1;

  float lane[16];

  template <class F>
  static Vector each(F value) noexcept {
    Vector v;
    for (int i = 0; i < 16; ++i) v.lane[i] = value(i);
    return v;
  }
  static void prefetch(const std::byte*) noexcept {}
  void keep() noexcept {}
  static Vector zero() noexcept { return splat(0.0F); }
  static Vector splat(float x) noexcept {
    return each([&](int) { return x; });
  }
  static Vector load(const float* from) noexcept { return load_first(from, 16); }
  static Vector load_first(const float* from, int lanes) noexcept {
    return each([&](int i) { return i < lanes ? from[i] : 0.0F; });
  }
  // 16 signed bytes.
  static Vector load_bytes(const std::byte* from) noexcept {
    return each([&](int i) {
      return static_cast<float>(static_cast<std::int8_t>(from[static_cast<std::size_t>(i)]));
    });
  }
  static void store(float* to, Vector v) noexcept { store_first(to, v, 16); }
  static void store_first(float* to, Vector v, int lanes) noexcept {
    for (int i = 0; i < lanes; ++i) to[i] = v.lane[i];
  }
  static Vector fma(Vector a, Vector b, Vector c) noexcept {
    return each([&](int i) { return std::fma(a.lane[i], b.lane[i], c.lane[i]); });
  }
  static Vector add(Vector a, Vector b) noexcept {
    return each([&](int i) { return a.lane[i] + b.lane[i]; });
  }
  static Vector sub(Vector a, Vector b) noexcept {
    return each([&](int i) { return a.lane[i] - b.lane[i]; });
  }
  static Vector mul(Vector a, Vector b) noexcept {
    return each([&](int i) { return a.lane[i] * b.lane[i]; });
  }
  static Vector div(Vector a, Vector b) noexcept {
    return each([&](int i) { return a.lane[i] / b.lane[i]; });
  }
  // The second one where a lane is NaN, as the processors do it.
  static Vector max(Vector a, Vector b) noexcept {
    return each([&](int i) { return a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i]; });
  }
  static Vector min(Vector a, Vector b) noexcept {
    return each([&](int i) { return a.lane[i] < b.lane[i] ? a.lane[i] : b.lane[i]; });
  }
  // Lanes in [begin, end) stay, the others become `fill`.
  static Vector keep_lanes(Vector v, int begin, int end, float fill) noexcept {
    return each([&](int i) { return i >= begin && i < end ? v.lane[i] : fill; });
  }
  // 0 where x is below the bound.
  static Vector zero_where_less(Vector v, Vector x, float bound) noexcept {
    return each([&](int i) { return x.lane[i] < bound ? 0.0F : v.lane[i]; });
  }
  // 2^n of n + 1.5 * 2^23.
  static Vector power_of_two(Vector shifted) noexcept {
    return each([&](int i) {
      const auto bits = std::bit_cast<std::uint32_t>(shifted.lane[i]);
      return std::bit_cast<float>((bits + 127U) << 23);
    });
  }
  static float first(Vector v) noexcept { return v.lane[0]; }
  static float sum(Vector v) noexcept {
    for (int width = 8; width > 0; width /= 2) {
      for (int i = 0; i < width; ++i) v.lane[i] += v.lane[i + width];
    }
    return v.lane[0];
  }
  static float largest(Vector v) noexcept {
    for (int width = 8; width > 0; width /= 2) {
      for (int i = 0; i < width; ++i) {
        if (v.lane[i + width] > v.lane[i]) v.lane[i] = v.lane[i + width];
      }
    }
    return v.lane[0];
  }
};

template <class Stored, float (*kConvert)(Stored)>
struct Reader {
  static constexpr std::size_t kBytes = sizeof(Stored);
  static Vector load(const std::byte* from) noexcept { return load_first(from, 16); }
  static Vector load_part(const std::byte* from) noexcept { return load(from); }
  static Vector load_first(const std::byte* from, int lanes) noexcept {
    return Vector::each([&](int i) {
      if (i >= lanes) return 0.0F;
      Stored stored;
      std::memcpy(&stored, from + static_cast<std::size_t>(i) * kBytes, kBytes);
      return kConvert(stored);
    });
  }
};

float same(float x) { return x; }
float from_f16(std::uint16_t bits) { return f16_to_f32(bits); }
float from_bf16(std::uint16_t bits) { return bf16_to_f32(bits); }

}  // namespace

const KernelOps kScalarOps =
    generic::make_ops<Vector, Reader<float, same>, Reader<std::uint16_t, from_f16>,
                      Reader<std::uint16_t, from_bf16>>();

}  // namespace tlite
