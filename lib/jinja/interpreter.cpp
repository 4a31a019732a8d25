#include "jinja/interpreter.hpp"

#include "jinja/filters.hpp"
#include "jinja/methods.hpp"
#include "jinja/python.hpp"

#include <algorithm>

namespace tlite::jinja {

class Scope;

struct MacroRef {
  const Statement* statement = nullptr;
  Scope* scope = nullptr;  // it was defined in; lives as long as the render
};

// The variables of one block. Inner scopes see outer ones; assignments stay inside.
class Scope {
 public:
  explicit Scope(Scope* parent) : parent_(parent) {}

  void set(std::string_view name, Value value) {
    for (auto& [known, old] : variables_) {
      if (known == name) {
        old = std::move(value);
        return;
      }
    }
    variables_.emplace_back(name, std::move(value));
  }

  const Value* find(Runtime& runtime, std::string_view name) const {
    for (const Scope* scope = this; scope != nullptr; scope = scope->parent_) {
      runtime.step(scope->variables_.size() / 32);
      for (const auto& [known, value] : scope->variables_) {
        if (known == name) return &value;
      }
    }
    return nullptr;
  }

  void clear() { variables_.clear(); }

 private:
  Scope* parent_;
  std::vector<std::pair<std::string_view, Value>> variables_;  // names live in the template
};

namespace {

enum class Flow { normal, break_loop, continue_loop };

class Interpreter {
 public:
  explicit Interpreter(Runtime& runtime) : runtime_(runtime) {}
  ~Interpreter() {
    // Macros and scopes hold each other; emptied one by one, no chain of them unwinds at once.
    for (const auto& scope : kept_) scope->clear();
  }
  Interpreter(const Interpreter&) = delete;
  Interpreter& operator=(const Interpreter&) = delete;

  Text run(const Template& parsed, const std::vector<std::pair<std::string, Value>>& variables) {
    Scope& root = keep(nullptr);
    for (const auto& [name, value] : variables) root.set(name, value);
    execute(parsed.body, root);
    return std::move(main_);
  }

 private:
  // A scope for a body: on the heap and kept where a macro may refer to it later.
  class BodyScope {
   public:
    BodyScope(Interpreter& interpreter, Scope* parent, bool captured)
        : local_(parent), scope_(captured ? &interpreter.keep(parent) : &local_) {}
    Scope& operator*() { return *scope_; }

   private:
    Scope local_;
    Scope* scope_;
  };

  // Collects what is printed while it lives.
  class Capture {
   public:
    explicit Capture(Interpreter& interpreter)
        : interpreter_(interpreter), outer_(std::exchange(interpreter.out_, &text)) {}
    ~Capture() { interpreter_.out_ = outer_; }
    Capture(const Capture&) = delete;
    Capture& operator=(const Capture&) = delete;
    Text text;

   private:
    Interpreter& interpreter_;
    Text* outer_;
  };

  Scope& keep(Scope* parent) {
    runtime_.allocate(sizeof(Scope) + sizeof(void*));
    return *kept_.emplace_back(std::make_unique<Scope>(parent));
  }

  void print(const Text& text) {
    runtime_.check_text(out_->size() + text.size());
    runtime_.allocate(text.size());
    out_->append(text);
  }

  void print(std::string_view text) {
    runtime_.check_text(out_->size() + text.size());
    out_->append(text);
  }

  // ---- statements

  Flow execute(const Block& block, Scope& scope) {
    const Runtime::Nesting nesting(runtime_);
    for (const auto& statement : block) {
      runtime_.step();
      runtime_.line = statement->line;
      const Flow flow = execute(*statement, scope);
      if (flow != Flow::normal) return flow;
    }
    return Flow::normal;
  }

  Flow execute(const Statement& statement, Scope& scope) {
    switch (statement.kind) {
      case StatementKind::text:
        print(std::string_view(statement.data));
        return Flow::normal;
      case StatementKind::output:
        output(*statement.expression, scope);
        return Flow::normal;
      case StatementKind::condition:
        return condition(statement, scope);
      case StatementKind::loop:
        return loop(statement, scope);
      case StatementKind::assign:
        assign_statement(statement, scope);
        return Flow::normal;
      case StatementKind::assign_block:
        check_namespaces(statement.target, scope);
        assign(statement.target, captured(statement, scope), scope);
        return Flow::normal;
      case StatementKind::macro:
        scope.set(statement.macro->name, macro_value(statement, scope));
        return Flow::normal;
      case StatementKind::call_block:
        call_block(statement, scope);
        return Flow::normal;
      case StatementKind::filter_block:
        output_value(captured(statement, scope));
        return Flow::normal;
      case StatementKind::with:
        return with(statement, scope);
      case StatementKind::scope: {
        BodyScope inner(*this, &scope, statement.captures);
        return execute(statement.body, *inner);
      }
      case StatementKind::break_loop:
        return Flow::break_loop;
      case StatementKind::continue_loop:
        return Flow::continue_loop;
    }
    return Flow::normal;
  }

