#include "api/session_core.hpp"

#include "runtime/turns.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include <tlite/error.hpp>

namespace tlite {

namespace {

// Of a session that has an engine to itself.
EngineOptions engine_options(const SessionOptions& options) noexcept {
  EngineOptions result;
  result.context = options.context;
  result.max_sequences = 1;
  result.max_batch_rows = options.max_batch_rows;
  result.threads = options.threads;
  result.kv_type = options.kv_type;
  result.max_delay = std::chrono::hours(1);  // there is nobody else to delay
  result.embeddings = false;                 // nor a request that asks for one
  return result;
}

}  // namespace

EvaluatorOptions evaluator_options(const SessionOptions& options) noexcept {
  EvaluatorOptions result = evaluator_options(engine_options(options));
  result.max_logits_rows = 1;  // its prompts are not scored
  return result;
}

SessionCore::SessionCore(Model model, const SessionOptions& given)
    : SessionCore(std::make_shared<Engine::Impl>(std::move(model), engine_options(given),
                                                 evaluator_options(given)),
                  given) {
  // After the delegated constructor, which takes any engine for a shared one.
  shares_engine = false;
}

SessionCore::SessionCore(std::shared_ptr<Engine::Impl> on, const SessionOptions& given)
    : engine(std::move(on)),
      shares_engine(true),
      options(given),
      sampling(engine->model.default_sampling()) {
  if (options.context < 1) {
    throw Error(
        ErrorCode::invalid_argument,
        "SessionOptions::context is " + std::to_string(options.context) + "; it takes 1 or more");
  }
  // As resolved, so that options() tells what the session really runs with.
  options.threads = engine->options.threads;
  options.kv_type = engine->options.kv_type;
}

// The original is idle (Session::fork asks), so no step holds the lock of its engine for long.
SessionCore::SessionCore(const SessionCore& other)
    : engine(other.engine),
      shares_engine(other.shares_engine),
      options(other.options),
      sampling(other.sampling),
      logits_processor(other.logits_processor),
      messages(other.messages),
      record(other.record) {
  if (shares_engine) return;
  engine = std::make_shared<Engine::Impl>(other.model(), engine_options(options),
                                          evaluator_options(options));
  engine->adopt_cache(*other.engine);
}

std::size_t SessionCore::context() const noexcept {
  return static_cast<std::size_t>(std::min(options.context, engine->options.context));
}

void SessionCore::require_idle() const {
  if (busy) throw Error(ErrorCode::bad_state, "an answer of this session is still being made");
}

std::vector<TokenId> SessionCore::encode(const std::vector<Message>& conversation) const {
  return encode_messages(model(), conversation, options.tools_json, options.template_json,
                         options.parse_special_in_messages);
}

// The conversation is rendered anew for each turn that goes: a template may write more than the
// turns, so what one of them costs is known by rendering without it. Gives the shortest prompt
// there is where none is short enough; the caller decides (runtime/overflow.cpp).
ShortenPrompt SessionCore::shortener(std::vector<Message>& conversation,
                                     std::int32_t& dropped) const {
  return [this, &conversation, &dropped](std::size_t tokens) {
    std::optional<std::vector<TokenId>> prompt;
    while (!prompt || prompt->size() > tokens) {
      const std::size_t count = drop_oldest_turn(conversation);
      if (count == 0) break;
      dropped += static_cast<std::int32_t>(count);
      prompt = encode(conversation);
    }
    return prompt;
  };
}

}  // namespace tlite
