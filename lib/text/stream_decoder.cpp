#include "base/utf8.hpp"
#include "text/tokenizer_impl.hpp"

#include <utility>

namespace tlite {

// With room for pieces, so that none but the longest tokens cost an allocation.
StreamDecoder::StreamDecoder(Tokenizer tokenizer, const DecodeOptions& options)
    : tokenizer_(std::move(tokenizer)), options_(options) {
  constexpr std::size_t kRoom = 64;
  pending_.reserve(kRoom);
  piece_.reserve(kRoom);
}

// Ill-formed sequences are replaced as soon as they are known to be ill-formed; only the beginning
// of a code point that may still become whole waits. So the pieces add up to decode's text.
// The id is looked up first: one that is none leaves the decoder as it was.
std::string_view StreamDecoder::push(TokenId id) {
  const std::string_view bytes = tokenizer_.impl().bytes(id);
  piece_.clear();
  if (options_.skip_special && tokenizer_.impl().is_special(id)) return piece_;
  pending_.append(bytes);
  pending_.erase(0, append_repaired(piece_, pending_, true));
  return piece_;
}

// No more bytes come, so what is cut off is ill-formed now.
std::string_view StreamDecoder::finish() {
  piece_.clear();
  append_repaired(piece_, pending_);
  pending_.clear();
  return piece_;
}

}  // namespace tlite