  void output_value(const Value& value) {
    if (value.is_text()) {
      print(value.text());
    } else {
      print(to_text(runtime_, value));
    }
  }

  void output(const Expression& expression, Scope& scope) {
    output_value(evaluate(expression, scope));
  }

  Flow condition(const Statement& statement, Scope& scope) {
    for (const auto& [test, body] : statement.branches) {
      if (!test || truth(runtime_, evaluate(*test, scope))) return execute(body, scope);
    }
    return Flow::normal;
  }

  // The output of the statement's body, through its filters.
  Value captured(const Statement& statement, Scope& scope) {
    BodyScope inner(*this, &scope, statement.captures);
    Value text;
    {
      Capture capture(*this);
      execute(statement.body, *inner);
      text = runtime_.text(std::move(capture.text));
    }
    if (!statement.expression) return text;
    block_output_.push_back(std::move(text));
    Value filtered = evaluate(*statement.expression, *inner);
    block_output_.pop_back();
    return filtered;
  }

  Flow with(const Statement& statement, Scope& scope) {
    std::vector<Value> values;
    for (const auto& [target, expression] : statement.assignments) {
      values.push_back(evaluate(*expression, scope));
    }
    BodyScope inner(*this, &scope, statement.captures);
    for (std::size_t i = 0; i < values.size(); ++i) {
      assign(statement.assignments[i].first, values[i], *inner);
    }
    return execute(statement.body, *inner);
  }

  // ---- assignment

  Namespace& namespace_of(const Target& target, Scope& scope) {
    const Value* const found = scope.find(runtime_, target.name);
    if (found == nullptr || !found->is(Kind::name_space)) {
      runtime_.fail("cannot assign attribute on non-namespace object");
    }
    return *found->name_space();
  }

  void check_namespaces(const Target& target, Scope& scope) {
    if (!target.attribute.empty()) namespace_of(target, scope);
    for (const Target& part : target.parts) check_namespaces(part, scope);
  }

  void assign(const Target& target, const Value& value, Scope& scope) {
    if (target.tuple) return unpack(target, value, scope);
    runtime_.allocate(sizeof(Value));
    if (target.attribute.empty()) {
      scope.set(target.name, value);
    } else {
      namespace_of(target, scope).attributes.set(runtime_.text(target.attribute), value);
    }
  }

  void unpack(const Target& target, const Value& value, Scope& scope) {
    const std::vector<Value> items = iterate(runtime_, value);
    if (items.size() != target.parts.size()) {
      runtime_.fail("cannot unpack " + std::to_string(items.size()) + " values into " +
                    std::to_string(target.parts.size()) + " names");
    }
    for (std::size_t i = 0; i < items.size(); ++i) assign(target.parts[i], items[i], scope);
  }

  void assign_statement(const Statement& statement, Scope& scope) {
    check_namespaces(statement.target, scope);
    assign(statement.target, evaluate(*statement.expression, scope), scope);
  }

  // ---- loops

  Flow loop(const Statement& statement, Scope& scope) {
    const Value iterable = evaluate(*statement.expression, scope);
    return loop_over(statement, scope, iterate(runtime_, iterable), 0);
  }

  std::shared_ptr<Loop> make_loop(const Statement& statement, Scope& scope,
                                  std::vector<Value> items, std::int64_t depth0) {
    auto made = std::make_shared<Loop>();
    made->value_depth = runtime_.container_depth(items);
    made->length = static_cast<std::int64_t>(items.size());
    made->items = std::move(items);
    made->depth0 = depth0;
    if (statement.test) {
      made->test = [this, &statement, &scope](const Value& item) {
        Scope inner(&scope);
        assign(statement.target, item, inner);
        return truth(runtime_, evaluate(*statement.test, inner));
      };
    }
    if (statement.recursive) {
      made->recurse = [this, &statement, &scope, depth0](const Value& iterable) {
        Capture capture(*this);
        loop_over(statement, scope, iterate(runtime_, iterable), depth0 + 1);
        return runtime_.text(std::move(capture.text));
      };
    }
    return made;
  }

