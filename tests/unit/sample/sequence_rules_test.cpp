#include "sample/sequence_rules.hpp"

#include <limits>
#include <vector>

#include <doctest/doctest.h>

namespace tlite {

TEST_CASE("sample/sequence_rules: a penalty that has grown without bound leaves numbers") {
  std::vector<float> scores = {0.0F, 2.0F, -2.0F};
  const std::vector<TokenId> ends = {0, 1, 2};
  decay_length(scores, ends, 2.0F, 5000);
  constexpr float kLargest = std::numeric_limits<float>::max();
  CHECK(scores == std::vector<float>{0.0F, kLargest, kLargest});
}

}  // namespace tlite
