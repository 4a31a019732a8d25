#include "length.hpp"

#include <algorithm>
#include <string>

namespace openai {
namespace {

std::int32_t positions(const tlite::ModelConfig& model) {
  double most = model.max_position_embeddings * model.rope_linear_factor;
  if (model.yarn) {
    most = std::max(most, model.yarn->factor * model.yarn->original_max_position_embeddings);
  }
  return static_cast<std::int32_t>(most);
}

std::string field_of(const Call& call) {
  if (call.kind == Kind::chat) return "messages";
  return call.kind == Kind::completion ? "prompt" : "input";
}

}  // namespace

std::int32_t longest_request(const tlite::ModelConfig& model, const tlite::EngineOptions& engine) {
  return std::min(positions(model), engine.context);
}

void check_length(const Call& call, std::size_t tokens, const tlite::ModelConfig& model) {
  const std::int32_t most = positions(model);
  if (tokens <= static_cast<std::size_t>(most)) return;
  throw tlite::Error(tlite::ErrorCode::context_full,
                     field_of(call) + " has " + std::to_string(tokens) +
                         " tokens, the model takes " + std::to_string(most) +
                         " at most (max_position_embeddings)");
}

}  // namespace openai
