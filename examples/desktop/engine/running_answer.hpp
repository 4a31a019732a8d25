// One request on the engine: its events become steps of an answer.
#pragma once

#include "answer.hpp"

#include <optional>
#include <string_view>

#include <openai/answer_parts.hpp>

#include <tlite/tlite.hpp>

namespace desktop {

class RunningAnswer {
 public:
  // Submits it; prompt and answer have `context` tokens at most. Throws what Engine::submit does.
  RunningAnswer(tlite::Engine& engine, int context, const AnswerRequest& request);

  AnswerId id() const noexcept { return step_.id; }
  tlite::RequestId request() const noexcept { return request_; }
  void add(const tlite::EngineEvent& event);
  void end(AnswerEnd end) { step_.end = std::move(end); }
  // What has happened since the last call, if anything.
  std::optional<AnswerStep> take_step();

 private:
  void add_parts(const std::vector<openai::AnswerPart>& parts);
  void add_token(const tlite::EngineEvent& event);
  ScoredText scored(const tlite::TokenLogprob& logprob) const;

  tlite::Tokenizer tokenizer_;
  openai::AnswerParts parts_;
  tlite::RequestId request_ = 0;
  AnswerStep step_;
  bool changed_ = false;
  bool in_content_ = false;
};

}  // namespace desktop
