#include "text/chat_messages.hpp"

#include "base/json_writer.hpp"
#include "jinja/json_value.hpp"
#include "jinja/python.hpp"

#include <algorithm>

#include <tlite/error.hpp>

namespace tlite {
namespace {

using jinja::Dict;
using jinja::Kind;
using jinja::Text;
using jinja::Value;

[[noreturn]] void fail(const std::string& where, const std::string& message) {
  throw Error(ErrorCode::invalid_argument, where + ": " + message);
}

std::string message_name(std::size_t i) { return "messages[" + std::to_string(i) + "]"; }

// ---- C++ to template values

// All that comes from a message counts as typed by a user, its role and names too: special tokens
// in it are text. Keys are the template's own words.
Value literal(std::string_view text) { return jinja::text_value(Text(std::string(text), true)); }
Value key(std::string_view name) { return jinja::text_value(name); }

// With its depth, by which the interpreter bounds its recursions.
Value list_value(std::vector<Value> items) {
  int depth = 0;
  for (const Value& item : items) depth = std::max(depth, item.depth());
  return std::make_shared<const jinja::List>(
      jinja::List{std::move(items), false, depth + 1, false});
}

Value dict_value(Dict dict) { return std::make_shared<const Dict>(std::move(dict)); }

std::string_view arguments_of(const ToolCall& call) noexcept {
  return call.arguments_json.empty() ? std::string_view("{}")
                                     : std::string_view(call.arguments_json);
}

Value arguments_value(const ToolCall& call, const std::string& where) {
  Value object = jinja::parse_json(arguments_of(call), where + ".arguments", true);
  if (!object.is(Kind::dict)) fail(where + ".arguments", "must be a JSON object");
  return object;
}

// The arguments are parsed in both forms, so that what is no JSON object is refused in both.
Value call_value(const ToolCall& call, ArgumentForm form, const std::string& where) {
  Dict function;
  function.set(key("name"), literal(call.name));
  const std::string_view arguments = arguments_of(call);
  Value object = arguments_value(call, where);
  function.set(key("arguments"),
               form == ArgumentForm::text ? literal(arguments) : std::move(object));
  Dict out;
  out.set(key("type"), key("function"));
  if (!call.id.empty()) out.set(key("id"), literal(call.id));
  out.set(key("function"), dict_value(std::move(function)));
  return dict_value(std::move(out));
}

Value message_value(const Message& message, ArgumentForm form, const std::string& where) {
  Dict out;
  out.set(key("role"), literal(message.role));
  out.set(key("content"), literal(message.content));
  if (!message.tool_calls.empty()) {
    std::vector<Value> calls;
    for (std::size_t i = 0; i < message.tool_calls.size(); ++i) {
      calls.push_back(call_value(message.tool_calls[i], form,
                                 where + ".tool_calls[" + std::to_string(i) + "]"));
    }
    out.set(key("tool_calls"), list_value(std::move(calls)));
  }
  if (!message.tool_call_id.empty()) out.set(key("tool_call_id"), literal(message.tool_call_id));
  if (!message.name.empty()) out.set(key("name"), literal(message.name));
  return dict_value(std::move(out));
}

// ---- JSON to C++

std::string text_field(const Dict& dict, std::string_view name, const std::string& where,
                       bool required) {
  const Value* const found = dict.find(name);
  if (found == nullptr || found->is_none()) {
    if (required) fail(where, "has no field '" + std::string(name) + "'");
    return {};
  }
  if (!found->is_text()) fail(where + "." + std::string(name), "must be a string");
  return found->text().bytes();
}

// A string, null, or a list of {"type": "text", "text": ...}, whose texts are joined.
std::string content_field(const Dict& dict, const std::string& where, bool required) {
  const Value* const found = dict.find("content");
  const bool absent = found == nullptr || found->is_none();
  if (absent || found->is_text()) return text_field(dict, "content", where, required);
  const std::string field = where + ".content";
  if (!found->is(Kind::list)) fail(field, "must be a string or a list of text parts");
  std::string joined;
  for (std::size_t i = 0; i < found->list().items.size(); ++i) {
    const Value& part = found->list().items[i];
    const std::string name = field + "[" + std::to_string(i) + "]";
    if (!part.is(Kind::dict)) fail(name, "must be an object");
    if (text_field(part.dict(), "type", name, true) != "text") {
      fail(name + ".type", "only parts of type 'text' are supported");
    }
    joined += text_field(part.dict(), "text", name, true);
  }
  return joined;
}

std::string arguments_field(const Dict& function, const std::string& where) {
  const Value* const found = function.find("arguments");
  if (found == nullptr || found->is_none()) return "{}";
  const std::string field = where + ".arguments";
  if (found->is_text() && found->text().bytes().empty()) return "{}";
  if (found->is_text()) {
    if (!jinja::parse_json(found->text().bytes(), field, false).is(Kind::dict)) {
      fail(field, "must hold a JSON object");
    }
    return found->text().bytes();
  }
  if (!found->is(Kind::dict)) fail(field, "must be an object or a string that holds one");
  jinja::Runtime runtime;
  return to_json(runtime, *found, {}).bytes();
}

// {"type": "function", "id": ..., "function": {"name", "arguments"}}, or the latter alone.
ToolCall read_call(const Value& value, const std::string& where) {
  if (!value.is(Kind::dict)) fail(where, "must be an object");
  const Dict& outer = value.dict();
  const Value* const inner = outer.find("function");
  if (inner != nullptr && !inner->is(Kind::dict)) fail(where + ".function", "must be an object");
  const Dict& function = inner != nullptr ? inner->dict() : outer;
  const std::string name = inner != nullptr ? where + ".function" : where;
  ToolCall call;
  call.name = text_field(function, "name", name, true);
  call.arguments_json = arguments_field(function, name);
  call.id = text_field(outer, "id", where, false);
  return call;
}

// An assistant that calls tools need not say anything: only then may the content be missing.
Message read_message(const Value& value, const std::string& where) {
  if (!value.is(Kind::dict)) fail(where, "must be an object");
  const Dict& dict = value.dict();
  Message message;
  message.role = text_field(dict, "role", where, true);
  if (const Value* const calls = dict.find("tool_calls"); calls != nullptr && !calls->is_none()) {
    if (!calls->is(Kind::list)) fail(where + ".tool_calls", "must be a list");
    for (std::size_t i = 0; i < calls->list().items.size(); ++i) {
      message.tool_calls.push_back(
          read_call(calls->list().items[i], where + ".tool_calls[" + std::to_string(i) + "]"));
    }
  }
  message.content = content_field(dict, where, message.tool_calls.empty());
  message.tool_call_id = text_field(dict, "tool_call_id", where, false);
  message.name = text_field(dict, "name", where, false);
  return message;
}

// ---- C++ to JSON

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out += ", ";
  append_json_string(out, name);
  out += ": ";
  append_json_string(out, value);
}

void append_calls(std::string& out, const std::vector<ToolCall>& calls) {
  out += ", \"tool_calls\": [";
  for (std::size_t i = 0; i < calls.size(); ++i) {
    out += i > 0 ? ", {\"type\": \"function\"" : "{\"type\": \"function\"";
    if (!calls[i].id.empty()) append_field(out, "id", calls[i].id);
    out += ", \"function\": {\"name\": ";
    append_json_string(out, calls[i].name);
    append_field(out, "arguments", calls[i].arguments_json);
    out += "}}";
  }
  out += ']';
}

}  // namespace

