// Many requests over one model: which rows come next, and what becomes of their logits.
//
// Each batch first gives every running request that decodes its one row, then fills up with rows of
// prompts, as many as the pacer allows, which prompts of one priority share evenly. Who comes first
// is one rule throughout, Request::before: higher priority, then older. What does not find a
// sequence or pages waits, and whoever ranks behind it neither overtakes it nor keeps it waiting by
// running: of running requests the last in rank gives its pages back when those before it need
// them, and is computed again later.
//
// An answer does not depend on what else runs: rows do not (see batch_model.hpp), each request has
// its own generator with random numbers counted by its own tokens, and recomputing gives the same
// bits. Prompts whose tokens are scored want many rows of logits: each running request has one, and
// what there are more of they share. A step that throws leaves all requests as they were; what goes
// wrong with one request ends that one with its error.
//
// One thread at a time; only a request's control may be used from others. From within a step, which
// runs logits processors when a batch is done and its rows are counted, requests may be submitted,
// resumed and abandoned. Tokens of one batch are chosen on the threads that have computed it, since
// that is 4 % of a step of 16 sequences of a 0.5B model on one; what comes of it is told in the
// order of rows.
#pragma once

#include "base/cpu.hpp"
#include "model/batch_model.hpp"
#include "runtime/pacer.hpp"
#include "runtime/prefix_cache.hpp"
#include "runtime/request.hpp"
#include "sample/sampler_chain.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace tlite {

struct EngineCoreOptions {
  // The most that prompts delay a token of another request, in one batch.
  std::chrono::nanoseconds max_delay = std::chrono::milliseconds(50);
  bool prefix_cache = true;
  CpuTier tier = CpuTier::scalar;  // that tokens are chosen on
};

class EngineCore {
 public:
  using Clock = BatchModel::Clock;

  // The model's max_hidden_rows is max_batch_rows, or 0 where no request asks for an embedding.
  EngineCore(BatchModel& model, const EngineCoreOptions& options);

  // Any thread. Throws context_full for a prompt that fills the request's context or the KV cache
  // alone (for an embedding: that is longer), so that nobody waits for what can never run.
  std::shared_ptr<Request> make(std::int64_t id, RequestSpec spec) const;
  // From now on step() works on it too.
  void submit(const std::shared_ptr<Request>& request) { waiting_.push_back(request); }
  // A request that was full goes on behind a shorter prompt.
  void resume(const std::shared_ptr<Request>& request, std::vector<TokenId> prompt);
  // Its owner has gone.
  void abandon(Request& request) noexcept;

  // Works on one batch until its end (true) or the deadline, or has nothing to do (false). Throws
  // what the model throws.
  bool step(Clock::time_point deadline);
  bool has_work() const noexcept { return !waiting_.empty() || !running_.empty(); }

  const PrefixCache& cache() const noexcept { return cache_; }
  // Takes over what another one has cached, of the same model and kv_type.
  void adopt_cache(const EngineCore& other) { cache_.copy_from(other.cache_); }
  std::size_t running() const noexcept { return running_.size(); }
  std::size_t waiting() const noexcept { return waiting_.size(); }

 private:
  using Requests = std::vector<std::shared_ptr<Request>>;
  // A row of the batch in flight that a prompt's token is scored by.
  struct Score {
    Request* request;    // of the batch
    std::size_t row;     // its position
    std::size_t logits;  // index of the model's rows of logits
    enum class Outcome : std::uint8_t { none, done, not_finite, no_memory } outcome;
  };
  // What a request has got of a batch.
  struct Share {
    Request* request = nullptr;
    bool was_prompt = false;
    bool is_whole = false;  // nothing is missing any more
    std::size_t first = 0;  // position of its first row
    std::size_t goal = 0;   // the request's, before a token was chosen
    std::span<const Score> scores = {};
    std::size_t logits_end = 0;     // behind its rows of logits; a token is chosen by the last
    std::size_t hidden = 0;         // the first of its hidden states
    Piece piece = {};               // chosen, or
    std::exception_ptr error = {};  // why there is none
  };

  void drop_ended() noexcept;
  void end_overdue();
  void end(Request& request, FinishReason reason) noexcept;
  bool start_batch();
  void note_priorities() noexcept;
  void refuse_first();
  void admit_waiting();
  void plan_decodes();
  void plan_prompts();
  std::size_t feed(const std::shared_ptr<Request>& request, std::size_t rows, std::size_t scores);
  void plan(const std::shared_ptr<Request>& request, std::size_t rows);
  enum class Admission { running, awaits, no_room };
  Admission admit(const std::shared_ptr<Request>& request);
  bool find_room(const Request& request, std::size_t shared);
  bool is_awaited(const Request& request, std::size_t shared) const;
  Request* last_behind(const Request& request, bool by_priority) const noexcept;
  bool secure(Request& request, std::size_t rows);
  std::size_t planned_pages() const;
  std::size_t promised_pages() const;
  bool make_room(const Request& request, bool by_priority);
  void preempt(Request& request);
  void keep(const Request& request, std::size_t count) noexcept;
  void keep_prompt(const Share& share) noexcept;
  void leave(Request& request) noexcept;
  void drop_batch() noexcept;
  void forget_batch() noexcept;
  bool may_drop_for(const Request& request) const noexcept;
  const RunState& run_of_batch() const noexcept;
  bool score_batch(Clock::time_point deadline);
  void score(Score& score, ScoreSpace& space) const noexcept;
  void finish_batch();
  static void fail_not_finite(Request& request, std::string_view what, std::size_t position);
  void share_out(const Requests& batch, std::span<const Score> scores);
  bool chooses(const Share& share) const noexcept;
  void choose(Share& share, SamplerWorkspace& workspace) noexcept;
  void choose_tokens() noexcept;
  void tell(Share& share);
  void take_hidden(Request& request, std::size_t first, std::size_t index);
  static void take_scores(Request& request, std::span<const Score> scores);
  void take(Share& share);
  static void fail(Request& request, const Error& error) noexcept;
  void settle(Request& request);

  BatchModel& model_;
  EngineCoreOptions options_;
  PrefixCache cache_;
  Pacer pacer_;
  std::vector<SamplerWorkspace> workspaces_;  // one for each that chooses at the same time
  std::vector<ScoreSpace> spaces_;            // one a thread
  RunState never_;                            // for batches that no single request may end
  // Made while there is memory: copies of an Error need none.
  const Error no_memory_{ErrorCode::out_of_memory, "out of memory: telling what a request says"};
  Requests waiting_;
  Requests running_;

  // The batch in flight; empty: none. Requests are in the order of their rows.
  Requests batch_;
  std::vector<BatchRow> rows_;
  std::size_t decode_rows_ = 0;
  std::size_t logits_rows_ = 0;
  double batch_seconds_ = 0;
  // Its rows that tokens of prompts are scored by, in the order of the rows.
  std::vector<Score> scores_;
  std::size_t scored_ = 0;  // of them; they come when the model is done
  bool evaluated_ = false;
  std::vector<Share> shares_;  // once it is done, in the order of its rows
};

}  // namespace tlite
