#include "jinja/parser.hpp"

#include "jinja/expression_parser.hpp"

#include <algorithm>

namespace tlite::jinja {
namespace {

using StatementPtr = std::unique_ptr<Statement>;

class Parser : private ExpressionParser {
 public:
  explicit Parser(std::string_view source) : ExpressionParser(tokenize(source)) {}

  Template run() {
    Template out;
    out.body = block({});
    return out;
  }

 private:
  using Names = std::initializer_list<std::string_view>;

  static StatementPtr make(StatementKind kind, int line) {
    auto made = std::make_unique<Statement>();
    made->kind = kind;
    made->line = line;
    return made;
  }

  bool is_any(Names names) const {
    return current().kind == TokenKind::name &&
           std::find(names.begin(), names.end(), current().value) != names.end();
  }

  void expect_block_end() {
    if (current().kind != TokenKind::block_end) {
      fail("expected end of statement block, got '" + current().value + "'");
    }
    next();
  }

  // Statements up to a tag of one of these names, which becomes the current token. Without names:
  // up to the end of the template.
  Block block(Names until) {
    const Nesting nesting(*this);
    Block body;
    while (current().kind != TokenKind::end) {
      const Token token = next();
      if (token.kind == TokenKind::data) {
        body.push_back(make(StatementKind::text, token.line));
        body.back()->data = token.value;
      } else if (token.kind == TokenKind::variable_begin) {
        body.push_back(make(StatementKind::output, token.line));
        body.back()->expression = tuple(true);
        if (current().kind != TokenKind::variable_end) {
          fail("expected end of print statement, got '" + current().value + "'");
        }
        next();
      } else {
        if (is_any(until)) return body;
        body.push_back(statement());
        expect_block_end();
      }
    }
    if (until.size() > 0) {
      fail("Unexpected end of template: '" + std::string(until.begin()[until.size() - 1]) +
           "' is missing");
    }
    return body;
  }

  // The body behind a tag, up to and over one of `until`.
  Block body_until(Names until) {
    skip_symbol(":");
    expect_block_end();
    Block body = block(until);
    next();
    return body;
  }

  Block keep_up_to(Names until) {
    skip_symbol(":");
    expect_block_end();
    return block(until);
  }

  StatementPtr statement() {
    const int line = current().line;
    const std::string tag = expect_name();
    if (tag == "if") return condition(line);
    if (tag == "for") return loop(line);
    if (tag == "set") return assign(line);
    if (tag == "macro") return macro(line);
    if (tag == "call") return call_block(line);
    if (tag == "filter") return filter_block(line);
    if (tag == "with") return with(line);
    if (tag == "generation") return generation(line);
    if (tag == "print") return print(line);
    if (tag == "break" || tag == "continue") {
      if (loops_ == 0) fail_syntax(line, "'" + tag + "' outside loop");
      return make(tag == "break" ? StatementKind::break_loop : StatementKind::continue_loop, line);
    }
    for (const std::string_view other :
         {"block", "extends", "include", "import", "from", "autoescape"}) {
      if (tag == other) fail_syntax(line, "not supported: the tag '" + tag + "'");
    }
    fail_syntax(line, "Encountered unknown tag '" + tag + "'.");
  }

  StatementPtr condition(int line) {
    StatementPtr made = make(StatementKind::condition, line);
    ++conditional;
    while (true) {
      ExpressionPtr test = tuple(false);
      Block body = keep_up_to({"elif", "else", "endif"});
      made->branches.emplace_back(std::move(test), std::move(body));
      const std::string tag = next().value;
      if (tag == "elif") continue;
      if (tag == "else") made->branches.emplace_back(nullptr, body_until({"endif"}));
      break;
    }
    --conditional;
    return made;
  }

  StatementPtr loop(int line) {
    StatementPtr made = make(StatementKind::loop, line);
    const bool outer = begin_capture();
    made->target = target("in", false);
    check_loop_target(made->target);
    if (!skip_name("in")) fail("expected token 'in', got '" + current().value + "'");
    made->expression = tuple(false, "recursive");
    if (skip_name("if")) made->test = expression();
    made->recursive = skip_name("recursive");
    captures_ |= made->recursive;
    ++loops_;
    made->body = keep_up_to({"else", "endfor"});
    --loops_;
    if (next().value == "else") made->otherwise = body_until({"endfor"});
    end_capture(*made, outer);
    return made;
  }

  void check_loop_target(const Target& target) {
    if (!target.tuple && target.name == "loop") {
      fail_syntax(target.line, "Can't assign to special loop variable in for-loop target");
    }
    for (const Target& part : target.parts) check_loop_target(part);
  }

  // A name, ns.attribute, or a tuple of these up to `end`.
  Target target(std::string_view end, bool with_namespace) {
    const int line = current().line;
    std::vector<Target> parts;
    bool is_tuple = false;
    while (true) {
      if (is_symbol("=") || is_name(end) || is_symbol(")") ||
          current().kind == TokenKind::block_end) {
        break;
      }
      parts.push_back(target_part(end, with_namespace));
      if (!skip_symbol(",")) break;
      is_tuple = true;
    }
    if (parts.empty()) fail("expected a name to assign to");
    if (!is_tuple) return std::move(parts[0]);
    Target out;
    out.line = line;
    out.tuple = true;
    out.parts = std::move(parts);
    return out;
  }

