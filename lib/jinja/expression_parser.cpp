#include "jinja/expression_parser.hpp"

#include "jinja/filters.hpp"

#include <algorithm>

namespace tlite::jinja {
namespace {

// CPython refuses the code that Jinja makes of deeper templates, too.
constexpr int kMaxNesting = 300;  // about a hundred parentheses
constexpr int kMaxExpressionDepth = 250;

std::string describe(const Token& token) {
  switch (token.kind) {
    case TokenKind::end:
      return "end of template";
    case TokenKind::variable_end:
      return "end of print statement";
    case TokenKind::block_end:
      return "end of statement block";
    default:
      return token.value;
  }
}

}  // namespace

ExpressionParser::Nesting::Nesting(ExpressionParser& parser) : parser_(parser) {
  if (parser_.nesting_ >= kMaxNesting) {
    parser_.fail("the template nests deeper than " + std::to_string(kMaxNesting));
  }
  ++parser_.nesting_;
}

void ExpressionParser::fail(const std::string& message) const {
  fail_syntax(current().line, message);
}

bool ExpressionParser::is_symbol(std::string_view symbol) const {
  return current().kind == TokenKind::symbol && current().value == symbol;
}

bool ExpressionParser::is_name(std::string_view name) const {
  return current().kind == TokenKind::name && current().value == name;
}

bool ExpressionParser::skip_symbol(std::string_view symbol) {
  if (!is_symbol(symbol)) return false;
  next();
  return true;
}

bool ExpressionParser::skip_name(std::string_view name) {
  if (!is_name(name)) return false;
  next();
  return true;
}

void ExpressionParser::expect_symbol(std::string_view symbol) {
  if (!skip_symbol(symbol)) {
    fail("expected token '" + std::string(symbol) + "', got '" + describe(current()) + "'");
  }
}

std::string ExpressionParser::expect_name() {
  if (current().kind != TokenKind::name) {
    fail("expected a name, got '" + describe(current()) + "'");
  }
  return next().value;
}

ExpressionPtr ExpressionParser::seal(ExpressionPtr made) const {
  int depth = 0;
  const auto look_at = [&depth](const ExpressionPtr& part) {
    if (part) depth = std::max(depth, part->depth);
  };
  for (const ExpressionPtr& part : made->operands) look_at(part);
  for (const ExpressionPtr& part : made->arguments.positional) look_at(part);
  for (const auto& [name, part] : made->arguments.named) look_at(part);
  look_at(made->arguments.star);
  look_at(made->arguments.double_star);
  made->depth = depth + 1;
  if (made->depth > kMaxExpressionDepth) {
    fail_syntax(made->line,
                "an expression nests deeper than " + std::to_string(kMaxExpressionDepth));
  }
  return made;
}

ExpressionPtr ExpressionParser::make(ExpressionKind kind, int line,
                                     std::vector<ExpressionPtr> operands) {
  auto made = std::make_unique<Expression>();
  made->kind = kind;
  made->line = line;
  made->operands = std::move(operands);
  return seal(std::move(made));
}

namespace {

std::vector<ExpressionPtr> pack(ExpressionPtr a, ExpressionPtr b = nullptr) {
  std::vector<ExpressionPtr> out;
  out.push_back(std::move(a));
  if (b) out.push_back(std::move(b));
  return out;
}

ExpressionPtr with_operator(ExpressionPtr made, Operator op) {
  made->op = op;
  return made;
}

}  // namespace

ExpressionPtr ExpressionParser::primary() {
  const Token token = current();
  switch (token.kind) {
    case TokenKind::name: {
      next();
      const std::string& name = token.value;
      auto made = make(ExpressionKind::constant, token.line);
      if (name == "true" || name == "True") {
        made->value = true;
      } else if (name == "false" || name == "False") {
        made->value = false;
      } else if (name == "none" || name == "None") {
        made->value = None{};
      } else {
        made->kind = ExpressionKind::name;
        made->text = name;
        names_used.caller |= name == "caller";
        names_used.kwargs |= name == "kwargs";
        names_used.varargs |= name == "varargs";
      }
      return made;
    }
    case TokenKind::string: {
      std::string joined;
      while (current().kind == TokenKind::string) joined += next().value;
      auto made = make(ExpressionKind::constant, token.line);
      made->value = text_value(joined);
      return made;
    }
    case TokenKind::integer:
    case TokenKind::real: {
      next();
      auto made = make(ExpressionKind::constant, token.line);
      made->value = token.kind == TokenKind::integer ? Value(token.integer) : Value(token.real);
      return made;
    }
    default:
      if (is_symbol("(")) return parenthesized();
      if (is_symbol("[")) return list_literal();
      if (is_symbol("{")) return dict_literal();
      fail("unexpected '" + describe(token) + "'");
  }
}

ExpressionPtr ExpressionParser::parenthesized() {
  const int line = next().line;
  if (skip_symbol(")")) return make(ExpressionKind::tuple, line);
  ExpressionPtr inside = tuple(true, ")");
  expect_symbol(")");
  return inside;
}

ExpressionPtr ExpressionParser::list_literal() {
  const int line = next().line;
  std::vector<ExpressionPtr> items;
  while (!is_symbol("]")) {
    if (!items.empty()) expect_symbol(",");
    if (is_symbol("]")) break;
    items.push_back(expression());
  }
  expect_symbol("]");
  return make(ExpressionKind::list, line, std::move(items));
}

ExpressionPtr ExpressionParser::dict_literal() {
  const int line = next().line;
  std::vector<ExpressionPtr> items;
  while (!is_symbol("}")) {
    if (!items.empty()) expect_symbol(",");
    if (is_symbol("}")) break;
    items.push_back(expression());
    expect_symbol(":");
    items.push_back(expression());
  }
  expect_symbol("}");
  return make(ExpressionKind::dict, line, std::move(items));
}

CallArguments ExpressionParser::call_arguments() {
  CallArguments out;
  expect_symbol("(");
  bool first = true;
  const auto ensure = [this](bool fine) {
    if (!fine) fail("invalid syntax for function call expression");
  };
  while (!is_symbol(")")) {
    if (!first) expect_symbol(",");
    first = false;
    if (is_symbol(")")) break;
    if (skip_symbol("*")) {
      ensure(!out.star && !out.double_star);
      out.star = expression();
    } else if (skip_symbol("**")) {
      ensure(!out.double_star);
      out.double_star = expression();
    } else if (current().kind == TokenKind::name && look().kind == TokenKind::symbol &&
               look().value == "=") {
      ensure(!out.double_star);
      std::string name = next().value;
      next();
      ExpressionPtr value = expression();
      out.named.emplace_back(std::move(name), std::move(value));
    } else {
      ensure(!out.star && !out.double_star && out.named.empty());
      out.positional.push_back(expression());
    }
  }
  expect_symbol(")");
  return out;
}

ExpressionPtr ExpressionParser::call(ExpressionPtr value) {
  auto made = make(ExpressionKind::call, current().line);
  made->operands.push_back(std::move(value));
  made->arguments = call_arguments();
  return seal(std::move(made));
}

ExpressionPtr ExpressionParser::dotted(ExpressionPtr value, int line) {
  const Token token = current();
  next();
  if (token.kind == TokenKind::name) {
    auto made = make(ExpressionKind::attribute, line, pack(std::move(value)));
    made->text = token.value;
    return made;
  }
  if (token.kind != TokenKind::integer) fail_syntax(token.line, "expected name or number");
  auto index = make(ExpressionKind::constant, token.line);
  index->value = token.integer;
  return make(ExpressionKind::item, line, pack(std::move(value), std::move(index)));
}

ExpressionPtr ExpressionParser::subscript(ExpressionPtr value) {
  const int line = current().line;
  if (skip_symbol(".")) return dotted(std::move(value), line);
  expect_symbol("[");
  ExpressionPtr start;
  if (!is_symbol(":")) start = expression();
  if (!is_symbol(":")) {
    if (is_symbol(",")) fail("not supported: a subscript of several values");
    expect_symbol("]");
    return make(ExpressionKind::item, line, pack(std::move(value), std::move(start)));
  }
  std::vector<ExpressionPtr> operands = pack(std::move(value));
  operands.push_back(std::move(start));
  for (int i = 0; i < 2; ++i) {
    ExpressionPtr bound;
    if (skip_symbol(":") && !is_symbol(":") && !is_symbol("]")) bound = expression();
    operands.push_back(std::move(bound));
  }
  expect_symbol("]");
  return make(ExpressionKind::slice, line, std::move(operands));
}

ExpressionPtr ExpressionParser::postfix(ExpressionPtr value) {
  while (true) {
    if (is_symbol(".") || is_symbol("[")) {
      value = subscript(std::move(value));
    } else if (is_symbol("(")) {
      value = call(std::move(value));
    } else {
      return value;
    }
  }
}

ExpressionPtr ExpressionParser::filters(ExpressionPtr subject, bool first_is_inline) {
  while (first_is_inline || is_symbol("|")) {
    if (!first_is_inline) next();
    first_is_inline = false;
    const int line = current().line;
    std::string name = expect_name();
    while (skip_symbol(".")) name += "." + expect_name();
    if (find_filter(name) == nullptr && conditional == 0) {
      fail_syntax(line, "No filter named '" + name + "'.");
    }
    auto made = make(ExpressionKind::filter, line);
    made->text = std::move(name);
    made->operands.push_back(std::move(subject));
    if (is_symbol("(")) made->arguments = call_arguments();
    subject = seal(std::move(made));
  }
  return subject;
}

ExpressionPtr ExpressionParser::test(ExpressionPtr value) {
  const int line = next().line;
  const bool negated = skip_name("not");
  std::string name = expect_name();
  while (skip_symbol(".")) name += "." + expect_name();
  if (find_test(name) == nullptr && conditional == 0) {
    fail_syntax(line, "No test named '" + name + "'.");
  }
  auto made = make(ExpressionKind::test, line);
  made->text = std::move(name);
  made->operands.push_back(std::move(value));
  const TokenKind kind = current().kind;
  const bool argument =
      kind == TokenKind::string || kind == TokenKind::integer || kind == TokenKind::real ||
      is_symbol("[") || is_symbol("{") ||
      (kind == TokenKind::name && !is_name("else") && !is_name("or") && !is_name("and"));
  if (is_symbol("(")) {
    made->arguments = call_arguments();
  } else if (argument) {
    if (is_name("is")) fail("You cannot chain multiple tests with is");
    made->arguments.positional.push_back(postfix(primary()));
  }
  made = seal(std::move(made));
  return negated ? make(ExpressionKind::negation, line, pack(std::move(made))) : std::move(made);
}

ExpressionPtr ExpressionParser::filter_or_test(ExpressionPtr value) {
  while (true) {
    if (is_symbol("|")) {
      value = filters(std::move(value), false);
    } else if (is_name("is")) {
      value = test(std::move(value));
    } else if (is_symbol("(")) {
      value = call(std::move(value));
    } else {
      return value;
    }
  }
}

ExpressionPtr ExpressionParser::unary(bool with_filter) {
  const Nesting nesting(*this);
  const int line = current().line;
  ExpressionPtr value;
  if (skip_symbol("-")) {
    value = make(ExpressionKind::minus, line, pack(unary(false)));
  } else if (skip_symbol("+")) {
    value = make(ExpressionKind::plus, line, pack(unary(false)));
  } else {
    value = primary();
  }
  value = postfix(std::move(value));
  return with_filter ? filter_or_test(std::move(value)) : std::move(value);
}

ExpressionPtr ExpressionParser::power() {
  ExpressionPtr left = unary(true);
  while (is_symbol("**")) {
    const int line = next().line;
    left = with_operator(make(ExpressionKind::arithmetic, line, pack(std::move(left), unary(true))),
                         Operator::power);
  }
  return left;
}

ExpressionPtr ExpressionParser::product() {
  ExpressionPtr left = power();
  while (true) {
    Operator op = Operator::multiply;
    if (is_symbol("/")) {
      op = Operator::divide;
    } else if (is_symbol("//")) {
      op = Operator::floor_divide;
    } else if (is_symbol("%")) {
      op = Operator::modulo;
    } else if (!is_symbol("*")) {
      return left;
    }
    const int line = next().line;
    left =
        with_operator(make(ExpressionKind::arithmetic, line, pack(std::move(left), power())), op);
  }
}

ExpressionPtr ExpressionParser::concatenation() {
  const int line = current().line;
  std::vector<ExpressionPtr> parts = pack(product());
  while (skip_symbol("~")) parts.push_back(product());
  if (parts.size() == 1) return std::move(parts[0]);
  return make(ExpressionKind::concatenate, line, std::move(parts));
}

ExpressionPtr ExpressionParser::sum() {
  ExpressionPtr left = concatenation();
  while (is_symbol("+") || is_symbol("-")) {
    const Operator op = is_symbol("+") ? Operator::add : Operator::subtract;
    const int line = next().line;
    left = with_operator(
        make(ExpressionKind::arithmetic, line, pack(std::move(left), concatenation())), op);
  }
  return left;
}

bool ExpressionParser::next_comparison(Comparison& found) {
  constexpr std::pair<std::string_view, Comparison> kSymbols[] = {
      {"==", Comparison::equal},  {"!=", Comparison::not_equal},
      {"<", Comparison::less},    {"<=", Comparison::less_equal},
      {">", Comparison::greater}, {">=", Comparison::greater_equal},
  };
  for (const auto& [symbol, comparison] : kSymbols) {
    if (skip_symbol(symbol)) {
      found = comparison;
      return true;
    }
  }
  const bool negated = is_name("not") && look().kind == TokenKind::name && look().value == "in";
  if (negated) next();
  if (!skip_name("in")) return false;
  found = negated ? Comparison::not_in : Comparison::in;
  return true;
}

ExpressionPtr ExpressionParser::comparison() {
  const int line = current().line;
  std::vector<ExpressionPtr> operands = pack(sum());
  std::vector<Comparison> comparisons;
  Comparison found = Comparison::equal;
  while (next_comparison(found)) {
    comparisons.push_back(found);
    operands.push_back(sum());
  }
  if (comparisons.empty()) return std::move(operands[0]);
  auto made = make(ExpressionKind::compare, line, std::move(operands));
  made->comparisons = std::move(comparisons);
  return made;
}

ExpressionPtr ExpressionParser::negation() {
  const Nesting nesting(*this);
  const int line = current().line;
  if (!skip_name("not")) return comparison();
  return make(ExpressionKind::negation, line, pack(negation()));
}

ExpressionPtr ExpressionParser::conjunction() {
  ExpressionPtr left = negation();
  while (is_name("and")) {
    const int line = next().line;
    left = make(ExpressionKind::conjunction, line, pack(std::move(left), negation()));
  }
  return left;
}

ExpressionPtr ExpressionParser::disjunction() {
  ExpressionPtr left = conjunction();
  while (is_name("or")) {
    const int line = next().line;
    left = make(ExpressionKind::disjunction, line, pack(std::move(left), conjunction()));
  }
  return left;
}

ExpressionPtr ExpressionParser::condition() {
  const Nesting nesting(*this);
  ++conditional;  // of its own parts, too: whether `if` follows is not known yet
  ExpressionPtr value = disjunction();
  while (is_name("if")) {
    const int line = next().line;
    std::vector<ExpressionPtr> operands;
    operands.push_back(disjunction());
    operands.push_back(std::move(value));
    operands.push_back(skip_name("else") ? condition() : nullptr);
    value = make(ExpressionKind::conditional, line, std::move(operands));
  }
  --conditional;
  return value;
}

ExpressionPtr ExpressionParser::expression(bool with_condition) {
  return with_condition ? condition() : disjunction();
}

ExpressionPtr ExpressionParser::tuple(bool with_condition, std::string_view end) {
  const int line = current().line;
  const auto at_end = [&] {
    return current().kind == TokenKind::variable_end || current().kind == TokenKind::block_end ||
           is_symbol(")") || (!end.empty() && (is_symbol(end) || is_name(end)));
  };
  std::vector<ExpressionPtr> items;
  bool is_tuple = false;
  while (true) {
    if (!items.empty()) expect_symbol(",");
    if (at_end()) break;
    items.push_back(expression(with_condition));
    if (!is_symbol(",")) break;
    is_tuple = true;
  }
  if (is_tuple) return make(ExpressionKind::tuple, line, std::move(items));
  if (items.empty()) fail("Expected an expression, got '" + describe(current()) + "'");
  return std::move(items[0]);
}

}  // namespace tlite::jinja
