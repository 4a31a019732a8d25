// One answer on its way: a prompt, the generator that makes the answer, and where it stands.
//
// The tokens are the prompt's and, behind them, the generator's: nobody else keeps a copy. Of them
// the first `cached` lie in the KV cache; what is missing before the next token can be chosen are
// the rows from there on. So a prompt, a decode step and the recomputation of a request that was
// preempted are one and the same. Where tokens of the prompt are to be scored, their rows want
// logits too: those are the last rows of what is missing, as the one that chooses the next token
// is.
#pragma once

#include "base/run_state.hpp"
#include "runtime/generator.hpp"
#include "runtime/pooler.hpp"
#include "runtime/prompt_scores.hpp"

#include <algorithm>
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
  std::atomic<bool> end_thinking{false};  // until its next token
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
  // With the last event, where asked for: see Generation.
  std::int32_t prompt_logprobs_start = 0;
  std::vector<TokenLogprob> prompt_logprobs;
  std::vector<std::vector<TokenLogprob>> prompt_top_logprobs;
  std::vector<float> embedding;  // with FinishReason::length, where it was asked for

  // As new, but for the room of its text and its list.
  void clear() noexcept;
};

// Adds what an event says to the answer so far, or throws and changes nothing. What only answers
// have is moved there.
void append(Generation& answer, RequestEvent& event);

// Room for so many more tokens.
void reserve(Generation& answer, std::size_t tokens, bool has_logprobs);

struct RequestSpec {
  std::vector<TokenId> prompt;   // not empty
  Generator generator;           // made for this prompt; what it has replayed is part of the answer
  std::size_t context = 0;       // the most tokens, prompt and answer
  bool waits_when_full = false;  // RequestState::full, not FinishReason::context_full
  bool wants_progress = false;
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  std::shared_ptr<RequestControl> control = {};
  // Takes what happens, and may leave other strings and lists in the event, whose room is used again.
  // May throw bad_alloc, but not for a last event without text, and has kept nothing of it then.
  std::function<void(RequestEvent&&)> sink = {};
  PromptScores scores = {};  // of the prompt, which then stays as it is
  // Other than none: an embedding is computed, and the generator has ended.
  Pooling pooling = Pooling::none;
  bool normalize = true;
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
  // Tokens whose rows it needs: all, but for the last one where that is not to choose a token.
  std::size_t goal() const noexcept { return size() - (only_scores_ ? 1 : 0); }
  std::size_t missing() const noexcept { return goal() - cached; }
  // There is an answer behind the prompt to compute, not scores or an embedding alone.
  bool answers() const noexcept { return !only_scores_ && !pooler_; }
  // The first row whose logits it needs, and those behind it; at least `cached`.
  std::size_t first_logits_row() const noexcept {
    if (pooler_) return goal();
    return spec_.scores.complete() ? goal() - 1 : spec_.scores.next_row();
  }
  bool is_scored() const noexcept { return !spec_.scores.complete(); }  // still
  // Of the rows in the batch in flight, those that want logits.
  std::size_t logits_rows() const noexcept {
    return cached + rows - std::min(cached + rows, first_logits_row());
  }
  TokenId token(std::size_t position) const noexcept;
  std::vector<TokenId> tokens(std::size_t count) const;  // the first ones
  // The first ones that need not be computed where the prefix cache has them.
  std::size_t reusable() const noexcept { return pooler_ ? pooler_->next() : first_logits_row(); }
  std::int32_t prompt_tokens() const noexcept { return counts_.prompt_tokens; }
  bool pools() const noexcept { return pooler_.has_value(); }
  bool wants_hidden(std::size_t position) const noexcept {
    return pooler_ && pooler_->wants(position);
  }
  // Of the rows in the batch in flight, those that want hidden states.
  std::size_t hidden_rows() const noexcept {
    return pooler_ ? cached + rows - std::min(cached + rows, std::max(cached, pooler_->next())) : 0;
  }
  // The hidden state of the first position that wants one.
  void pool(std::span<const float> hidden) { pooler_->add(hidden); }
  // The next token costs one row: all others are there.
  bool decodes() const noexcept { return answered_ && missing() == 1; }

  // Ranks before the other: by priority, then by age.
  bool before(const Request& other) const noexcept {
    return priority() != other.priority() ? priority() > other.priority() : id_ < other.id_;
  }

  // Room for the tokens to come, so that they need no allocation: when it is going to run, as
  // thousands may wait.
  void reserve();
  // The first time that it runs, `cached` tokens being there already.
  void begin(std::size_t shared) noexcept;
  // Chooses the next token by the logits of the last one, and then tells of it. Requests may choose
  // on several threads at once; the piece's views are valid until the next one. Throws like
  // Generator::step.
  Piece choose(std::span<const float> logits, SamplerWorkspace& workspace);
  void tell(const Piece& piece);
  PromptScores& scores() noexcept { return spec_.scores; }
  const PromptScores& scores() const noexcept { return spec_.scores; }
  bool has_failed() const noexcept { return failed_; }
  // It is not to be worked on, for now or for ever.
  bool has_ended() const noexcept {
    return state == RequestState::done || state == RequestState::full;
  }
  // The generator has ended; before the first token where max_new_tokens is 0, or an embedding is
  // all that is wanted.
  bool is_complete() const noexcept {
    return spec_.generator.finish_reason() != FinishReason::none;
  }
  // Ends it: by the generator's own reason, by one from outside, by an error.
  void finish();
  void finish(FinishReason reason);
  void fail(const Error& error);
  // Without an event: its owner has gone.
  void abandon() noexcept;
  // Rows of the prompt, of `goal` that it needs in all, were computed.
  void report_progress(std::size_t goal);
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
  bool only_scores_;  // of the prompt, and no answer
  std::optional<Pooler> pooler_;
  bool begun_ = false;
  bool failed_ = false;
  bool answered_ = false;   // a token was chosen since the prompt was evaluated
  std::size_t shared_ = 0;  // rows of the prompt that were there when it began, or went on
  RequestCounts counts_;
  RequestEvent event_;  // each token's in turn
};

}  // namespace tlite