  Target target_part(std::string_view end, bool with_namespace) {
    const Nesting nesting(*this);
    if (skip_symbol("(")) {
      Target inside = target(end, with_namespace);
      expect_symbol(")");
      return inside;
    }
    Target out;
    out.line = current().line;
    out.name = expect_name();
    for (const std::string_view constant : {"true", "false", "none", "True", "False", "None"}) {
      if (out.name == constant) fail_syntax(out.line, "can't assign to 'const'");
    }
    if (with_namespace && skip_symbol(".")) out.attribute = expect_name();
    return out;
  }

  StatementPtr assign(int line) {
    StatementPtr made = make(StatementKind::assign, line);
    made->target = target("=", true);
    if (skip_symbol("=")) {
      made->expression = tuple(true);
      return made;
    }
    made->kind = StatementKind::assign_block;
    const bool outer = begin_capture();
    made->expression = filters(nullptr, false);
    made->body = body_until({"endset"});
    end_capture(*made, outer);
    return made;
  }

  void signature(MacroBody& macro) {
    expect_symbol("(");
    while (!is_symbol(")")) {
      if (!macro.parameters.empty()) expect_symbol(",");
      Parameter parameter;
      parameter.name = expect_name();
      if (skip_symbol("=")) {
        parameter.fallback = expression();
      } else if (!macro.parameters.empty() && macro.parameters.back().fallback) {
        fail("non-default argument follows default argument");
      }
      macro.parameters.push_back(std::move(parameter));
    }
    expect_symbol(")");
  }

  // The body of a macro, with what special variables it reads.
  void macro_body(Statement& made, Names until) {
    const NamesUsed outer_names = std::exchange(names_used, {});
    const int outer_loops = std::exchange(loops_, 0);
    const bool outer = begin_capture();
    made.macro->body = body_until(until);
    end_capture(made, outer);
    captures_ = true;  // the macro keeps the scope it is defined in
    loops_ = outer_loops;
    made.macro->uses_caller = names_used.caller;
    made.macro->uses_kwargs = names_used.kwargs;
    made.macro->uses_varargs = names_used.varargs;
    names_used.caller |= outer_names.caller;
    names_used.kwargs |= outer_names.kwargs;
    names_used.varargs |= outer_names.varargs;
  }

  StatementPtr macro(int line) {
    StatementPtr made = make(StatementKind::macro, line);
    made->macro = std::make_unique<MacroBody>();
    made->macro->name = expect_name();
    signature(*made->macro);
    macro_body(*made, {"endmacro"});
    return made;
  }

  StatementPtr call_block(int line) {
    StatementPtr made = make(StatementKind::call_block, line);
    made->macro = std::make_unique<MacroBody>();
    made->macro->name = "caller";
    if (is_symbol("(")) signature(*made->macro);
    made->expression = expression();
    if (made->expression->kind != ExpressionKind::call) fail_syntax(line, "expected call");
    macro_body(*made, {"endcall"});
    return made;
  }

  StatementPtr filter_block(int line) {
    StatementPtr made = make(StatementKind::filter_block, line);
    const bool outer = begin_capture();
    made->expression = filters(nullptr, true);
    made->body = body_until({"endfilter"});
    end_capture(*made, outer);
    return made;
  }

  StatementPtr with(int line) {
    StatementPtr made = make(StatementKind::with, line);
    const bool outer = begin_capture();
    while (current().kind != TokenKind::block_end) {
      if (!made->assignments.empty()) expect_symbol(",");
      Target name = target("=", false);
      expect_symbol("=");
      made->assignments.emplace_back(std::move(name), expression());
    }
    made->body = body_until({"endwith"});
    end_capture(*made, outer);
    return made;
  }

  StatementPtr generation(int line) {
    StatementPtr made = make(StatementKind::scope, line);
    const int outer_loops = std::exchange(loops_, 0);
    const bool outer = begin_capture();
    made->body = body_until({"endgeneration"});
    end_capture(*made, outer);
    loops_ = outer_loops;
    return made;
  }

  StatementPtr print(int line) {
    StatementPtr made = make(StatementKind::condition, line);
    Block outputs;
    while (current().kind != TokenKind::block_end) {
      if (!outputs.empty()) expect_symbol(",");
      outputs.push_back(make(StatementKind::output, line));
      outputs.back()->expression = expression();
    }
    made->branches.emplace_back(nullptr, std::move(outputs));
    return made;
  }

  bool begin_capture() { return std::exchange(captures_, false); }
  void end_capture(Statement& made, bool outer) {
    made.captures = captures_;
    captures_ |= outer;
  }

  bool captures_ = false;  // whether the body being parsed defines something that keeps its scope
  int loops_ = 0;
};

}  // namespace

Template parse(std::string_view source) { return Parser(source).run(); }

}  // namespace tlite::jinja
