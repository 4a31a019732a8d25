#include "embeddings.hpp"

#include "embedding_json.hpp"
#include "json_fields.hpp"

#include <algorithm>
#include <string>

namespace openai {
namespace {

constexpr const char* kInputRule = "a string, a list of token ids, or a list of either";
constexpr std::size_t kMostInputs = 2048;  // OpenAI's

Input read_input(const std::string& field, const Json& whole, const Json& value) {
  Input input;
  if (value.is_string()) {
    input.text = value.get<std::string>();
  } else if (value.is_array() && !value.empty()) {
    input.ids = token_ids_field(field, value);
  } else {
    refuse_field(field, whole, kInputRule);
  }
  return input;
}

void read_field(const std::string& name, const Json& value, const Reading& reading, Call& call) {
  if (name == "user") return;
  if (name == "input") {
    call.inputs = inputs_field(name, value);
  } else if (name == "model") {
    call.model = string_field(name, value);
  } else if (name == "encoding_format") {
    if (value != "float" && value != "base64") refuse_field(name, value, "\"float\" or \"base64\"");
    call.base64 = value == "base64";
  } else if (name == "dimensions") {  // it takes a model that was trained for fewer
    not_supported(name, "the field \"dimensions\" with " + to_text(value));
  } else {
    refuse_unknown(name, value, reading, call);
  }
}

}  // namespace

std::vector<Input> inputs_field(const std::string& field, const Json& value) {
  const bool is_one =
      value.is_string() || (value.is_array() && !value.empty() && value.front().is_number());
  if (is_one) return {read_input(field, value, value)};
  if (!value.is_array() || value.empty()) refuse_field(field, value, kInputRule);
  if (value.size() > kMostInputs) {
    throw FieldError(tlite::ErrorCode::invalid_argument, field,
                     field + " has " + std::to_string(value.size()) + " entries, at most " +
                         std::to_string(kMostInputs) + " are allowed");
  }
  std::vector<Input> inputs;
  for (const Json& entry : value) inputs.push_back(read_input(field, value, entry));
  return inputs;
}

Call parse_embeddings(const Json& body, const Reading& reading) {
  Call call;
  call.kind = Kind::embeddings;
  for (const auto& [name, value] : body.items()) {
    if (!value.is_null()) read_field(name, value, reading, call);
  }
  if (call.inputs.empty()) {
    throw FieldError(tlite::ErrorCode::invalid_argument, "input", "body has no input");
  }
  return call;
}

Json embeddings_body(const Call& call, const std::vector<tlite::Generation>& answers) {
  Json list = Json::array();
  std::int64_t tokens = 0;
  for (const tlite::Generation& answer : answers) {
    Json embedding =
        call.base64 ? Json(base64(answer.embedding)) : embedding_json(answer.embedding);
    list.push_back(
        {{"object", "embedding"}, {"index", list.size()}, {"embedding", std::move(embedding)}});
    tokens += answer.prompt_tokens;
  }
  return {{"object", "list"},
          {"data", std::move(list)},
          {"model", call.model},
          {"usage", {{"prompt_tokens", tokens}, {"total_tokens", tokens}}}};
}

}  // namespace openai
