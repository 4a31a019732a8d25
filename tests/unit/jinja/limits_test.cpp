// Hostile templates end in an error that names the line, quickly and without much memory.
#include "jinja/interpreter.hpp"
#include "jinja/parser.hpp"
#include "unit/support/errors.hpp"

#include <string>

#include <doctest/doctest.h>

namespace tlite::jinja {
namespace {

using test::error_of;

std::string times(std::size_t count, std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += text;
  return out;
}

std::string error_in(const std::string& source) {
  return error_of([&] {
    Runtime runtime;
    run(runtime, parse(source), {});
  });
}

bool fails_with(const std::string& source, const std::string& part) {
  const std::string error = error_in(source);
  INFO(error);
  return error.find("bad_template: chat template, line ") == 0 &&
         error.find(part) != std::string::npos;
}

TEST_CASE("jinja: a string that explodes is refused") {
  CHECK(fails_with("{{ 'a' * 1000000000 }}", "a string is longer than"));
  CHECK(fails_with("{{ 'ab' * 9223372036854775807 }}", "a string is longer than"));
  CHECK(fails_with("{{ 'a'.center(1000000000)|length }}", "a string is longer than"));
  CHECK(fails_with("{{ '%1000000000d' % 1 }}", "a width is too large"));
  CHECK(fails_with("{{ '{:>1000000000}'.format(1) }}", "a width is too large"));
  CHECK(fails_with("{{ '%.1000000000f' % 1 }}", "too large"));
  CHECK(
      fails_with("{% set n = namespace(x='aaaaaaaaaaaaaaaa') %}{% for i in range(60) %}"
                 "{% set n.x = n.x ~ n.x %}{% endfor %}",
                 "a string is longer than"));
  CHECK(
      fails_with("{% set n = namespace(x='aaaaaaaaaaaaaaaa') %}{% for i in range(60) %}"
                 "{% set n.x = n.x.replace('a', 'aa') %}{% endfor %}",
                 "than"));
  CHECK(fails_with("{% set x = 'x' * 60000000 %}{% for i in range(100) %}{{ x[1:] }}{% endfor %}",
                   "than"));
}

TEST_CASE("jinja: a list that explodes is refused") {
  CHECK(fails_with("{{ [1] * 1000000000 }}", "steps"));
  CHECK(fails_with("{{ range(100001) }}", "range of more than 100000 elements"));
  CHECK(
      fails_with("{% set n = namespace(x=[1]) %}{% for i in range(60) %}"
                 "{% set n.x = n.x + n.x %}{% endfor %}",
                 "than"));
  CHECK(fails_with("{{ range(99999)|map('string')|map('list')|list * 100 }}", "than"));
}

TEST_CASE("jinja: a template that loops is stopped") {
  CHECK(
      fails_with("{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}"
                 "{% endfor %}",
                 "the template takes more than"));
  CHECK(fails_with("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
                   "the template nests deeper than"));
  CHECK(
      fails_with("{% macro f() %}{{ g() }}{% endmacro %}\n{% macro g() %}{{ f() }}{{ f() }}"
                 "{% endmacro %}{{ f() }}",
                 "the template nests deeper than"));
  CHECK(fails_with("{% for x in [[1]] recursive %}{{ loop([x]) }}{% endfor %}",
                   "the template nests deeper than"));
  CHECK(
      fails_with("{% set x = 'x' * 30000000 %}{% for i in range(100000) %}"
                 "{{ 'yy' in x }}{% endfor %}",
                 "the template takes more than"));
}

TEST_CASE("jinja: what nests too deep is refused by the parser") {
  CHECK(fails_with("{{ " + times(5000, "(") + "1" + times(5000, ")") + " }}", "nests deeper"));
  CHECK(fails_with("{{ " + times(5000, "[") + times(5000, "]") + " }}", "nests deeper"));
  CHECK(fails_with("{{ " + times(100000, "-") + "1 }}", "nests deeper"));
  CHECK(fails_with("{{ " + times(100000, "not ") + "1 }}", "nests deeper"));
  CHECK(fails_with("{{ 1" + times(100000, " + 1") + " }}", "nests deeper"));
  CHECK(fails_with("{{ x" + times(100000, ".a") + " }}", "nests deeper"));
  CHECK(fails_with("{{ x" + times(100000, "|list") + " }}", "nests deeper"));
  CHECK(fails_with("{{ 1" + times(100000, " if 1 else 1") + " }}", "nests deeper"));
  CHECK(fails_with(times(5000, "{% if 1 %}") + times(5000, "{% endif %}"), "nests deeper"));
  CHECK(fails_with("{% set " + times(5000, "(") + "a" + times(5000, ")") + " = 1 %}",
                   "nests deeper"));
  // Many, but side by side.
  CHECK(error_in(times(5000, "{% if 1 %}{{ [1, (2)] }}{% endif %}")) == "nothing");
  CHECK(error_in("{{ [" + times(5000, "1, ") + "] }}") == "nothing");
}

TEST_CASE("jinja: values that nest without end are refused, and cycles are let go") {
  CHECK(
      fails_with("{% set n = namespace(x=[]) %}{% for i in range(10000) %}"
                 "{% set n.x = [n.x] %}{% endfor %}",
                 "a value nests deeper than"));
  CHECK(
      fails_with("{% set n = namespace(x={}) %}{% for i in range(10000) %}"
                 "{% set n.x = {'a': n.x} %}{% endfor %}",
                 "a value nests deeper than"));
  CHECK(
      fails_with("{% set n = namespace(x=[]) %}{% for i in range(10000) %}"
                 "{% for y in [n.x] %}{% set n.x = loop %}{% endfor %}{% endfor %}",
                 "a value nests deeper than"));
  CHECK(fails_with("{% set n = namespace() %}{% set n.x = n %}{{ n }}", "nests deeper than"));
  CHECK(error_in("{% set n = namespace() %}{% set n.x = n %}{% macro f() %}{% endmacro %}"
                 "{% set n.f = f %}{% for i in [1] %}{{ loop.changed(loop) }}"
                 "{% set n.l = loop %}{% endfor %}{{ n.l.changed(n.l, n) }}") == "nothing");
  CHECK(error_in("{% set n = namespace() %}{% for i in range(50000) %}{% set m = namespace(x=n.x) "
                 "%}{% set n.x = m %}{% endfor %}") == "nothing");
  // A doubling tree of shared lists: small in memory, endless in print.
  CHECK(
      fails_with("{% set n = namespace(x=[1]) %}{% for i in range(100) %}"
                 "{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x }}",
                 "than"));
  CHECK(
      fails_with("{% set n = namespace(x=[1], y=[1]) %}{% for i in range(100) %}"
                 "{% set n.x = [n.x, n.x] %}{% set n.y = [n.y, n.y] %}{% endfor %}"
                 "{{ n.x == n.y }}",
                 "the template takes more than"));
}

TEST_CASE("jinja: a condition kept longer than its loop does no harm") {
  CHECK(error_in("{% set n = namespace() %}{% for i in [1, 2, 3] if i > 0 %}{% set n.l = loop %}"
                 "{% break %}{% endfor %}{{ n.l.last }}{{ n.l.length }}{{ n.l.nextitem }}") ==
        "nothing");
}

TEST_CASE("jinja: errors name the line") {
  const struct {
    const char* source;
    const char* error;
  } cases[] = {
      {"a\n{{ 1 +\n 'x' }}", "line 3: unsupported operand types for +: 'int' and 'str'"},
      {"\n\n{% if x %}", "line 3: Unexpected end of template: 'endif' is missing"},
      {"{% for x in y %}\n{% endif %}", "line 2: Encountered unknown tag 'endif'."},
      {"{{ 'a\n", "line 1: unexpected char '"},
      {"\n{{ nothing.of }}", "line 2: 'nothing' is undefined"},
      {"{% set d = {} %}\n{{ d.x.y }}", "line 2: 'dict object' has no attribute 'x'"},
      {"{{ [].append(1) }}", "line 1: access to attribute 'append' of 'list' object is unsafe."},
      {"{% block a %}{% endblock %}", "line 1: not supported: the tag 'block'"},
      {"{{ 9223372036854775807 + 1 }}", "line 1: an integer does not fit in 64 bits"},
      {"{{ 99999999999999999999 }}", "line 1: bad integer '99999999999999999999'"},
      {"{{ '\\ud800' }}", "line 1: a string has an escape that is no Unicode character"},
      {"{{ raise_exception('ой') }}", "line 1: ой"},
      {"{{ strftime_now('%9999d') }}", "line 1: strftime_now: no such time"},
      {"{{ {}|tojson(ensure_ascii=true) }}", "line 1: tojson: ensure_ascii is not supported"},
  };
  for (const auto& one : cases) {
    // Names of their own: Clang 14 does not capture structured bindings.
    const char* const source = one.source;
    const char* const error = one.error;
    CAPTURE(source);
    CHECK(fails_with(source, std::string("chat template, ") + error));
  }
}

}  // namespace
}  // namespace tlite::jinja
