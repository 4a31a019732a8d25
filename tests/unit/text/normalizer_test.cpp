#include "text/normalizer.hpp"

#include "base/utf8.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace tlite::text {
namespace {

struct Nfc {
  CharClasses classes;
  NfcNormalizer normalizer{classes};
  std::string buffer;
  std::vector<Edit> edits;

  std::string operator()(std::string_view text) {
    return std::string(normalizer.normalize(text, buffer, edits));
  }
};

}  // namespace

TEST_CASE("text/normalizer: text that NFC leaves alone is not copied") {
  Nfc nfc;
  for (const std::string_view text : {"", "plain", "Привет, мир!", "中文", "é", "😀"}) {
    CHECK(nfc.normalizer.normalize(text, nfc.buffer, nfc.edits).data() == text.data());
  }
}

TEST_CASE("text/normalizer: marks join, sort and decompose as in Annex 15") {
  Nfc nfc;
  CHECK(nfc("e\u0301") == "é");
  CHECK(nfc("q\u0307\u0323") == "q\u0323\u0307");
  CHECK(nfc("\u212B") == "Å");
  CHECK(nfc("\u1100\u1161\u11A8") == "각");
  CHECK(nfc("\u0344") == "\u0308\u0301");
  CHECK(nfc("\u0958") == "\u0915\u093C");  // excluded from composition
  CHECK(nfc("и\u0306 и\u0306x") == "й йx");
}

TEST_CASE("text/normalizer: properties newer than the reference's are not applied") {
  Nfc nfc;
  CHECK(nfc("\U00011935\U00011930") == "\U00011935\U00011930");  // joins since Unicode 13
  CHECK(nfc("\U000105D2\u0307") == "\U000105D2\u0307");          // joins since Unicode 16
  CHECK(nfc("a\u0301\u0898\u0323") == "\u00E1\u0898\u0323");     // a mark since Unicode 14
}

TEST_CASE("text/normalizer: a hundred thousand marks are sorted in no quadratic time") {
  Nfc nfc;
  std::string text = "a";
  for (int i = 0; i < 100000; ++i) text += i % 2 == 0 ? "\u0345" : "\u0334";
  const std::string result = nfc(text);
  CHECK(result.size() == text.size());
  CHECK(result.starts_with("a\u0334\u0334"));
  CHECK(result.ends_with("\u0345\u0345"));
}

TEST_CASE("text/normalizer: ranges move with the text, borders inside a change go outwards") {
  Nfc nfc;
  const std::string result = nfc("xe\u0301y\u212Bz");  // x [e 3] y [3] z to x [2] y [2] z
  CHECK(result == "xéyÅz");
  const std::vector<TextRange> ranges = {{0, 1}, {2, 3}, {4, 5}, {6, 9}};
  const std::vector<TextRange> mapped = map_ranges(ranges, nfc.edits);
  // "y" before the Ångström sign may join with it as far as the edit knows.
  const std::vector<TextRange> want = {{0, 1}, {1, 3}, {3, 6}, {3, 7}};
  REQUIRE(mapped.size() == want.size());
  for (std::size_t i = 0; i < want.size(); ++i) {
    CAPTURE(i);
    CHECK(mapped[i].begin == want[i].begin);
    CHECK(mapped[i].end == want[i].end);
  }
}

}  // namespace tlite::text
