// Sequence breakers of DRY as text: which tokens a text breaks a repetition at, as llama.cpp finds
// them. A token that has the text in it is one; one that ends with the text's beginning is one
// together with the tokens of the rest.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <tlite/tlite.hpp>

namespace openai {

class SequenceBreakers {
 public:
  explicit SequenceBreakers(const tlite::Tokenizer& tokenizer) : tokenizer_(tokenizer) {}

  // Of one text, until the next call. It looks through the vocabulary where the text is new.
  const std::vector<std::vector<tlite::TokenId>>& of(const std::string& text);

  // Of several.
  std::vector<std::vector<tlite::TokenId>> of(const std::vector<std::string>& texts);

  // llama.cpp's own, where a request names none.
  static const std::vector<std::string>& defaults();

 private:
  std::vector<std::vector<tlite::TokenId>> find(const std::string& text) const;

  tlite::Tokenizer tokenizer_;
  std::map<std::string, std::vector<std::vector<tlite::TokenId>>> found_;
};

}  // namespace openai
