// What a Session is made of. Streams share it, so that one may outlive its session.
// One thread at a time, as the session: only `control` and the engine are for others too. While
// `busy`, an open stream reads `options`, `sampling` and the callbacks, and will put a new
// conversation in place of `messages`: who changes them asks require_idle() first.
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
// `message` is the last one's index, or the record is of no use: who adds messages need not reset
// it, who takes some away or replaces them must.
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
  // On an engine of its own it gets one more, whose cache shares pages; on one that others use the
  // cache is there anyway. The callback for progress and the control stay with the original.
  explicit SessionCore(const SessionCore& other);
  SessionCore& operator=(const SessionCore&) = delete;

  // Throws bad_state while an answer is being made.
  void require_idle() const;
  std::vector<TokenId> encode(const std::vector<Message>& conversation) const;
  // The function that it returns refers to this core and to both arguments, and drops turns from
  // `conversation` itself.
  ShortenPrompt shortener(std::vector<Message>& conversation, std::int32_t& dropped) const;

  const Model& model() const noexcept { return engine->model; }
  std::size_t context() const noexcept;

  std::shared_ptr<Engine::Impl> engine;
  bool shares_engine;
  SessionOptions options;
  SamplingParams sampling;
  LogitsProcessor logits_processor;
  std::vector<Message> messages;
  // Counts where its message is the last one; none: an answer is continued from its text.
  std::optional<AnswerRecord> record;
  std::function<bool(std::int64_t done, std::int64_t total)> on_prefill;
  // Of every answer of the session, one after the other: cancel() must find it without a lock.
  std::shared_ptr<RequestControl> control = std::make_shared<RequestControl>();
  bool busy = false;
};

}  // namespace tlite
