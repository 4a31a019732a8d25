#include "sample/top_k.hpp"

#include "random_logits.hpp"

#include <algorithm>
#include <functional>
#include <limits>

#include <doctest/doctest.h>

namespace tlite {

TEST_CASE("sample/top_k: the k-th largest equals a full sort's") {
  std::vector<float> maxima, scratch;
  for (const std::size_t count : {1U, 2U, 63U, 64U, 65U, 1000U, 4096U, 10007U}) {
    std::vector<float> values = random_logits(count, count, 20.0);
    for (std::size_t i = 0; i < count; i += 5) values[i] = values[i / 2];  // ties
    std::vector<float> sorted = values;
    std::sort(sorted.begin(), sorted.end(), std::greater<>());
    CHECK(chunk_maxima(values, maxima, kernel_ops(CpuTier::scalar)) == sorted[0]);
    for (std::size_t k = 1; k <= count; k += 1 + k / 3) {
      CHECK(kth_largest(values, maxima, k, scratch) == sorted[k - 1]);
    }
    CHECK(kth_largest(values, maxima, count, scratch) == sorted.back());
  }
}

TEST_CASE("sample/top_k: the first of equal largest values is found, whatever chunk it is in") {
  std::vector<float> maxima;
  for (const std::size_t first : {0U, 63U, 64U, 130U, 299U}) {
    std::vector<float> values(300, -1.0F);
    values[first] = values[299] = 2.0F;
    chunk_maxima(values, maxima, kernel_ops(CpuTier::scalar));
    CHECK(first_largest(values, maxima) == first);
  }
}

TEST_CASE("sample/top_k: minus infinity is a value like others") {
  std::vector<float> values(200, -std::numeric_limits<float>::infinity());
  values[150] = -1e30F;
  std::vector<float> maxima, scratch;
  CHECK(chunk_maxima(values, maxima, kernel_ops(CpuTier::scalar)) == -1e30F);
  CHECK(first_largest(values, maxima) == 150);
  CHECK(kth_largest(values, maxima, 2, scratch) == -std::numeric_limits<float>::infinity());
}

}  // namespace tlite