  Flow loop_over(const Statement& statement, Scope& scope, std::vector<Value> items,
                 std::int64_t depth0) {
    const std::shared_ptr<Loop> loop = make_loop(statement, scope, std::move(items), depth0);
    while (loop_has_next(*loop)) {
      runtime_.step();
      loop_advance(*loop);
      BodyScope inner(*this, &scope, statement.captures);
      assign(statement.target, loop->current, *inner);
      (*inner).set("loop", loop);
      if (execute(statement.body, *inner) == Flow::break_loop) break;
      runtime_.line = statement.line;
    }
    // A template may keep `loop` for longer than the scope that its condition is evaluated in.
    loop->test = nullptr;
    if (loop->index0 >= 0) return Flow::normal;
    Scope inner(&scope);
    return execute(statement.otherwise, inner);
  }

  // ---- macros

  Value macro_value(const Statement& statement, Scope& scope) {
    runtime_.allocate(sizeof(Callable) + sizeof(MacroRef));
    return std::make_shared<const Callable>(
        Callable{statement.macro->name, nullptr, nullptr,
                 std::make_shared<const MacroRef>(MacroRef{&statement, &scope}), nullptr});
  }

  void call_block(const Statement& statement, Scope& scope) {
    const Expression& call = *statement.expression;
    const Value callee = evaluate(*call.operands[0], scope);
    Arguments arguments = evaluate_arguments(call.arguments, scope);
    arguments.named.emplace_back("caller", macro_value(statement, scope));
    output_value(this->call(callee, arguments));
  }

  void bind_parameters(const MacroBody& macro, Arguments& arguments, Scope& scope) {
    for (std::size_t i = 0; i < macro.parameters.size(); ++i) {
      const Parameter& parameter = macro.parameters[i];
      std::optional<Value> value;
      if (i < arguments.positional.size()) {
        value = arguments.positional[i];
      } else {
        value = take_named(arguments, parameter.name);
      }
      if (!value && parameter.fallback) value = evaluate(*parameter.fallback, scope);
      if (!value) {
        value = Runtime::undefined("parameter '" + parameter.name + "' was not provided");
      }
      scope.set(parameter.name, std::move(*value));
    }
  }

  static std::optional<Value> take_named(Arguments& arguments, std::string_view name) {
    const auto found = std::find_if(arguments.named.begin(), arguments.named.end(),
                                    [name](const auto& entry) { return entry.first == name; });
    if (found == arguments.named.end()) return std::nullopt;
    Value value = std::move(found->second);
    arguments.named.erase(found);
    return value;
  }

  void bind_special(const MacroBody& macro, Arguments& arguments, Scope& scope) {
    const auto is_parameter = [&macro](std::string_view name) {
      return std::any_of(macro.parameters.begin(), macro.parameters.end(),
                         [name](const Parameter& parameter) { return parameter.name == name; });
    };
    if (macro.uses_caller && !is_parameter("caller")) {
      const auto caller = take_named(arguments, "caller");
      scope.set("caller", caller ? *caller : Runtime::undefined("No caller defined"));
    }
    if (macro.uses_kwargs && !is_parameter("kwargs")) {
      Dict rest;
      for (auto& [key, value] : arguments.named) rest.set(runtime_.text(key), value);
      arguments.named.clear();
      scope.set("kwargs", runtime_.dict(std::move(rest)));
    }
    if (!arguments.named.empty()) {
      runtime_.fail("macro '" + macro.name + "' takes no keyword argument '" +
                    arguments.named[0].first + "'");
    }
    const std::size_t known = macro.parameters.size();
    const auto& positional = arguments.positional;
    if (macro.uses_varargs && !is_parameter("varargs")) {
      const auto begin =
          positional.begin() + static_cast<std::ptrdiff_t>(std::min(known, positional.size()));
      scope.set("varargs", runtime_.tuple({begin, positional.end()}));
    } else if (positional.size() > known) {
      runtime_.fail("macro '" + macro.name + "' takes not more than " + std::to_string(known) +
                    " argument(s)");
    }
  }

  Value call_macro(const MacroRef& macro, Arguments& arguments) {
    const MacroBody& body = *macro.statement->macro;
    BodyScope inner(*this, macro.scope, macro.statement->captures);
    bind_parameters(body, arguments, *inner);
    bind_special(body, arguments, *inner);
    Capture capture(*this);
    execute(body.body, *inner);
    return runtime_.text(std::move(capture.text));
  }

