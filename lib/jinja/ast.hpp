// The parsed template: statements and expressions, immutable and shared by all renders.
#pragma once

#include "jinja/python.hpp"
#include "jinja/value.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace tlite::jinja {

struct Expression;
using ExpressionPtr = std::unique_ptr<Expression>;

// Arguments of a call, filter or test, in source order.
struct CallArguments {
  std::vector<ExpressionPtr> positional;
  std::vector<std::pair<std::string, ExpressionPtr>> named;
  ExpressionPtr star, double_star;  // *args, **kwargs; null: none
};

enum class ExpressionKind {
  constant,     // value
  name,         // text
  list,         // operands
  tuple,        // operands
  dict,         // operands: key, value, key, value, ...
  attribute,    // operands[0].text
  item,         // operands[0][operands[1]]
  slice,        // operands[0][operands[1]:operands[2]:operands[3]], null: absent
  call,         // operands[0](arguments)
  filter,       // operands[0] | text(arguments); operands[0] null: the block's output
  test,         // operands[0] is text(arguments)
  negation,     // not operands[0]
  conjunction,  // operands[0] and operands[1]
  disjunction,
  minus,
  plus,
  arithmetic,   // operands[0] op operands[1]
  concatenate,  // operands ~ ...
  compare,      // operands[0] comparisons[0] operands[1] comparisons[1] ...
  conditional,  // operands[1] if operands[0] else operands[2], null: undefined
};

enum class Comparison { equal, not_equal, less, less_equal, greater, greater_equal, in, not_in };

struct Expression {
  ExpressionKind kind = ExpressionKind::constant;
  int line = 0;
  int depth = 1;  // of the tree below; bounded by the parser
  std::string text;
  Value value;
  Operator op = Operator::add;
  std::vector<Comparison> comparisons;
  std::vector<ExpressionPtr> operands;
  CallArguments arguments;
};

// What is assigned to: a name, an attribute of a namespace, or a tuple of these.
struct Target {
  int line = 0;
  std::string name;
  std::string attribute;      // of the namespace `name`; empty: the name itself
  std::vector<Target> parts;  // of a tuple
  bool tuple = false;
};

struct Statement;
using Block = std::vector<std::unique_ptr<Statement>>;

enum class StatementKind {
  text,          // data
  output,        // expression
  condition,     // branches: (test or null, block)
  loop,          // for target in expression if test: body else otherwise
  assign,        // set target = expression
  assign_block,  // set target | expression: body
  macro,         // data(parameters): body
  call_block,    // call(parameters) expression: body
  filter_block,  // filter expression: body
  with,          // with assignments: body
  scope,         // generation: body, in a scope of its own
  break_loop,
  continue_loop,
};

struct Parameter {
  std::string name;
  ExpressionPtr fallback;  // null: none
};

// A macro's signature and body; also a call block's.
struct MacroBody {
  std::string name;
  std::vector<Parameter> parameters;
  Block body;
  bool uses_caller = false, uses_kwargs = false, uses_varargs = false;
};

struct Statement {
  StatementKind kind = StatementKind::text;
  int line = 0;
  std::string data;
  ExpressionPtr expression;
  ExpressionPtr test;
  Target target;
  std::vector<std::pair<ExpressionPtr, Block>> branches;
  std::vector<std::pair<Target, ExpressionPtr>> assignments;
  Block body, otherwise;
  bool recursive = false;
  bool captures = false;  // a macro or recursive loop below keeps the scope of the body
  std::unique_ptr<MacroBody> macro;
};

struct Template {
  Block body;
};

}  // namespace tlite::jinja
