// Many requests at once over one model: characters of a game, users of a service, documents.
//
//   tlite::Engine engine(model, {.context = 16384});
//   tlite::RequestId request = engine.submit("Столица Франции -", {.sampling = params});
//   const auto show = [](const tlite::EngineEvent& event) { std::cout << event.text; };
//   while (engine.advance(std::chrono::milliseconds(3), show)) {}
//
// Requests share batches, so that many cost little more than one, and what begins alike is computed
// once. Each answer is bit for bit the one that the request would get alone, whatever else runs.
//
// Who comes first: higher priority, then older; each batch gives every running request a token
// before it works on prompts. Requests that do not fit wait; one that has to give its memory to
// others is computed again later and loses nothing.
//
// Threads: submit, poll, cancel, set_priority and the like may be called from any thread at any
// time, and do not wait for a step. step, advance, run and wait work on the calling thread (and
// helpers, which rest when it returns); where several threads call them, they take turns, a batch
// each. What a thread waits for may come of another one's turn, and a budget ends in it too.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tlite/beam_search.hpp>
#include <tlite/chat.hpp>
#include <tlite/embedding.hpp>
#include <tlite/error.hpp>
#include <tlite/evaluator_options.hpp>
#include <tlite/export.hpp>
#include <tlite/generation.hpp>
#include <tlite/model.hpp>
#include <tlite/sampling.hpp>

namespace tlite {

struct EngineOptions {
  // Tokens in the KV cache: those of running requests and, as long as there is room, those of
  // earlier ones. Memory: Model::plan with evaluator_options() of these.
  std::int32_t context = 16384;
  std::int32_t max_sequences = 16;    // requests that run at once; others wait
  std::int32_t max_batch_rows = 512;  // tokens worked on at once
  std::int32_t threads = 0;           // 0: physical cores
  std::optional<DataType> kv_type = {};
  // The most that prompts may delay a token of another request, beside the step that is under way.
  std::chrono::milliseconds max_delay{50};
  bool prefix_cache = true;  // keep what was computed for requests that begin alike
  // Requests may ask for embeddings: memory for max_batch_rows hidden states, 7 MB of a 7B model.
  bool embeddings = true;
};

// The evaluator that an engine of these options runs on.
TLITE_API EvaluatorOptions evaluator_options(const EngineOptions& options) noexcept;

using RequestId = std::int64_t;

struct RequestOptions {
  std::optional<SamplingParams> sampling = {};  // unset: the model's own
  std::int32_t context = 0;   // the most tokens, prompt and answer; 0: what the engine has
  std::int32_t priority = 0;  // higher ones first
  std::chrono::milliseconds timeout{0};  // from submit on; 0: none. FinishReason::deadline
  // Of messages, as in SessionOptions.
  bool parse_special_in_messages = false;
  std::string_view tools_json = {};
  std::string_view template_json = {};
  // How many answers, 1 to 1024: as many requests with ids one after the other, whose prompt is
  // computed once where there is a prefix cache. Answer i has the seed sampling.seed + i, or one of
  // its own where none is given.
  std::int32_t n = 1;
  // Log probabilities of the prompt's own tokens, in its result (with n in the first one's): raw,
  // by the logits before each of them. -1: none; 0: of each token; k <= 64: and of the k likeliest.
  std::int32_t prompt_logprobs = -1;
  // From this position of the prompt on; >= 1, for nothing comes before the first token. What lies
  // before it may come from the prefix cache, so that many continuations of one text cost it once.
  // With sampling.max_new_tokens 0 the request costs its prompt, less the last token's row.
  std::int32_t prompt_logprobs_start = 1;
  // Other than none: the request computes no answer, so `sampling` must not be set, but
  // Generation::embedding of its prompt, which may fill the context, and ends with
  // FinishReason::length. Bit for bit the same whatever else runs.
  Pooling pooling = Pooling::none;
  bool normalize = true;  // the embedding to length 1 (L2)
  // Called for each token of the answer, in step, advance, run or wait, on the thread that works.
  // From it, what waits for no step may be called (submit, poll, cancel, end_thinking, ...); what
  // works and sessions of this engine throw bad_state.
  LogitsProcessor logits_processor = {};
};

// What happened to a request.
struct EngineEvent {
  RequestId request = 0;
  std::string text;    // whole code points, possibly empty
  TokenId token = -1;  // -1: none, text that was held back or an end without a token
  std::optional<TokenLogprob> logprob;              // of the token, where asked for
  std::vector<TokenLogprob> top_logprobs;           // of the likeliest, where asked for
  FinishReason finish_reason = FinishReason::none;  // other than none: its last event
  std::shared_ptr<const Generation> result;         // with the last event: all of the answer
  std::optional<Error> error;                       // with FinishReason::failed
};

struct EngineStatus {
  std::int32_t waiting = 0;  // requests
  std::int32_t running = 0;
  std::int32_t cached_tokens = 0;  // room that the prefix cache takes, given up when needed
  std::int32_t free_tokens = 0;
};

class TLITE_API Engine {
 public:
  // Allocates all memory for keys, values and activations. Throws out_of_memory, invalid_argument.
  explicit Engine(Model model, const EngineOptions& options = {});
  // Its sessions go on, its requests end.
  ~Engine();
  Engine(Engine&&) noexcept;
  Engine& operator=(Engine&&) noexcept;

