#include "text/bpe.hpp"

#include <random>
#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace tlite::text {
namespace {

// Letters a, b, ... as ids 0, 1, ...; each merge makes the next id.
TokenizerSpec letters(int count, const std::vector<std::pair<TokenId, TokenId>>& merges) {
  TokenizerSpec spec;
  for (TokenId id = 0; id < count; ++id) {
    spec.vocabulary.add(id, std::string(1, static_cast<char>('a' + id)));
  }
  TokenId next = count;
  for (const auto& [left, right] : merges) spec.merges.push_back({left, right, next++});
  return spec;
}

std::vector<TokenId> encode(const TokenizerSpec& spec, std::string_view word) {
  std::vector<TokenId> ids;
  Bpe::Scratch scratch;
  Bpe(spec).encode(word, ids, scratch);
  return ids;
}

using Ids = std::vector<TokenId>;

}  // namespace

TEST_CASE("text/bpe: the lowest rank merges first, of equals the leftmost") {
  const TokenizerSpec spec = letters(3, {{1, 2}, {0, 1}, {0, 0}, {0, 3}});
  CHECK(encode(spec, "abc") == Ids{6});  // bc, then a + bc
  CHECK(encode(spec, "ab") == Ids{4});
  CHECK(encode(spec, "aaa") == Ids{5, 0});
  CHECK(encode(spec, "aaaa") == Ids{5, 5});
  CHECK(encode(spec, "") == Ids{});
  CHECK(encode(spec, "c") == Ids{2});
}

TEST_CASE("text/bpe: a pair that is listed twice has the rank of the last") {
  TokenizerSpec spec = letters(3, {{0, 1}, {1, 2}});
  CHECK(encode(spec, "abc") == Ids{3, 2});
  spec.merges.push_back(spec.merges[0]);
  CHECK(encode(spec, "abc") == Ids{0, 4});
}

TEST_CASE("text/bpe: bytes without a token are dropped or unknown") {
  TokenizerSpec spec = letters(3, {{0, 1}});
  CHECK(encode(spec, "a??b") == Ids{3});
  spec.unknown = 2;
  CHECK(encode(spec, "?a??") == Ids{2, 0, 2, 2});
  spec.fuse_unknown = true;
  CHECK(encode(spec, "?a??") == Ids{2, 0, 2});
}

TEST_CASE("text/bpe: long words merge like short ones") {
  std::mt19937 random(3);
  for (int round = 0; round < 300; ++round) {
    std::vector<std::pair<TokenId, TokenId>> merges;
    for (TokenId i = 0; i < 40; ++i) {
      merges.emplace_back(static_cast<TokenId>(random() % static_cast<unsigned>(4 + i)),
                          static_cast<TokenId>(random() % static_cast<unsigned>(4 + i)));
    }
    const Bpe bpe(letters(4, merges));
    Ids ids;
    for (std::size_t i = 0; i < 2 + random() % (Bpe::kShortWord - 1); ++i) {
      ids.push_back(static_cast<TokenId>(random() % 4));
    }
    Ids by_heap = ids;
    Bpe::Scratch scratch;
    bpe.merge_short(ids);
    bpe.merge_long(by_heap, scratch);
    CHECK(ids == by_heap);
  }
}

TEST_CASE("text/bpe: a word of a million letters takes no quadratic time") {
  const TokenizerSpec spec = letters(1, {{0, 0}, {1, 1}, {2, 2}, {3, 3}});
  CHECK(encode(spec, std::string(1 << 20, 'a')) == Ids(1 << 16, 4));
}

}  // namespace tlite::text
