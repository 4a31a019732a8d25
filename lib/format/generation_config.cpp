#include "format/generation_config.hpp"

#include "format/json_file.hpp"
#include "format/lenient_json.hpp"
#include "format/model_config.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include <tlite/error.hpp>

namespace tlite {
namespace {

using simdjson::dom::element;

constexpr std::int64_t kMaxInt = std::numeric_limits<std::int32_t>::max();
constexpr double kLarge = 1e6;
constexpr std::int32_t kTopK = 50;  // transformers' own default

// What transformers acts on and this library does not, with the number that has no effect. The
// value is text because it is for a message.
struct Unhonoured {
  std::string_view field;
  double neutral;
};
constexpr Unhonoured kUnhonoured[] = {
    {"num_beams", 1},
    {"num_beam_groups", 1},
    {"num_return_sequences", 1},
    {"penalty_alpha", 0},
    {"diversity_penalty", 0},
    {"guidance_scale", 1},
    {"encoder_repetition_penalty", 1},
    {"encoder_no_repeat_ngram_size", 0},
    {"max_time", 0},
    {"top_h", 1},
};
constexpr std::string_view kUnhonouredObjects[] = {"constraints", "force_words_ids", "dola_layers",
                                                   "watermarking_config"};

[[noreturn]] void fail(const JsonFields& fields, std::string_view key, const std::string& wanted) {
  throw Error(ErrorCode::corrupt,
              fields.name_of(key) + ": expected " + wanted + ", found " + fields.text(key));
}

simdjson::dom::array items(const JsonFields& fields, std::string_view key) {
  simdjson::dom::array array;
  if (fields.raw().at_key(key).get(array) != simdjson::SUCCESS) fail(fields, key, "an array");
  return array;
}

std::vector<TokenId> token_list(const JsonFields& fields, std::string_view key,
                                const element& value) {
  simdjson::dom::array array;
  std::vector<TokenId> tokens;
  if (value.get(array) != simdjson::SUCCESS) fail(fields, key, "lists of token ids");
  for (const element item : array) {
    std::int64_t id = 0;
    if (item.get(id) != simdjson::SUCCESS || id < 0 || id > kMaxInt) {
      fail(fields, key, "lists of token ids");
    }
    tokens.push_back(static_cast<TokenId>(id));
  }
  if (tokens.empty()) fail(fields, key, "lists that are not empty");
  return tokens;
}

// [[[ids], bias], ...], the form that JSON can hold of transformers' dictionary.
std::vector<std::pair<std::vector<TokenId>, float>> sequence_bias(const JsonFields& fields,
                                                                  std::string_view key) {
  std::vector<std::pair<std::vector<TokenId>, float>> list;
  for (const element item : items(fields, key)) {
    simdjson::dom::array pair;
    double bias = 0;
    if (item.get(pair) != simdjson::SUCCESS || pair.size() != 2 ||
        pair.at(1).get(bias) != simdjson::SUCCESS) {
      fail(fields, key, "pairs of a list of token ids and a number");
    }
    std::vector<TokenId> sequence = token_list(fields, key, pair.at(0).value_unsafe());
    const auto known = std::find_if(list.begin(), list.end(),
                                    [&](const auto& entry) { return entry.first == sequence; });
    if (known == list.end()) {
      list.emplace_back(std::move(sequence), static_cast<float>(bias));
    } else {
      known->second = static_cast<float>(bias);  // a dictionary there: the last counts
    }
  }
  return list;
}

SamplingParams::LengthDecay length_decay(const JsonFields& fields, std::string_view key) {
  const simdjson::dom::array pair = items(fields, key);
  std::int64_t start = 0;
  double factor = 0;
  if (pair.size() != 2 || pair.at(0).get(start) != simdjson::SUCCESS || start < 0 ||
      start > kMaxInt || pair.at(1).get(factor) != simdjson::SUCCESS || !(factor > 0) ||
      factor > kLarge) {
    fail(fields, key, "a number of tokens and a factor above 0");
  }
  return {static_cast<std::int32_t>(start), static_cast<float>(factor)};
}

// Reads fields one by one and goes on behind one that is wrong.
class Reader {
 public:
  Reader(const JsonFields& fields, GenerationConfig& config, std::vector<std::string>& warnings)
      : fields_(fields), config_(config), warnings_(warnings) {}

