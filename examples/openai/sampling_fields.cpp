#include "sampling_fields.hpp"

#include "json_fields.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <string_view>
#include <type_traits>
#include <vector>

namespace openai {
namespace {

using tlite::SamplingParams;
using tlite::TokenId;

// What a field is read with.
struct Field {
  const std::string& name;
  const Json& value;
  SamplingParams& sampling;
  SamplingFields& fields;
};

template <auto kMember>
void read_number(const Field& field) {
  auto& target = field.sampling.*kMember;
  target = number_field<std::remove_reference_t<decltype(target)>>(field.name, field.value);
}

// Negative: off.
template <auto kMember>
void read_number_or_off(const Field& field) {
  auto& target = field.sampling.*kMember;
  target =
      std::max(number_field<std::remove_reference_t<decltype(target)>>(field.name, field.value),
               std::remove_reference_t<decltype(target)>{0});
}

template <auto kMember>
void read_boolean(const Field& field) {
  field.sampling.*kMember = boolean_field(field.name, field.value);
}

template <auto kMember>
void read_ids(const Field& field) {
  field.sampling.*kMember = token_ids_field(field.name, field.value);
}

// OpenAI's and vLLM's: 0 or more. llama.cpp's n_predict: -1 is until the end.
void read_max_tokens(const Field& field) {
  field.sampling.max_new_tokens = number_field<std::int32_t>(field.name, field.value);
  const bool unbounded = field.name == "n_predict" && field.sampling.max_new_tokens == -1;
  if (field.sampling.max_new_tokens < 0 && !unbounded) {
    refuse_field(field.name, field.value, field.name == "n_predict" ? "-1 or more" : "0 or more");
  }
}

void read_seed(const Field& field) {
  if (!field.value.is_number_integer()) refuse_field(field.name, field.value, "an integer");
  field.sampling.seed = field.value.is_number_unsigned()
                            ? field.value.get<std::uint64_t>()
                            : static_cast<std::uint64_t>(field.value.get<std::int64_t>());
}

void read_stop(const Field& field) { field.sampling.stop = strings_field(field.name, field.value); }

void read_logit_bias(const Field& field) {
  if (!field.value.is_object()) {
    refuse_field("logit_bias", field.value, "an object of token ids and numbers");
  }
  for (const auto& [key, bias] : field.value.items()) {
    const bool digits =
        !key.empty() && key.size() < 10 &&
        std::all_of(key.begin(), key.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (!digits) refuse_field("logit_bias", key, "a token id");
    field.sampling.logit_bias.emplace_back(std::stoi(key), number_field<float>("logit_bias", bias));
  }
}

// vLLM's: each word as it stands, and behind a space where that is as many tokens and another first
// one.
void read_bad_words(const Field& field) {
  const auto encode = [&](const std::string& text) {
    return field.fields.tokenizer().encode(text, {.add_special = false});
  };
  for (const std::string& word : strings_field(field.name, field.value)) {
    const std::size_t begin = word.find_first_not_of(" \t\r\n");
    if (begin == std::string::npos) {
      refuse_field(field.name, field.value, "words that are not empty");
    }
    const std::vector<TokenId> plain = encode(word.substr(begin));
    const std::vector<TokenId> spaced = encode(" " + word.substr(begin));
    field.sampling.bad_words.push_back(plain);
    if (spaced.size() == plain.size() && spaced[0] != plain[0]) {
      field.sampling.bad_words.push_back(spaced);
    }
  }
}

// Each is looked for in the whole vocabulary, so that there is a limit.
void read_breakers(const Field& field) {
  constexpr std::size_t kMost = 32;
  const std::vector<std::string> texts = strings_field(field.name, field.value);
  if (texts.size() > kMost) refuse_field(field.name, field.value, "32 texts at most");
  field.sampling.dry_sequence_breakers = field.fields.breakers().of(texts);
}

struct Row {
  std::string_view name;
  void (*read)(const Field& field);
};

constexpr Row kRows[] = {
    // OpenAI's.
    {"max_tokens", read_max_tokens},
    {"max_completion_tokens", read_max_tokens},
    {"temperature", read_number<&SamplingParams::temperature>},
    {"top_p", read_number<&SamplingParams::top_p>},
    {"presence_penalty", read_number<&SamplingParams::presence_penalty>},
    {"frequency_penalty", read_number<&SamplingParams::frequency_penalty>},
    {"seed", read_seed},
    {"stop", read_stop},
    {"logit_bias", read_logit_bias},
    // vLLM's.
    {"top_k", read_number_or_off<&SamplingParams::top_k>},  // -1 is all
    {"min_p", read_number<&SamplingParams::min_p>},
    {"repetition_penalty", read_number<&SamplingParams::repetition_penalty>},
    {"min_tokens", read_number<&SamplingParams::min_new_tokens>},
    {"ignore_eos", read_boolean<&SamplingParams::ignore_eos>},
    {"stop_token_ids", read_ids<&SamplingParams::stop_token_ids>},
    {"include_stop_str_in_output", read_boolean<&SamplingParams::include_stop_in_output>},
    {"allowed_token_ids", read_ids<&SamplingParams::allowed_token_ids>},
    {"bad_words", read_bad_words},
    {"thinking_token_budget", read_number<&SamplingParams::thinking_budget>},
    // llama.cpp's.
    {"n_predict", read_max_tokens},
    {"typical_p", read_number<&SamplingParams::typical_p>},
    {"repeat_penalty", read_number<&SamplingParams::repetition_penalty>},
    {"top_n_sigma", read_number_or_off<&SamplingParams::top_n_sigma>},
    {"xtc_probability", read_number<&SamplingParams::xtc_probability>},
    {"xtc_threshold", read_number<&SamplingParams::xtc_threshold>},
    {"dry_multiplier", read_number<&SamplingParams::dry_multiplier>},
    {"dry_base", read_number<&SamplingParams::dry_base>},
    {"dry_allowed_length", read_number<&SamplingParams::dry_allowed_length>},
    {"dry_penalty_last_n", read_number<&SamplingParams::dry_penalty_last_n>},
    {"dry_sequence_breakers", read_breakers},
    {"mirostat", read_number<&SamplingParams::mirostat>},
    {"mirostat_tau", read_number<&SamplingParams::mirostat_tau>},
    {"mirostat_eta", read_number<&SamplingParams::mirostat_eta>},
    {"dynatemp_range", read_number<&SamplingParams::dynatemp_range>},
    {"dynatemp_exponent", read_number<&SamplingParams::dynatemp_exponent>},
    {"adaptive_target", read_number<&SamplingParams::adaptive_target>},
    {"adaptive_decay", read_number<&SamplingParams::adaptive_decay>},
    // Hugging Face's.
    {"no_repeat_ngram_size", read_number<&SamplingParams::no_repeat_ngram_size>},
    {"suppress_tokens", read_ids<&SamplingParams::suppress_tokens>},
    {"begin_suppress_tokens", read_ids<&SamplingParams::begin_suppress_tokens>},
    {"epsilon_cutoff", read_number<&SamplingParams::epsilon_cutoff>},
    {"eta_cutoff", read_number<&SamplingParams::eta_cutoff>},
};

}  // namespace

bool SamplingFields::read(const std::string& name, const Json& value, SamplingParams& sampling) {
  const auto* const row = std::ranges::find(kRows, name, &Row::name);
  if (row == std::end(kRows)) return false;
  row->read({name, value, sampling, *this});
  return true;
}

void SamplingFields::finish(const Json& body, SamplingParams& sampling) {
  // vLLM's rule where a request has both, whichever comes first.
  const auto most = body.find("max_completion_tokens");
  if (most != body.end() && !most->is_null()) {
    read("max_completion_tokens", *most, sampling);
  }
  const auto given = body.find("dry_sequence_breakers");
  if (sampling.dry_multiplier > 0 && (given == body.end() || given->is_null())) {
    sampling.dry_sequence_breakers = breakers_.of(SequenceBreakers::defaults());
  }
}

}  // namespace openai
