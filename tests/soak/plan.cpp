#include "soak/plan.hpp"

#include "unit/support/tiny_checkpoint.hpp"

#include <algorithm>
#include <utility>

namespace tlite::soak {

Model poisoned_model(const std::shared_ptr<Allocator>& allocator) {
  const ModelConfig config = test::tiny_config();
  std::vector<test::TestTensor> tensors = test::random_tensors(config, DataType::f32);
  for (test::TestTensor& tensor : tensors) {
    if (tensor.name != "model.embed_tokens.weight") continue;
    const std::size_t row = tensor.bytes.size() / static_cast<std::size_t>(config.vocab_size);
    std::fill_n(tensor.bytes.begin() + static_cast<std::ptrdiff_t>(row * kPoison), row, '\xFF');
  }
  const auto files = test::tiny_checkpoint("tiny", config);
  (*files)["tiny/model.safetensors"] = test::safetensors_bytes(tensors);
  LoadOptions options;
  options.host.files = files;
  options.host.allocator = allocator;
  return Model::load("tiny", options);
}

EngineOptions random_engine(Random& random) {
  EngineOptions options;
  options.context = 32 * random.from(7, 20);
  options.max_sequences = random.from(1, 6);
  options.max_batch_rows = random.from(8, 64);
  options.threads = random.from(1, 2);
  options.max_delay = std::chrono::milliseconds(random.one_in(3) ? 50 : random.from(0, 2));
  options.prefix_cache = !random.one_in(4);
  options.embeddings = random.one_in(2);
  if (random.one_in(3)) options.kv_type = random.one_in(2) ? DataType::f32 : DataType::f16;
  return options;
}

namespace {

std::vector<TokenId> random_tokens(Random& random, TokenId vocabulary, int least, int most) {
  std::vector<TokenId> tokens;
  for (int i = random.from(least, most); i > 0; --i) {
    const TokenId token = random.from<TokenId>(0, vocabulary - 1);
    if (token != kPoison || random.one_in(4)) tokens.push_back(token);
  }
  if (tokens.empty()) tokens.push_back('a');
  return tokens;
}

std::string random_text(Random& random, int most) {
  static const char* const kWords[] = {"hello ", "e\xCC\x81",  "\xD0\xBC\xD0\xB8\xD1\x80 ",
                                       "a",      "<|im_end|>", "\n"};
  std::string text = "x";
  for (int i = random.from(0, most); i > 0; --i) text += kWords[random.from<std::size_t>(0, 5)];
  return text;
}

void choose_filters(Random& random, SamplingParams& params) {
  if (random.one_in(3)) params.top_k = random.from(1, 50);
  if (random.one_in(3)) params.top_p = random.real(0.1F, 1.0F);
  if (random.one_in(6)) params.min_p = random.real(0.0F, 0.5F);
  if (random.one_in(8)) params.typical_p = random.real(0.1F, 1.0F);
  if (random.one_in(8)) params.epsilon_cutoff = random.real(0.0F, 0.01F);
  if (random.one_in(8)) params.eta_cutoff = random.real(0.0F, 0.01F);
  if (random.one_in(8)) params.top_n_sigma = random.real(0.5F, 3.0F);
  if (random.one_in(8)) {
    params.xtc_probability = random.real(0.0F, 1.0F);
    params.xtc_threshold = random.real(0.0F, 0.2F);
  }
  if (random.one_in(10)) params.mirostat = random.from(1, 2);
  if (random.one_in(10)) params.dynatemp_range = random.real(0.0F, 0.5F);
  if (random.one_in(10)) params.adaptive_target = random.real(0.0F, 1.0F);
}

void choose_penalties(Random& random, TokenId vocabulary, SamplingParams& params) {
  if (random.one_in(4)) params.repetition_penalty = random.real(0.8F, 1.5F);
  if (random.one_in(6)) params.presence_penalty = random.real(-1.0F, 1.0F);
  if (random.one_in(6)) params.frequency_penalty = random.real(-1.0F, 1.0F);
  if (random.one_in(8)) params.dry_multiplier = random.real(0.0F, 2.0F);
  if (random.one_in(8)) params.dry_sequence_breakers = {random_tokens(random, vocabulary, 1, 2)};
  if (random.one_in(8)) params.no_repeat_ngram_size = random.from(1, 4);
  if (random.one_in(8)) params.suppress_tokens = random_tokens(random, vocabulary, 1, 30);
  if (random.one_in(8)) params.begin_suppress_tokens = random_tokens(random, vocabulary, 1, 30);
  if (random.one_in(8)) params.bad_words = {random_tokens(random, vocabulary, 1, 2)};
  if (random.one_in(8)) params.sequence_bias = {{random_tokens(random, vocabulary, 1, 2), 3.0F}};
  if (random.one_in(12)) params.allowed_token_ids = random_tokens(random, vocabulary, 1, 80);
  for (int i = random.one_in(6) ? 5 : 0; i > 0; --i) {
    params.logit_bias.emplace_back(random.from<TokenId>(0, vocabulary - 1),
                                   random.real(-5.0F, 5.0F));
  }
}

void choose_ends(Random& random, TokenId vocabulary, SamplingParams& params) {
  params.max_new_tokens = random.one_in(12) ? -1 : random.from(0, 24);
  if (random.one_in(8) && params.max_new_tokens > 0) {
    params.min_new_tokens = random.from(0, params.max_new_tokens);
  }
  if (random.one_in(8)) params.max_length = random.from(1, 200);
  if (random.one_in(8)) params.min_length = random.from(0, 100);
  if (random.one_in(8)) params.forced_bos_token_id = random.from<TokenId>(0, vocabulary - 1);
  if (random.one_in(8)) params.forced_eos_token_ids = random_tokens(random, vocabulary, 1, 2);
  if (random.one_in(8)) {
    params.length_decay = SamplingParams::LengthDecay{random.from(0, 8), random.real(1.0F, 1.5F)};
  }
  params.ignore_eos = random.one_in(3);
  if (random.one_in(4)) params.stop_token_ids = random_tokens(random, vocabulary, 1, 8);
  for (int i = random.one_in(3) ? random.from(1, 3) : 0; i > 0; --i) {
    params.stop.push_back(std::string(random.from<std::size_t>(1, 2), random.from('a', 'z')));
  }
  params.include_stop_in_output = random.one_in(3);
}

}  // namespace

SamplingParams random_sampling(Random& random, TokenId vocabulary) {
  SamplingParams params;
  params.seed = random.next();
  params.temperature = random.one_in(4) ? 0.0F : random.real(0.2F, 1.8F);
  choose_filters(random, params);
  choose_penalties(random, vocabulary, params);
  choose_ends(random, vocabulary, params);
  params.logprobs = random.one_in(2) ? -1 : random.from(0, 5);
  return params;
}

std::vector<std::vector<TokenId>> random_beginnings(Random& random, TokenId vocabulary) {
  std::vector<std::vector<TokenId>> all;
  for (int i = 0; i < 4; ++i) {
    all.push_back(random_tokens(random, vocabulary, 1, 150));
    std::erase(all.back(), kPoison);
  }
  return all;
}

Plan random_plan(Random& random, TokenId vocabulary, bool embeddings,
                 const std::vector<std::vector<TokenId>>& beginnings) {
  Plan plan;
  const int form = random.from(0, 9);
  if (form == 0) {
    plan.prompt = random_text(random, 12);
  } else if (form == 1) {
    plan.prompt = std::vector<Message>{{"user", random_text(random, 6)}};
  } else {
    const auto& beginning = beginnings[random.from<std::size_t>(0, beginnings.size() - 1)];
    std::vector<TokenId> prompt(
        beginning.begin(),
        beginning.begin() + random.from<std::ptrdiff_t>(0, std::ssize(beginning)));
    const std::vector<TokenId> rest = random_tokens(random, vocabulary, 1, 30);
    prompt.insert(prompt.end(), rest.begin(), rest.end());
    plan.prompt = std::move(prompt);
  }
  if (embeddings && random.one_in(5)) {
    plan.options.pooling = static_cast<Pooling>(random.from(1, 3));
    plan.options.normalize = random.one_in(2);
  } else {
    plan.options.sampling = random_sampling(random, vocabulary);
    if (random.one_in(6)) plan.options.prompt_logprobs = random.from(0, 3);
  }
  plan.options.priority = random.from(-1, 2);
  if (random.one_in(10)) plan.options.context = 190;
  if (random.one_in(15)) plan.options.timeout = std::chrono::milliseconds(random.from(1, 20));
  if (random.one_in(10)) plan.cancel_after = random.from(0, 10);
  plan.waits = random.one_in(10);
  return plan;
}

RequestId submit(Engine& engine, const Plan& plan) {
  return std::visit([&](const auto& prompt) { return engine.submit(prompt, plan.options); },
                    plan.prompt);
}

}  // namespace tlite::soak
