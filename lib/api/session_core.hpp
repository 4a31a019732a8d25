// What a Session is made of. Streams share it, so that one may outlive its session.
#pragma once

#include "api/engine_impl.hpp"
#include "runtime/overflow.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <tlite/session.hpp>

namespace tlite {

// How the last message came about, where it is an answer of ours: a continuation starts from its
// very tokens and goes on in the same stream of random numbers.
struct AnswerRecord {
  std::size_t message = 0;  // its index
  PartialAnswer answer;
  std::uint64_t seed = 0;
};

struct SessionCore {
  // On an engine of its own, or on one that others use too.
  SessionCore(Model model, const SessionOptions& options);
  SessionCore(std::shared_ptr<Engine::Impl> engine, const SessionOptions& options);
  // A twin that shares the cache of `other`.
  explicit SessionCore(const SessionCore& other);
  SessionCore& operator=(const SessionCore&) = delete;

  // Throws bad_state while an answer is being made.
  void require_idle() const;
  std::vector<TokenId> encode(const std::vector<Message>& conversation) const;
  ShortenPrompt shortener(std::vector<Message>& conversation, std::int32_t& dropped) const;

  const Model& model() const noexcept { return engine->model; }
  std::size_t context() const noexcept;

  std::shared_ptr<Engine::Impl> engine;
  bool shares_engine;
  SessionOptions options;
  SamplingParams sampling;
  LogitsProcessor logits_processor;
  std::vector<Message> messages;
  std::optional<AnswerRecord> record;
  std::function<bool(std::int64_t done, std::int64_t total)> on_prefill;
  // Of every answer of the session, one after the other: cancel() must find it without a lock.
  std::shared_ptr<RequestControl> control = std::make_shared<RequestControl>();
  bool busy = false;
};

}  // namespace tlite
