// The fields of a request that say how tokens are chosen, by the names that OpenAI, vLLM and
// llama.cpp's server have for them: one table, for everything that reads requests.
#pragma once

#include "json_fields.hpp"
#include "sequence_breakers.hpp"

#include <string>

#include <tlite/tlite.hpp>

namespace openai {

class SamplingFields {
 public:
  explicit SamplingFields(const tlite::Tokenizer& tokenizer)
      : tokenizer_(tokenizer), breakers_(tokenizer) {}

  // False for a name that is none of these. Throws tlite::Error(invalid_argument), naming field and
  // value, for a value of another type; ranges are tlite::validate's.
  bool read(const std::string& name, const Json& value, tlite::SamplingParams& sampling);
  // Behind the last field: what a field's absence means. `body` is where they came from.
  void finish(const Json& body, tlite::SamplingParams& sampling);

  const tlite::Tokenizer& tokenizer() const noexcept { return tokenizer_; }
  SequenceBreakers& breakers() noexcept { return breakers_; }

 private:
  tlite::Tokenizer tokenizer_;
  SequenceBreakers breakers_;
};

}  // namespace openai
