// One answer on its way: a prompt, the generator that makes the answer, and where it stands.
//
// The tokens are the prompt's and, behind them, the generator's: nobody else keeps a copy. Of them
// the first `cached` lie in the KV cache; what is missing before the next token can be chosen are
// the rows from there on. So a prompt, a decode step and the recomputation of a request that was
// preempted are one and the same.
#pragma once

#include "base/run_state.hpp"
#include "runtime/generator.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <tlite/batch.hpp>
#include <tlite/error.hpp>
#include <tlite/generation.hpp>

namespace tlite {

enum class RequestState {
  waiting,  // for a sequence and pages: not begun yet, or preempted
  running,  // has a sequence
  full,     // has filled its context and waits for its owner: resume or finish
  done,
};

// What a host tells a request from any thread.
struct RequestControl {
  RunState run;
  std::atomic<std::int32_t> priority{0};
};

// What a request has cost so far.
struct RequestCounts {
  std::int32_t prompt_tokens = 0;
  std::int32_t cached_tokens = 0;  // of these, found in the prefix cache
  double prefill_seconds = 0;      // of the batches that it was part of
  double decode_seconds = 0;
};

struct RequestEvent {
  enum class Kind {
    piece,     // a token, or text that was held back, or the end, or two of them in one
    progress,  // rows of the prompt were computed: see done and total
    full,      // RequestState::full
  };
  Kind kind = Kind::piece;
  std::int64_t request = 0;
  std::string text;    // whole code points, possibly empty
  TokenId token = -1;  // -1: none
  std::optional<TokenLogprob> logprob;
  std::vector<TokenLogprob> top_logprobs;
  FinishReason finish_reason = FinishReason::none;  // other than none: the last event
  std::string stop_string;                          // with FinishReason::stop_string
  std::optional<Error> error;                       // with FinishReason::failed
  std::int64_t done = 0;                            // of `total` rows of the prompt
  std::int64_t total = 0;
  RequestCounts counts;
};

// Adds what an event says to the answer so far, or throws and changes nothing.
void append(Generation& answer, const RequestEvent& event);

struct RequestSpec {
  std::vector<TokenId> prompt;   // not empty
  Generator generator;           // made for this prompt; what it has replayed is part of the answer
  std::size_t context = 0;       // the most tokens, prompt and answer
  bool waits_when_full = false;  // RequestState::full, not FinishReason::context_full
  bool wants_progress = false;
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  std::shared_ptr<RequestControl> control = {};
  // Takes what happens. May throw bad_alloc, but not for a last event without text, and has kept
  // nothing of the event then.
  std::function<void(RequestEvent&&)> sink = {};
};

class Request {
 public:
  Request(std::int64_t id, RequestSpec spec);

  std::int64_t id() const noexcept { return id_; }
  const RequestSpec& spec() const noexcept { return spec_; }
  // As of note_priority(): hosts may change it while requests are being put in order.
  std::int32_t priority() const noexcept { return priority_; }
  void note_priority() noexcept {
    priority_ = spec_.control->priority.load(std::memory_order_relaxed);
  }
  RequestState state = RequestState::waiting;
  SequenceId sequence = -1;  // while running
  std::size_t cached = 0;    // of its tokens, in the sequence
  std::size_t rows = 0;      // in the batch in flight

  std::size_t size() const noexcept {
    return spec_.prompt.size() + spec_.generator.tokens().size();
  }
  std::size_t missing() const noexcept { return size() - cached; }
  TokenId token(std::size_t position) const noexcept;
  std::vector<TokenId> tokens(std::size_t count) const;  // the first ones
  // The next token costs one row: all others are there.
  bool decodes() const noexcept { return answered_ && missing() == 1; }

  // Ranks before the other: by priority, then by age.
  bool before(const Request& other) const noexcept {
    return priority() != other.priority() ? priority() > other.priority() : id_ < other.id_;
  }

  // The first time that it runs, `cached` tokens being there already.
  void begin(std::size_t shared) noexcept;
  // Chooses the next token by the logits of the last one. Throws like Generator::step.
  void choose(std::span<const float> logits, SamplerWorkspace& workspace);
  bool has_failed() const noexcept { return failed_; }
  // The generator has ended; before the first token where max_new_tokens is 0.
  bool is_complete() const noexcept {
    return spec_.generator.finish_reason() != FinishReason::none;
  }
  // Ends it: by the generator's own reason, by one from outside, by an error.
  void finish();
  void finish(FinishReason reason);
  void fail(const Error& error);
  // Without an event: its owner has gone.
  void abandon() noexcept;
  // Rows of the prompt were computed.
  void report_progress();
  // No room for a further token.
  void fill();
  // Goes on behind another prompt; full or waiting before, waiting then.
  void resume(std::vector<TokenId> prompt);
  void add_seconds(double seconds) noexcept;

  Generator& generator() noexcept { return spec_.generator; }
  const Generator& generator() const noexcept { return spec_.generator; }

 private:
  void emit(RequestEvent&& event, const Piece& piece);

  std::int64_t id_;
  RequestSpec spec_;
  std::int32_t priority_ = 0;
  bool begun_ = false;
  bool failed_ = false;
  bool answered_ = false;   // a token was chosen since the prompt was evaluated
  std::size_t shared_ = 0;  // rows of the prompt that were there when it began, or went on
  RequestCounts counts_;
};

}  // namespace tlite
