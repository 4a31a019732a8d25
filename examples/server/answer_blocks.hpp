// An answer as a list of blocks - thoughts, text, calls - which Anthropic's messages and OpenAI's
// responses are; its parts come one by one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <openai/answer_parts.hpp>

#include <tlite/tlite.hpp>

namespace server {

struct Block {
  enum class Kind : std::int8_t { thinking, text, call };
  Kind kind = Kind::text;
  std::string text;  // of a call its arguments
  std::string name;  // of a call's tool
};

class AnswerBlocks {
 public:
  // Whether the part would begin a new block.
  bool begins(const openai::AnswerPart& part) const;
  void add(const openai::AnswerPart& part);
  const std::vector<Block>& all() const noexcept { return blocks_; }

 private:
  std::vector<Block> blocks_;
};

// Of an answer that is there as a whole.
std::vector<Block> blocks_of(const tlite::Generation& answer, const openai::AnswerForm& form);

}  // namespace server
