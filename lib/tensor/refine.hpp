// The outer loop of the encoders of 256-element blocks: integers are chosen for the block's own
// scale, and the scale that fits them best is tried in turn.
#pragma once

namespace tlite {

// Choices of a block's own scale: the second lowers the error by up to 1.8 %, a third by up to 0.3
// % more (quantize_bench, Q2_K; the finer formats gain less).
inline constexpr int kRounds = 2;

// A choice has the `steps` (the block's own scale, or scale and minimum) it was made for, and an
// `error`. choose(steps) makes one; fitted(choice) gives the steps that suit its integers.
template <class Steps, class Choose, class Fitted>
auto refine(Steps first, const Choose& choose, const Fitted& fitted) noexcept {
  auto best = choose(first);
  for (int round = 1; round < kRounds; ++round) {
    const Steps next = fitted(best);
    if (next == best.steps) break;
    const auto choice = choose(next);
    if (!(choice.error < best.error)) break;
    best = choice;
  }
  return best;
}

}  // namespace tlite
