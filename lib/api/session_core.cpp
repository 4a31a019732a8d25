#include "api/session_core.hpp"

#include "runtime/turns.hpp"

#include <utility>

#include <tlite/error.hpp>

namespace tlite {

EvaluatorOptions evaluator_options(const SessionOptions& options) noexcept {
  EvaluatorOptions result;
  result.context = options.context;
  result.max_sequences = 1;
  result.max_batch_rows = options.max_batch_rows;
  result.max_logits_rows = 1;
  result.threads = options.threads;
  result.kv_type = options.kv_type;
  return result;
}

void EvaluatorSequence::truncate(std::size_t length) {
  evaluator_.truncate(sequence_, static_cast<std::int32_t>(length));
}

void EvaluatorSequence::append(std::span<const TokenId> tokens, bool wants_logits) {
  rows_.clear();
  std::int32_t position = evaluator_.length(sequence_);
  for (const TokenId token : tokens) rows_.push_back({token, sequence_, position++, false});
  rows_.back().wants_logits = wants_logits;
  evaluator_.evaluate(rows_);
}

SessionCore::SessionCore(Model from, const SessionOptions& given)
    : model(std::move(from)),
      options(given),
      sampling(model.default_sampling()),
      evaluator(model, evaluator_options(given)),
      sequence(evaluator, evaluator.create_sequence()),
      cache(sequence, static_cast<std::size_t>(given.context),
            static_cast<std::size_t>(given.max_batch_rows)) {
  options.threads = evaluator.options().threads;
  options.kv_type = evaluator.options().kv_type;
}

SessionCore::SessionCore(const SessionCore& other)
    : model(other.model),
      options(other.options),
      sampling(other.sampling),
      evaluator(model, evaluator_options(options)),
      sequence(evaluator, evaluator.adopt(other.evaluator, other.sequence.id())),
      cache(sequence, other.cache.context(), static_cast<std::size_t>(options.max_batch_rows),
            {other.cache.tokens().begin(), other.cache.tokens().end()}),
      messages(other.messages),
      record(other.record) {}

void SessionCore::require_idle() const {
  if (busy) throw Error(ErrorCode::bad_state, "an answer of this session is still being made");
}

std::vector<TokenId> SessionCore::encode(const std::vector<Message>& conversation) const {
  const Prompt prompt =
      model.chat_template().render(conversation, {.add_generation_prompt = true,
                                                  .tools_json = options.tools_json,
                                                  .extra_json = options.template_json});
  EncodeOptions encoding;
  encoding.add_special = false;  // the template wrote them out
  if (!options.parse_special_in_messages) encoding.literal_ranges = prompt.literal;
  return model.tokenizer().encode(prompt.text, encoding);
}

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
