#include "openai_embeddings.hpp"

#include "embedding_text.hpp"
#include "openai_fields.hpp"

#include <algorithm>
#include <string>

namespace cli::openai {
namespace {

constexpr const char* kInputRule = "a string, a list of token ids, or a list of either";

Input read_input(const Json& whole, const Json& value) {
  Input input;
  if (value.is_string()) {
    input.text = value.get<std::string>();
  } else if (value.is_array() && !value.empty()) {
    input.ids = token_ids("input", value);
  } else {
    refuse("input", whole, kInputRule);
  }
  return input;
}

std::vector<Input> read_inputs(const Json& value) {
  const bool is_one =
      value.is_string() || (value.is_array() && !value.empty() && value.front().is_number());
  if (is_one) return {read_input(value, value)};
  if (!value.is_array() || value.empty()) refuse("input", value, kInputRule);
  std::vector<Input> inputs;
  for (const Json& entry : value) inputs.push_back(read_input(value, entry));
  return inputs;
}

void read_field(const std::string& name, const Json& value, Call& call) {
  if (name == "user") return;
  if (name == "input") {
    call.inputs = read_inputs(value);
  } else if (name == "model") {
    if (!value.is_string()) refuse(name, value, "a string");
    call.model = value.get<std::string>();
  } else if (name == "encoding_format") {
    if (value != "float" && value != "base64") refuse(name, value, "\"float\" or \"base64\"");
    call.base64 = value == "base64";
  } else {  // "dimensions" too: it takes a model that was trained for fewer
    not_supported("the field \"" + name + "\" with " + value.dump());
  }
}

}  // namespace

Call parse_embeddings(const Json& body) {
  Call call;
  if (!body.is_object()) refuse("body", body, "an object");
  for (const auto& [name, value] : body.items()) {
    if (!value.is_null()) read_field(name, value, call);
  }
  if (call.inputs.empty()) {
    throw tlite::Error(tlite::ErrorCode::invalid_argument, "body has no input");
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

}  // namespace cli::openai
