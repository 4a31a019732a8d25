// Beam search on an engine: each running beam is a request of one token, and what it begins with
// lies in the prefix cache from the token before.
#include "runtime/beam_search.hpp"

#include "api/engine_impl.hpp"
#include "base/float_env.hpp"
#include "base/function_ref.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include <tlite/error.hpp>

namespace tlite {
namespace {

// How often a search asks whether to go on.
constexpr auto kAsked = std::chrono::milliseconds(10);

std::vector<TokenId> end_tokens(const Model& model, const BeamOptions& options) {
  const std::vector<TokenId>& all = model.info().eos_token_ids;
  if (options.scoring == BeamScoring::huggingface || all.empty()) return all;
  return {model.tokenizer().eos_token().value_or(all.front())};
}

// The requests of one token of the beams.
// Made anew for each token. Its requests are nobody's to poll or to cancel by id: they end here.
class BeamStep {
 public:
  BeamStep(Engine::Impl& engine, const BeamOptions& options, std::size_t likeliest)
      : engine_(engine), priority_(options.priority) {
    sampling_.temperature = options.temperature;
    sampling_.max_new_tokens = 1;
    sampling_.logprobs = static_cast<std::int32_t>(likeliest);
  }
  // Where it did not come to its end.
  ~BeamStep() {
    for (const auto& request : requests_) engine_.abandon(request);
  }
  BeamStep(const BeamStep&) = delete;
  BeamStep& operator=(const BeamStep&) = delete;

  void add(std::vector<TokenId> tokens, std::uint64_t seed) {
    // No ends: which token comes is the search's to say.
    Generator generator(engine_.model.tokenizer(), sampling_, {}, seed, {});
    RequestSpec spec{std::move(tokens), std::move(generator)};
    spec.context = static_cast<std::size_t>(engine_.options.context);
    spec.control = std::make_shared<RequestControl>();
    spec.control->priority = priority_;
    const std::size_t beam = requests_.size();
    spec.sink = [to = mail_, beam](RequestEvent&& event) {
      event.request = static_cast<std::int64_t>(beam);
      to->put(std::move(event));
    };
    mail_->expect_end();
    requests_.reserve(requests_.size() + 1);  // one that runs is known here
    requests_.push_back(engine_.submit(std::move(spec)));
  }

  // What each may go on with: what was drawn, if that is not among the likeliest, and those. None
  // where `goes_on`, asked now and then, says no.
  std::optional<std::vector<std::vector<TokenLogprob>>> run(FunctionRef<bool()> goes_on) {
    std::vector<std::vector<TokenLogprob>> continuations(requests_.size());
    auto asks = Engine::Impl::Clock::now() + kAsked;
    RequestEvent event;
    for (std::size_t left = requests_.size(); left > 0;) {
      if (!mail_->take(event)) {
        if (!engine_.work_for(*mail_, asks)) {
          throw Error(ErrorCode::bad_state, "the engine has lost a beam");
        }
        if (Engine::Impl::Clock::now() < asks) continue;
        if (!goes_on()) return std::nullopt;
        asks = Engine::Impl::Clock::now() + kAsked;
        continue;
      }
      if (event.finish_reason == FinishReason::none) continue;
      if (event.error) throw Error(*event.error);
      if (!event.logprob) throw Error(ErrorCode::cancelled, "cancelled: a beam of a search");
      std::vector<TokenLogprob>& likeliest = continuations[static_cast<std::size_t>(event.request)];
      likeliest = std::move(event.top_logprobs);
      if (event.logprob->rank > sampling_.logprobs) {
        likeliest.insert(likeliest.begin(), *event.logprob);
      }
      --left;
    }
    requests_.clear();
    return continuations;
  }

 private:
  Engine::Impl& engine_;
  std::int32_t priority_;
  SamplingParams sampling_;
  // Shared with the requests, which may outlive this.
  std::shared_ptr<Mailbox> mail_ = std::make_shared<Mailbox>();
  std::vector<std::shared_ptr<Request>> requests_;
};

Beam beam_of(BeamSearch::Hypothesis&& found, const BeamOptions& options,
             const Tokenizer& tokenizer) {
  Beam beam;
  const auto length = static_cast<std::int32_t>(found.tokens.size());
  beam.finish_reason = found.ended                        ? FinishReason::end_of_text
                       : length == options.max_new_tokens ? FinishReason::length
                                                          : FinishReason::cancelled;
  beam.tokens = std::move(found.tokens);
  std::vector<TokenId> shown = beam.tokens;
  if (found.ended) shown.pop_back();
  const auto vocabulary = static_cast<TokenId>(tokenizer.vocabulary_size());
  std::erase_if(shown, [&](TokenId token) { return token >= vocabulary; });  // rows of padding
  beam.text = tokenizer.decode(shown, {.skip_special = true});
  beam.score = found.score;
  beam.logprob = found.logprob;
  return beam;
}

void check_length(std::size_t prompt, const BeamOptions& options, std::int32_t context) {
  const auto room = static_cast<std::int64_t>(context) - static_cast<std::int64_t>(prompt);
  if (options.max_new_tokens <= room) return;
  throw Error(ErrorCode::context_full,
              "the prompt takes " + std::to_string(prompt) + " tokens and max_new_tokens is " +
                  std::to_string(options.max_new_tokens) + ", the context of " +
                  std::to_string(context) + " must hold both");
}

}  // namespace

std::vector<Beam> Engine::beam_search(std::span<const TokenId> prompt, const BeamOptions& options) {
  const std::shared_ptr<Impl> self = impl_;  // see Engine::step
  const Model& model = self->model;
  validate(options);
  check_prompt(prompt, model.info().config.vocab_size);
  check_length(prompt.size(), options, self->options.context);
  SamplingParams seeded;
  seeded.seed = options.seed;
  std::uint64_t seed = seed_of(seeded);
  const DefaultFloatEnv arithmetic;
  BeamSearch search(options, prompt.size(), end_tokens(model, options));
  const auto goes_on = [&](std::int64_t done) {
    return !options.on_progress || options.on_progress(done, options.max_new_tokens);
  };
  if (!goes_on(0)) search.stop();
  for (std::int64_t length = 1; !search.done(); ++length) {
    BeamStep step(*self, options, search.continuations());
    for (const BeamSearch::Hypothesis& beam : search.running()) {
      std::vector<TokenId> tokens(prompt.begin(), prompt.end());
      tokens.insert(tokens.end(), beam.tokens.begin(), beam.tokens.end());
      step.add(std::move(tokens), seed++);
    }
    const auto continuations = step.run([&] { return goes_on(length - 1); });
    if (continuations) search.advance(*continuations);
    if (!continuations || !goes_on(length)) search.stop();
  }
  std::vector<Beam> beams;
  for (BeamSearch::Hypothesis& found : search.best()) {
    beams.push_back(beam_of(std::move(found), options, model.tokenizer()));
  }
  return beams;
}

std::vector<Beam> Engine::beam_search(std::string_view prompt, const BeamOptions& options) {
  return beam_search(encode_text(model().tokenizer(), prompt), options);
}

}  // namespace tlite
