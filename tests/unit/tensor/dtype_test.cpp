#include "tensor/dtype.hpp"

#include <cmath>
#include <limits>

#include <doctest/doctest.h>

namespace tlite {

TEST_CASE("tensor/dtype: every f16 and bf16 value survives the way through f32") {
  for (std::uint32_t i = 0; i < 65536; ++i) {
    const auto bits = static_cast<std::uint16_t>(i);
    const float half = f16_to_f32(bits);
    if (!std::isnan(half)) REQUIRE(f32_to_f16(half) == bits);
    const float brain = bf16_to_f32(bits);
    if (!std::isnan(brain)) REQUIRE(f32_to_bf16(brain) == bits);
  }
}

TEST_CASE("tensor/dtype: rounding is to nearest even, overflow is infinity, NaN stays NaN") {
  const float infinity = std::numeric_limits<float>::infinity();
  CHECK(f16_to_f32(f32_to_f16(1.0F + 0x1.0p-11F)) == 1.0F);
  CHECK(f16_to_f32(f32_to_f16(1.0F + 0x1.8p-10F)) == 1.0F + 0x1.0p-9F);
  CHECK(f16_to_f32(f32_to_f16(65519.0F)) == 65504.0F);
  CHECK(f16_to_f32(f32_to_f16(65520.0F)) == infinity);
  CHECK(f16_to_f32(f32_to_f16(-0x1.0p-24F)) == -0x1.0p-24F);
  CHECK(f16_to_f32(f32_to_f16(0x1.0p-25F)) == 0.0F);
  CHECK(bf16_to_f32(f32_to_bf16(1.0F + 0x1.0p-8F)) == 1.0F);
  CHECK(bf16_to_f32(f32_to_bf16(1.0F + 0x1.8p-7F)) == 1.0F + 0x1.0p-6F);
  CHECK(std::isnan(f16_to_f32(f32_to_f16(std::nanf("")))));
  CHECK(std::isnan(bf16_to_f32(f32_to_bf16(std::nanf("")))));
}

}  // namespace tlite
