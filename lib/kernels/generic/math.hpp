// exp on 16 lanes, the same bits in every tier.
#pragma once

namespace tlite::generic {

// Cody and Waite's reduction x = n ln2 + r, |r| <= ln2/2, and a polynomial of degree 6 in r
// (Cephes' expf coefficients), all in fused steps. Adding 1.5 * 2^23 rounds to an integer whose
// value then stands in the low bits.
template <class V>
[[gnu::always_inline]] inline V exp(V x) noexcept {
  constexpr float kLowest = -87.3F;
  constexpr float kHighest = 88.3F;
  constexpr float kRound = 12582912.0F;
  const V clamped = V::min(V::splat(kHighest), V::max(V::splat(kLowest), x));
  const V shifted = V::fma(clamped, V::splat(1.44269504088896341F), V::splat(kRound));
  const V n = V::sub(shifted, V::splat(kRound));
  V r = V::fma(n, V::splat(-0.693359375F), clamped);
  r = V::fma(n, V::splat(2.12194440e-4F), r);
  V p = V::splat(1.9875691500e-4F);
  p = V::fma(p, r, V::splat(1.3981999507e-3F));
  p = V::fma(p, r, V::splat(8.3334519073e-3F));
  p = V::fma(p, r, V::splat(4.1665795894e-2F));
  p = V::fma(p, r, V::splat(1.6666665459e-1F));
  p = V::fma(p, r, V::splat(5.0000001201e-1F));
  p = V::fma(p, V::mul(r, r), r);
  p = V::add(p, V::splat(1.0F));
  return V::zero_where_less(V::mul(p, V::power_of_two(shifted)), x, kLowest);
}

}  // namespace tlite::generic