  Value call(const Value& callee, Arguments& arguments) {
    const Runtime::Nesting nesting(runtime_);
    if (callee.is_undefined()) runtime_.fail_undefined(callee);
    if (callee.is(Kind::loop)) return call_loop(*callee.loop(), arguments);
    if (!callee.is(Kind::callable)) {
      runtime_.fail("'" + std::string(type_name(callee)) + "' object is not callable");
    }
    const Callable& callable = callee.callable();
    if (callable.macro) return call_macro(*callable.macro, arguments);
    // A method works on its object; a function with a state of its own, on itself.
    const bool method = callable.self != nullptr && callable.state == nullptr;
    return callable.function(runtime_, method ? *callable.self : callee, arguments);
  }

  Value call_loop(Loop& loop, Arguments& arguments) {
    const auto bound = bind(runtime_, "loop", arguments, {"iterable"}, 1);
    if (!loop.recurse) {
      runtime_.fail("The loop must have the 'recursive' marker to be called recursively.");
    }
    return loop.recurse(*bound[0]);
  }

  // ---- expressions

  Arguments evaluate_arguments(const CallArguments& source, Scope& scope) {
    Arguments out;
    for (const ExpressionPtr& argument : source.positional) {
      out.positional.push_back(evaluate(*argument, scope));
    }
    if (source.star) {
      for (Value& value : iterate(runtime_, evaluate(*source.star, scope))) {
        out.positional.push_back(std::move(value));
      }
    }
    for (const auto& [name, argument] : source.named) {
      out.named.emplace_back(name, evaluate(*argument, scope));
    }
    if (source.double_star) {
      const Value more = evaluate(*source.double_star, scope);
      if (!more.is(Kind::dict)) runtime_.fail("the argument after ** must be a mapping");
      for (const auto& [key, value] : more.dict().entries()) {
        if (!key.is_text()) runtime_.fail("keywords must be strings");
        out.named.emplace_back(key.text().bytes(), value);
      }
    }
    return out;
  }

  Value evaluate(const Expression& e, Scope& scope) {
    const Runtime::Nesting nesting(runtime_);
    runtime_.step();
    runtime_.line = e.line;
    switch (e.kind) {
      case ExpressionKind::constant:
        return e.value;
      case ExpressionKind::name:
        return name(e.text, scope);
      case ExpressionKind::list:
        return runtime_.list(evaluate_all(e, scope));
      case ExpressionKind::tuple:
        return runtime_.tuple(evaluate_all(e, scope));
      case ExpressionKind::dict:
        return dict(e, scope);
      case ExpressionKind::attribute:
        return get_attribute(runtime_, operand(e, 0, scope), e.text);
      case ExpressionKind::item: {
        const Value container = operand(e, 0, scope);
        return get_item(runtime_, container, operand(e, 1, scope));
      }
      case ExpressionKind::slice:
        return slice(e, scope);
      case ExpressionKind::call: {
        const Value callee = operand(e, 0, scope);
        Arguments arguments = evaluate_arguments(e.arguments, scope);
        runtime_.line = e.line;
        return call(callee, arguments);
      }
      case ExpressionKind::filter:
        return filter(e, scope);
      case ExpressionKind::test:
        return test(e, scope);
      case ExpressionKind::negation:
        return !truth(runtime_, operand(e, 0, scope));
      case ExpressionKind::conjunction: {
        Value left = operand(e, 0, scope);
        return truth(runtime_, left) ? operand(e, 1, scope) : left;
      }
      case ExpressionKind::disjunction: {
        Value left = operand(e, 0, scope);
        return truth(runtime_, left) ? left : operand(e, 1, scope);
      }
      case ExpressionKind::minus:
      case ExpressionKind::plus:
        return negate(runtime_, operand(e, 0, scope), e.kind == ExpressionKind::minus);
      case ExpressionKind::arithmetic: {
        const Value left = operand(e, 0, scope);
        return arithmetic(runtime_, e.op, left, operand(e, 1, scope));
      }
      case ExpressionKind::concatenate:
        return concatenate(e, scope);
      case ExpressionKind::compare:
        return compare(e, scope);
      case ExpressionKind::conditional:
        return conditional(e, scope);
    }
    return Value();
  }

