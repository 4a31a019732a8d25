#include "answer_blocks.hpp"

namespace server {
namespace {

using openai::AnswerPart;

Block::Kind kind_of(AnswerPart::Kind kind) {
  if (kind == AnswerPart::Kind::reasoning) return Block::Kind::thinking;
  return kind == AnswerPart::Kind::content ? Block::Kind::text : Block::Kind::call;
}

}  // namespace

bool AnswerBlocks::begins(const AnswerPart& part) const {
  return part.kind == AnswerPart::Kind::call || blocks_.empty() ||
         blocks_.back().kind != kind_of(part.kind);
}

void AnswerBlocks::add(const AnswerPart& part) {
  if (begins(part)) blocks_.push_back({kind_of(part.kind), {}, {}});
  Block& block = blocks_.back();
  (part.kind == AnswerPart::Kind::call ? block.name : block.text) += part.text;
}

std::vector<Block> blocks_of(const tlite::Generation& answer, const openai::AnswerForm& form) {
  openai::AnswerParts parts(form);
  AnswerBlocks blocks;
  for (const AnswerPart& part : parts.push(answer.text)) blocks.add(part);
  for (const AnswerPart& part : parts.finish()) blocks.add(part);
  return blocks.all();
}

}  // namespace server
