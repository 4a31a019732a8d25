#include "runtime/cached_sequence.hpp"

#include <algorithm>
#include <utility>

namespace tlite {

CachedSequence::CachedSequence(SequenceModel& model, std::size_t context, std::size_t chunk,
                               std::vector<TokenId> cached)
    : model_(model), context_(context), chunk_(chunk), tokens_(std::move(cached)) {
  tokens_.reserve(context);
}

std::size_t CachedSequence::keep_prefix(std::span<const TokenId> prompt) {
  const auto shorter = std::min(tokens_.size(), prompt.size() - 1);
  const auto differs = std::mismatch(
      tokens_.begin(), tokens_.begin() + static_cast<std::ptrdiff_t>(shorter), prompt.begin());
  const auto common = static_cast<std::size_t>(differs.first - tokens_.begin());
  if (common < tokens_.size()) {
    model_.truncate(common);
    tokens_.resize(common);
  }
  return common;
}

bool CachedSequence::extend(std::span<const TokenId> prompt, const PrefillProgress& progress) {
  const std::size_t from = tokens_.size();
  while (tokens_.size() < prompt.size()) {
    const auto rest = prompt.subspan(tokens_.size());
    const auto part = rest.first(std::min(chunk_, rest.size()));
    model_.append(part, part.size() == rest.size());
    tokens_.insert(tokens_.end(), part.begin(), part.end());
    const auto done = static_cast<std::int64_t>(tokens_.size() - from);
    const auto total = static_cast<std::int64_t>(prompt.size() - from);
    if (progress && !progress(done, total)) return false;
  }
  return true;
}

}  // namespace tlite
