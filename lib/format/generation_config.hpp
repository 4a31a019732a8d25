// generation_config.json: a model's own defaults for an answer, read as transformers 5.24 reads it.
//
// Nothing but defaults is in it, so it never keeps a model from loading: what is wrong gives a
// warning and leaves the library's default for that field.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <tlite/sampling.hpp>
#include <tlite/tokenizer.hpp>

namespace tlite {

struct GenerationConfig {
  // As in transformers, do_sample is false where it is absent, and then decoding is greedy; a
  // sampled answer keeps the 50 likeliest tokens unless top_k says otherwise.
  SamplingParams sampling;
  // What the file says, whether answers are sampled or not.
  float temperature = 1.0F;
  std::vector<TokenId> eos_token_ids;
  // The sampling fields that the file has a good value for, by their names there: what a file made
  // from this one may state as well.
  std::vector<std::string> named;
  std::string json;  // the whole of it, mended

  bool names(std::string_view field) const noexcept;
};

// `path` begins each warning: "PATH: top_p: 0 is not in (0, 1]; the default counts". A field that
// changes the answer and is not honoured gives one that names it and its value.
GenerationConfig read_generation_config(std::string_view json, const std::string& path,
                                        std::vector<std::string>& warnings);

}  // namespace tlite
