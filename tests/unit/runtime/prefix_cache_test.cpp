#include "runtime/prefix_cache.hpp"

#include "unit/runtime/fake_batch_model.hpp"
#include "unit/runtime/fake_model.hpp"

#include <string>

#include <doctest/doctest.h>

namespace tlite {
namespace {

using test::bytes_of;
using test::FakeBatchModel;

struct Fixture {
  // As a sequence of these tokens leaves it.
  KvPrefix computed(const std::string& text) {
    const SequenceId sequence = model.create();
    std::vector<BatchRow> rows;
    for (const TokenId token : bytes_of(text)) {
      rows.push_back({token, sequence, static_cast<std::int32_t>(rows.size()), false});
    }
    RunState run;
    model.submit(rows);
    model.advance(BatchModel::Clock::time_point::max(), run);
    const KvPrefix prefix = model.prefix(sequence, -1);
    model.destroy(sequence);
    return prefix;
  }
  void insert(const std::string& text) { cache.insert(bytes_of(text), computed(text)); }
  std::int32_t found(const std::string& text) { return cache.find(bytes_of(text)).length; }

  static EvaluatorOptions options() {
    EvaluatorOptions made;
    made.context = 64 * 32;
    return made;
  }
  FakeBatchModel model{options(), [](const auto&) { return std::vector<float>(); }};
  PrefixCache cache;
};

}  // namespace

TEST_CASE("runtime/prefix_cache: the longest prefix is found to the token") {
  Fixture fixture;
  const std::string page(32, 'p');
  fixture.insert(page + page + "abc");
  fixture.insert(page + std::string(32, 'q') + "x");
  CHECK(fixture.cache.pages() == 5);
  struct Row {
    std::string text;
    std::int32_t length;
  };
  for (const Row& row :
       {Row{page + page + "abcd", 67}, Row{page + page + "abd", 66}, Row{page + page, 64},
        Row{page + std::string(31, 'p') + "-", 63}, Row{page + std::string(32, 'q') + "y", 64},
        Row{"ppp-", 3}, Row{"x", 0}, Row{"", 0}, Row{page + "q" + std::string(80, 'p'), 33}}) {
    CAPTURE(row.text);
    CHECK(fixture.found(row.text) == row.length);
    CHECK(fixture.cache.find(bytes_of(row.text)).pages.size() ==
          pages_for(static_cast<std::size_t>(row.length)));
  }
}

TEST_CASE("runtime/prefix_cache: a beginning grows, and nothing is there twice") {
  Fixture fixture;
  const std::string page(32, 'p');
  fixture.insert("ab");
  fixture.insert("a");
  CHECK(fixture.cache.pages() == 1);
  fixture.insert("abcd");
  CHECK(fixture.cache.pages() == 1);
  CHECK(fixture.found("abcdef") == 4);
  fixture.insert("abcdefgh" + std::string(24, '.') + "z");
  CHECK(fixture.cache.pages() == 2);
  fixture.insert("ab-");
  CHECK(fixture.cache.pages() == 3);
  CHECK(fixture.found("ab-") == 3);
  CHECK(fixture.found("abcdefgh" + std::string(24, '.') + "z") == 33);
}

TEST_CASE("runtime/prefix_cache: what was used longest ago goes first, leaves before their stem") {
  Fixture fixture;
  const std::string page(32, 'p');
  fixture.insert(page + "a");
  fixture.insert("b");
  fixture.insert("c");
  CHECK(fixture.found(page + "a") == 33);
  const KvPrefix held = fixture.cache.find(bytes_of("b"));
  CHECK(fixture.cache.evict());  // "c": "b" is somebody's
  CHECK(fixture.found("c") == 0);
  CHECK(fixture.cache.evict());
  CHECK(fixture.found(page + "a") == 32);
  CHECK(fixture.cache.evict());
  CHECK(fixture.found(page) == 0);
  CHECK(fixture.found("b") == 1);
  CHECK(fixture.cache.evict());  // nothing else is left
  CHECK_FALSE(fixture.cache.evict());
  CHECK(fixture.cache.pages() == 0);
  CHECK(fixture.model.free_pages() == 63);
}

TEST_CASE("runtime/prefix_cache: a copy holds the same pages") {
  Fixture fixture;
  const std::string page(32, 'p');
  fixture.insert(page + page + "a");
  fixture.insert(page + "b");
  PrefixCache copy;
  copy.copy_from(fixture.cache);
  fixture.cache.clear();
  CHECK(fixture.cache.pages() == 0);
  CHECK(copy.pages() == 4);
  CHECK(copy.find(bytes_of(page + page + "a")).length == 65);
  CHECK(fixture.model.free_pages() == 60);
  copy.clear();
  CHECK(fixture.model.free_pages() == 64);
}

}  // namespace tlite