  const Model& model() const noexcept;
  const EngineOptions& options() const noexcept;  // as resolved: context, threads, kv_type, ...

  // A request over token ids, over a text (special tokens parsed), over a conversation that the
  // model's chat template renders; of several the first one's id. Throws invalid_argument naming
  // what is wrong, context_full for what can never fit, and for messages what ChatTemplate::render
  // throws.
  RequestId submit(std::span<const TokenId> prompt, const RequestOptions& options = {});
  RequestId submit(std::string_view prompt, const RequestOptions& options = {});
  RequestId submit(const std::vector<Message>& messages, const RequestOptions& options = {});

  // Works until the budget is used up, or everything is done. It may be exceeded by one work unit
  // (a part of a layer, 2 ms of a slow core). True while there is something left to do. Throws
  // out_of_memory and the like and then leaves all requests as they were: call it again. What
  // happened in the last step, too, is there to be polled.
  bool step(std::chrono::nanoseconds budget);
  // Until everything is done.
  void run();
  // Sleeps until there is something to do, or `timeout` is over (false).
  bool wait_for_work(std::chrono::nanoseconds timeout);

  // The next thing that happened, in the order of happening. With a request's last event the engine
  // forgets it.
  std::optional<EngineEvent> poll();
  // Works until this request has ended, and takes its events that nobody has polled. Throws the
  // error that it failed with; invalid_argument for one that there is not, or whose end somebody
  // else takes meanwhile.
  Generation wait(RequestId request);
  // The same for those who copy what they are given: where `take` throws, it is given out again.
  // False: nothing has happened.
  bool poll(const std::function<void(const EngineEvent& event)>& take);
  // step and poll in one, for those who hand on what happens at once: gives `take` the next thing
  // that happened, or works until there is one, the budget is used up or everything is done. False:
  // nothing happened, and nothing is left to do.
  bool advance(std::chrono::nanoseconds budget,
               const std::function<void(const EngineEvent& event)>& take);
  void wait(RequestId request, const std::function<void(const Generation& answer)>& take);

  // The likeliest answers to a prompt, by requests of a token each that share batches with others'
  // and find what is there already in the prefix cache; without one each token costs the whole
  // prompt again. Works, as wait() does, until it is done. Throws invalid_argument naming what is
  // wrong, context_full where prompt and answer do not fit, and what its requests fail with.
  std::vector<Beam> beam_search(std::span<const TokenId> prompt, const BeamOptions& options);
  std::vector<Beam> beam_search(std::string_view prompt, const BeamOptions& options);

  // Ends it within a work unit where the batch under way is mostly its own, else with that batch.
  // What it has said stays. No effect on one that has ended.
  void cancel(RequestId request) noexcept;
  // Inside <think> the next token is </think>. No effect outside, nor on what is opened later.
  void end_thinking(RequestId request) noexcept;
  void set_priority(RequestId request, std::int32_t priority) noexcept;
  EngineStatus status() const;

  struct Impl;  // internal
  const std::shared_ptr<Impl>& impl() const noexcept { return impl_; }

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace tlite