jinja::Value message_values(const std::vector<Message>& messages, ArgumentForm arguments) {
  std::vector<Value> out;
  out.reserve(messages.size());
  for (std::size_t i = 0; i < messages.size(); ++i) {
    out.push_back(message_value(messages[i], arguments, message_name(i)));
  }
  return list_value(std::move(out));
}

void validate(const Message& message) {
  for (std::size_t i = 0; i < message.tool_calls.size(); ++i) {
    arguments_value(message.tool_calls[i], "tool_calls[" + std::to_string(i) + "]");
  }
}

std::vector<Message> parse_messages(std::string_view json) {
  const Value value = jinja::parse_json(json, "messages", false);
  if (!value.is(Kind::list)) fail("messages", "must be a JSON array of objects");
  std::vector<Message> out;
  for (std::size_t i = 0; i < value.list().items.size(); ++i) {
    out.push_back(read_message(value.list().items[i], message_name(i)));
  }
  return out;
}

// For parse_messages to read back. Fields that are empty are left out, or null where
// the form wants them: a template may ask whether they are there.
std::string messages_to_json(const std::vector<Message>& messages) {
  std::string out = "[";
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const Message& message = messages[i];
    out += i > 0 ? ",\n {\"role\": " : "\n {\"role\": ";
    append_json_string(out, message.role);
    if (message.content.empty() && !message.tool_calls.empty()) {
      out += ", \"content\": null";
    } else {
      append_field(out, "content", message.content);
    }
    if (!message.tool_calls.empty()) append_calls(out, message.tool_calls);
    if (!message.tool_call_id.empty()) append_field(out, "tool_call_id", message.tool_call_id);
    if (!message.name.empty()) append_field(out, "name", message.name);
    out += '}';
  }
  return out + (messages.empty() ? "]\n" : "\n]\n");
}

}  // namespace tlite
