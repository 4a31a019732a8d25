#include "sample/token_counts.hpp"

#include "base/rng.hpp"

#include <map>

#include <doctest/doctest.h>

namespace tlite {

TEST_CASE("sample/token_counts: equals a map, through growth and collisions") {
  TokenCounts counts(4);
  std::map<TokenId, std::uint32_t> expected;
  CounterRng rng(3);
  for (int i = 0; i < 20000; ++i) {
    const auto token = static_cast<TokenId>(rng.next_u64() % 6000);
    if (i % 3 == 0) {
      counts.add_prompt(token);
      expected.try_emplace(token, 0);
    } else {
      counts.add_output(token);
      ++expected[token];
    }
  }
  std::map<TokenId, std::uint32_t> seen;
  counts.for_each([&](const TokenCounts::Entry& entry) {
    CHECK(seen.emplace(entry.token, entry.output).second);
  });
  CHECK(seen == expected);
}

}  // namespace tlite