  Value operand(const Expression& e, std::size_t i, Scope& scope) {
    return evaluate(*e.operands[i], scope);
  }

  std::vector<Value> evaluate_all(const Expression& e, Scope& scope) {
    std::vector<Value> out;
    out.reserve(e.operands.size());
    for (const ExpressionPtr& part : e.operands) out.push_back(evaluate(*part, scope));
    return out;
  }

  Value name(const std::string& name, Scope& scope) {
    if (const Value* const found = scope.find(runtime_, name)) return *found;
    if (auto function = find_function(name)) return *function;
    return Runtime::undefined("'" + name + "' is undefined");
  }

  Value dict(const Expression& e, Scope& scope) {
    Dict out;
    for (std::size_t i = 0; i + 1 < e.operands.size(); i += 2) {
      Value key = operand(e, i, scope);
      check_hashable(runtime_, key);
      out.set(std::move(key), operand(e, i + 1, scope));
    }
    return runtime_.dict(std::move(out));
  }

  Value slice(const Expression& e, Scope& scope) {
    const Value container = operand(e, 0, scope);
    const auto bound = [&](std::size_t i) -> std::optional<std::int64_t> {
      if (!e.operands[i]) return std::nullopt;
      const Value value = operand(e, i, scope);
      if (value.is_none()) return std::nullopt;
      return to_index(runtime_, value, "slice index");
    };
    SliceBounds bounds;
    bounds.start = bound(1);
    bounds.stop = bound(2);
    bounds.step = bound(3);
    return get_slice(runtime_, container, bounds);
  }

  Value filter(const Expression& e, Scope& scope) {
    const Value subject = e.operands[0] ? operand(e, 0, scope) : block_output_.back();
    Arguments arguments = evaluate_arguments(e.arguments, scope);
    runtime_.line = e.line;
    const Filter found = find_filter(e.text);
    if (found == nullptr) runtime_.fail("No filter named '" + e.text + "' found.");
    return found(runtime_, subject, arguments);
  }

  Value test(const Expression& e, Scope& scope) {
    const Value subject = operand(e, 0, scope);
    Arguments arguments = evaluate_arguments(e.arguments, scope);
    runtime_.line = e.line;
    const Test found = find_test(e.text);
    if (found == nullptr) runtime_.fail("No test named '" + e.text + "' found.");
    return found(runtime_, subject, arguments);
  }

  Value concatenate(const Expression& e, Scope& scope) {
    Text out;
    for (const ExpressionPtr& part : e.operands) {
      out.append(to_text(runtime_, evaluate(*part, scope)));
      runtime_.check_text(out.size());
    }
    return runtime_.text(std::move(out));
  }

  bool holds(Comparison comparison, const Value& a, const Value& b) {
    switch (comparison) {
      case Comparison::equal:
        return equal(runtime_, a, b);
      case Comparison::not_equal:
        return !equal(runtime_, a, b);
      case Comparison::less:
        return less(runtime_, a, b);
      case Comparison::less_equal:
        return less(runtime_, a, b) || equal(runtime_, a, b);
      case Comparison::greater:
        return less(runtime_, b, a);
      case Comparison::greater_equal:
        return less(runtime_, b, a) || equal(runtime_, a, b);
      case Comparison::in:
        return contains(runtime_, a, b);
      case Comparison::not_in:
        return !contains(runtime_, a, b);
    }
    return false;
  }

  Value compare(const Expression& e, Scope& scope) {
    Value left = operand(e, 0, scope);
    for (std::size_t i = 0; i < e.comparisons.size(); ++i) {
      Value right = operand(e, i + 1, scope);
      if (!holds(e.comparisons[i], left, right)) return false;
      left = std::move(right);
    }
    return true;
  }

  Value conditional(const Expression& e, Scope& scope) {
    if (truth(runtime_, operand(e, 0, scope))) return operand(e, 1, scope);
    if (e.operands[2]) return operand(e, 2, scope);
    return Runtime::undefined(
        "the inline if-expression evaluated to false and no else section was defined.");
  }

  Runtime& runtime_;
  Text main_;
  Text* out_ = &main_;
  std::vector<Value> block_output_;  // what a filter without subject works on, innermost last
  std::vector<std::unique_ptr<Scope>> kept_;
};

}  // namespace

Text run(Runtime& runtime, const Template& parsed,
         const std::vector<std::pair<std::string, Value>>& variables) {
  return Interpreter(runtime).run(parsed, variables);
}

}  // namespace tlite::jinja
