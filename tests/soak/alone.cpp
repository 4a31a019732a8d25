#include "soak/alone.hpp"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace tlite::soak {

Outcome alone(const Model& model, const EngineOptions& shared, const Plan& plan,
              std::optional<std::size_t> most) {
  EngineOptions options = shared;
  options.max_sequences = 1;
  options.threads = 1;
  options.prefix_cache = false;
  Engine engine(model, options);
  Plan patient = plan;
  patient.options.timeout = {};
  const RequestId request = submit(engine, patient);
  std::size_t tokens = 0;
  while (true) {
    if (most && tokens >= *most) engine.cancel(request);
    engine.step(std::chrono::nanoseconds(0));
    while (const auto event = engine.poll()) {
      tokens += event->token >= 0 ? 1U : 0U;
      if (event->result) return {*event->result, event->error};
    }
  }
}

namespace {

bool same(const TokenLogprob& a, const TokenLogprob& b) {
  return a.token == b.token && a.rank == b.rank &&
         std::bit_cast<std::uint32_t>(a.logprob) == std::bit_cast<std::uint32_t>(b.logprob);
}

bool same_lists(const std::vector<TokenLogprob>& a, const std::vector<TokenLogprob>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), same);
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() &&
         (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0);
}

std::string difference(const Generation& got, const Generation& wanted) {
  if (got.tokens != wanted.tokens) return "other tokens";
  if (got.text != wanted.text) return "text '" + got.text + "', alone '" + wanted.text + "'";
  if (!same_lists(got.logprobs, wanted.logprobs)) return "other log probabilities";
  if (!std::equal(got.top_logprobs.begin(), got.top_logprobs.end(), wanted.top_logprobs.begin(),
                  wanted.top_logprobs.end(), same_lists)) {
    return "other log probabilities of the likeliest";
  }
  if (got.prompt_tokens != wanted.prompt_tokens) return "another number of prompt tokens";
  return {};
}

}  // namespace

std::string compare(const Model& model, const EngineOptions& shared, const Plan& plan,
                    const Outcome& outcome) {
  const Generation& got = outcome.answer;
  const bool interrupted =
      got.finish_reason == FinishReason::cancelled || got.finish_reason == FinishReason::deadline;
  if (interrupted) {
    return difference(got, alone(model, shared, plan, got.tokens.size()).answer);
  }
  if (outcome.error && outcome.error->code() == ErrorCode::out_of_memory) {
    const Generation wanted = alone(model, shared, plan, got.tokens.size()).answer;
    if (got.tokens != wanted.tokens) return "other tokens before the memory was out";
    return wanted.text.starts_with(got.text) ? "" : "other text before the memory was out";
  }
  const Outcome wanted = alone(model, shared, plan);
  if (got.finish_reason != wanted.answer.finish_reason) {
    return "ended by " + std::string(to_string(got.finish_reason)) + ", alone by " +
           std::string(to_string(wanted.answer.finish_reason));
  }
  if (got.stop_string != wanted.answer.stop_string) return "another stop string";
  if (outcome.error && outcome.error->what() != std::string(wanted.error->what())) {
    return std::string("error '") + outcome.error->what() + "', alone '" + wanted.error->what() +
           "'";
  }
  if (!same_lists(got.prompt_logprobs, wanted.answer.prompt_logprobs) ||
      !std::equal(got.prompt_top_logprobs.begin(), got.prompt_top_logprobs.end(),
                  wanted.answer.prompt_top_logprobs.begin(),
                  wanted.answer.prompt_top_logprobs.end(), same_lists)) {
    return "other log probabilities of the prompt";
  }
  if (!same_bits(got.embedding, wanted.answer.embedding)) return "another embedding";
  return difference(got, wanted.answer);
}

}  // namespace tlite::soak
