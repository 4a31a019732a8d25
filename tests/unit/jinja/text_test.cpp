// Provenance: the bytes that came out of the conversation are known wherever they go.
#include "jinja/text.hpp"

#include "jinja/interpreter.hpp"
#include "jinja/parser.hpp"

#include <cmath>
#include <limits>
#include <string>

#include <doctest/doctest.h>

namespace tlite::jinja {
namespace {

// The text with its literal ranges in brackets.
std::string marked(const Text& text) {
  std::string out;
  std::size_t at = 0;
  for (const TextRange& range : text.literal()) {
    CHECK(range.begin >= at);
    CHECK(range.end > range.begin);
    CHECK(range.end <= text.size());
    out += text.bytes().substr(at, range.begin - at) + "[" +
           text.bytes().substr(range.begin, range.end - range.begin) + "]";
    at = range.end;
  }
  return out + text.bytes().substr(at);
}

std::string render(const std::string& source) {
  Dict nested;
  nested.set(text_value("key"), text_value(Text("a\"b", true)));
  Runtime runtime;
  return marked(run(runtime, parse(source),
                    {{"s", text_value(Text(" Ab cé ", true))},
                     {"t", text_value(Text("x,y", true))},
                     {"d", runtime.dict(std::move(nested))}}));
}

TEST_CASE("jinja: literal ranges follow their bytes") {
  const struct {
    const char* source;
    const char* expected;
  } cases[] = {
      {"<{{ s }}>", "<[ Ab cé ]>"},
      {"{{ '<' + s + '>' }}", "<[ Ab cé ]>"},
      {"{{ '<' ~ s ~ 1 ~ t }}", "<[ Ab cé ]1[x,y]"},
      {"{{ s|trim }}|{{ s.strip() }}", "[Ab cé]|[Ab cé]"},
      {"{{ s|upper }}{{ '-' }}{{ s.lower() }}", "[ AB CÉ ]-[ ab cé ]"},
      {"{{ s[1:3] }}.{{ s[::-1] }}", "[Ab].[ éc bA ]"},
      {"{{ ('<' + s + '>')[0:4] }}", "<[ Ab]"},
      {"{{ ('<' + s + '>')[::-1] }}", ">[ éc bA ]<"},
      {"{{ s|replace('Ab', '##') }}", "[ ]##[ cé ]"},
      {"{{ 'a.b'|replace('.', t) }}", "a[x,y]b"},
      {"{{ t.split(',')|join('+') }}", "[x]+[y]"},
      {"{{ t.split(',') }}", "['[x]', '[y]']"},
      {"{{ ','.join(['a', t]) }}", "a,[x,y]"},
      {"{{ d|tojson }}", "{\"key\": \"[a\\\"b]\"}"},
      {"{{ [t, 'z']|tojson }}", "[\"[x,y]\", \"z\"]"},
      {"{{ t ~ 'z'|tojson }}", "[x,y]\"z\""},
      {"{{ d }}", "{'key': '[a\"b]'}"},
      {"{{ '%s!' % t }}{{ '{}!'.format(t) }}", "[x,y]![x,y]!"},
      {"{{ '%5s' % t }}", "  [x,y]"},
      {"{{ t * 2 }}", "[x,yx,y]"},
      {"{{ t|indent }}{{ t|title }}{{ t|capitalize }}", "[x,yX,yX,y]"},
      {"{% set x %}({{ t }}){% endset %}{{ x }}", "([x,y])"},
      {"{% macro m(v) %}<{{ v }}>{% endmacro %}{{ m(t) }}", "<[x,y]>"},
      {"{% filter upper %}a{{ t }}{% endfilter %}", "A[X,Y]"},
      {"{% for c in t %}{{ c }}.{% endfor %}", "[x].[,].[y]."},
      {"{{ t|length }}{{ t == 'x,y' }}", "3True"},
      {"{{ t|e }}{{ t|default('q') }}", "[x,yx,y]"},
      {"{{ 'abc' }}", "abc"},
  };
  for (const auto& one : cases) {
    // Names of their own: Clang 14 does not capture structured bindings.
    const char* const source = one.source;
    const char* const expected = one.expected;
    CAPTURE(source);
    // Brackets of lists are text, too: ranges are compared with the marks.
    CHECK(render(source) == expected);
  }
}

TEST_CASE("jinja: substr and append cut ranges at any place") {
  Text text("ab");
  text.append("cd", true);
  text.append("ef");
  text.append("gh", true);
  for (std::size_t begin = 0; begin <= text.size(); ++begin) {
    for (std::size_t end = begin; end <= text.size(); ++end) {
      const Text part = text.substr(begin, end);
      REQUIRE(part.bytes() == text.bytes().substr(begin, end - begin));
      for (std::size_t i = 0; i < part.size(); ++i) {
        CHECK(part.literal_at(i) == text.literal_at(begin + i));
      }
    }
  }
}

TEST_CASE("jinja: neighbouring ranges become one") {
  Text text("ab", true);
  text.append("cd", true);
  REQUIRE(text.literal().size() == 1);
  CHECK(text.literal()[0].end == 4);
}

TEST_CASE("jinja: invalid UTF-8 passes through, a byte a character") {
  const std::string bytes =
      "a\xff\xd0"
      "b\xe2\x82";
  CHECK(count_characters(bytes) == 6);
  CHECK(map_case(Text(bytes), Case::upper).bytes() ==
        "A\xff\xd0"
        "B\xe2\x82");
  CHECK(strip_right(bytes) == bytes);
}

TEST_CASE("jinja: what no double holds is infinity or zero, wherever its point stands") {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const std::string zeros(400, '0');
  for (const std::string& huge : {std::string("1e309"), std::string("0.5E+309"), "1" + zeros + ".5",
                                  "0." + zeros + "1e999", std::string("1e99999999999999999999")}) {
    CHECK(beyond_double(huge) == kInfinity);
    CHECK(beyond_double("-" + huge) == -kInfinity);
  }
  for (const std::string& tiny :
       {std::string("1e-324"), std::string("12.5e-330"), "0." + zeros + "1", "1" + zeros + "e-999",
        std::string("1e-99999999999999999999")}) {
    CHECK(beyond_double(tiny) == 0);
    CHECK(std::signbit(beyond_double("-" + tiny)));
  }
}

}  // namespace
}  // namespace tlite::jinja