  // `read` gets the fields, and throws before it changes anything.
  template <class Read>
  void field(std::string_view key, Read&& read) {
    if (!fields_.has(key)) return;
    try {
      read(fields_);
      config_.named.emplace_back(key);
    } catch (const Error& error) {
      if (error.code() == ErrorCode::out_of_memory) throw;
      warnings_.push_back(std::string(error.what()) + "; the default counts");
    }
  }
  void number(std::string_view key, float& target, NumberRange range) {
    field(key, [&](const JsonFields& f) { target = static_cast<float>(f.number(key, range)); });
  }
  void count(std::string_view key, std::int32_t& target, std::int64_t min) {
    field(key, [&](const JsonFields& f) {
      target = static_cast<std::int32_t>(f.integer(key, min, kMaxInt));
    });
  }
  void tokens(std::string_view key, std::vector<TokenId>& target) {
    field(key, [&](const JsonFields& f) {
      const std::vector<std::int64_t> ids = f.integers(key, 0, kMaxInt);
      target.assign(ids.begin(), ids.end());
    });
  }

  void warn_unhonoured() {
    for (const auto& [key, neutral] : kUnhonoured) {
      double value = neutral;
      if (fields_.raw().at_key(key).get(value) == simdjson::SUCCESS && value != neutral) warn(key);
    }
    for (const std::string_view key : kUnhonouredObjects) {
      if (fields_.has(key)) warn(key);
    }
  }

 private:
  void warn(std::string_view key) {
    warnings_.push_back(fields_.name_of(key) + ": " + fields_.text(key) + " is not honoured");
  }

  const JsonFields& fields_;
  GenerationConfig& config_;
  std::vector<std::string>& warnings_;
};

void read_fields(const JsonFields& fields, GenerationConfig& config,
                 std::vector<std::string>& warnings) {
  SamplingParams& params = config.sampling;
  Reader reader(fields, config, warnings);
  bool sampled = false;
  reader.field("do_sample", [&](const JsonFields& f) { sampled = f.boolean("do_sample"); });
  reader.number("temperature", params.temperature, {0, kLarge});
  params.top_k = kTopK;
  reader.count("top_k", params.top_k, 0);
  reader.number("top_p", params.top_p, {0, 1, true});
  reader.number("min_p", params.min_p, {0, 1});
  reader.number("repetition_penalty", params.repetition_penalty, {0, kLarge, true});
  reader.number("typical_p", params.typical_p, {0, 1, true});
  reader.number("epsilon_cutoff", params.epsilon_cutoff, {0, 0.9999});
  reader.number("eta_cutoff", params.eta_cutoff, {0, 0.9999});
  reader.count("no_repeat_ngram_size", params.no_repeat_ngram_size, 0);
  reader.tokens("suppress_tokens", params.suppress_tokens);
  reader.tokens("begin_suppress_tokens", params.begin_suppress_tokens);
  reader.tokens("forced_eos_token_id", params.forced_eos_token_ids);
  reader.field("forced_bos_token_id", [&](const JsonFields& f) {
    params.forced_bos_token_id = static_cast<TokenId>(f.integer("forced_bos_token_id", 0, kMaxInt));
  });
  reader.field("bad_words_ids", [&](const JsonFields& f) {
    std::vector<std::vector<TokenId>> words;
    for (const element word : items(f, "bad_words_ids")) {
      words.push_back(token_list(f, "bad_words_ids", word));
    }
    params.bad_words = std::move(words);
  });
  reader.field("sequence_bias", [&](const JsonFields& f) {
    params.sequence_bias = sequence_bias(f, "sequence_bias");
  });
  reader.field("exponential_decay_length_penalty", [&](const JsonFields& f) {
    params.length_decay = length_decay(f, "exponential_decay_length_penalty");
  });
  reader.count("max_length", params.max_length, 1);
  reader.count("min_length", params.min_length, 0);
  reader.count("max_new_tokens", params.max_new_tokens, 1);
  reader.count("min_new_tokens", params.min_new_tokens, 0);
  reader.field("stop_strings", [&](const JsonFields& f) {
    std::vector<std::string> stops = f.strings("stop_strings");
    std::erase(stops, std::string());  // ends nothing
    params.stop = std::move(stops);
  });
  reader.tokens("eos_token_id", config.eos_token_ids);
  reader.warn_unhonoured();
  config.temperature = params.temperature;
  if (!sampled) params.temperature = 0.0F;
}

}  // namespace

bool GenerationConfig::names(std::string_view field) const noexcept {
  return std::find(named.begin(), named.end(), field) != named.end();
}

GenerationConfig read_generation_config(std::string_view json, const std::string& path,
                                        std::vector<std::string>& warnings) {
  GenerationConfig config;
  const std::string text = repair_json_object(json, path, warnings);
  std::optional<JsonFile> file;
  try {
    file.emplace(text, path);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::out_of_memory) throw;
    warnings.push_back(std::string(error.what()) + "; the defaults count");
    file.emplace("{}", path);
  }
  read_fields(file->fields(), config, warnings);
  config.json = text;
  return config;
}

}  // namespace tlite
