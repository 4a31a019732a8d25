#include "model/sequences.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include <tlite/error.hpp>

namespace tlite {
namespace {

std::size_t size(std::int32_t value) noexcept { return static_cast<std::size_t>(value); }

// The last page is there, but not full.
bool has_partial_page(std::int32_t length) noexcept { return size(length) % kPagePositions != 0; }

[[noreturn]] void bad_argument(const std::string& message) {
  throw Error(ErrorCode::invalid_argument, message);
}

}  // namespace

Sequences::Sequences(const KvLayout& layout, const EvaluatorOptions& resolved,
                     std::shared_ptr<Allocator> allocator)
    : pool_(std::make_shared<KvPool>(layout, pages_for(size(resolved.context)),
                                     std::move(allocator))),
      pool_pages_(pages_for(size(resolved.context))),
      table_(size(resolved.max_sequences)) {
  for (Sequence& sequence : table_) sequence.pages.reserve(pool_pages_);
  touched_.reserve(table_.size());
}

const Sequences::Sequence& Sequences::find(SequenceId id) const {
  if (id < 0 || size(id) >= table_.size() || !table_[size(id)].exists) {
    bad_argument("there is no sequence " + std::to_string(id));
  }
  return table_[size(id)];
}

void Sequences::require_idle(const Sequence& sequence, SequenceId id) const {
  if (sequence.pending == 0) return;
  throw Error(ErrorCode::bad_state,
              "sequence " + std::to_string(id) + " belongs to the batch in flight");
}

SequenceId Sequences::create() {
  const auto unused = std::find_if(table_.begin(), table_.end(),
                                   [](const Sequence& sequence) { return !sequence.exists; });
  if (unused == table_.end()) {
    throw Error(ErrorCode::bad_state,
                "all " + std::to_string(table_.size()) + " sequences (max_sequences) are in use");
  }
  unused->exists = true;
  return static_cast<SequenceId>(unused - table_.begin());
}

void Sequences::destroy(SequenceId id) {
  truncate(id, 0);
  find(id).exists = false;
}

KvPrefix Sequences::prefix(SequenceId id, std::int32_t length) const {
  const Sequence& from = find(id);
  const std::int32_t keep = length == -1 ? from.length : length;
  if (keep < 0 || keep > from.length) {
    bad_argument("a fork of length " + std::to_string(length) + " of sequence " +
                 std::to_string(id) + ", which has " + std::to_string(from.length) + " positions");
  }
  const auto end = from.pages.begin() + static_cast<std::ptrdiff_t>(pages_for(size(keep)));
  return {{from.pages.begin(), end}, keep};
}

SequenceId Sequences::create(const KvPrefix& prefix) {
  const SequenceId made = create();
  Sequence& to = table_[size(made)];
  try {
    to.pages.reserve(prefix.pages.size() + pool_pages_);
  } catch (...) {
    to.exists = false;
    throw;
  }
  to.pages.assign(prefix.pages.begin(), prefix.pages.end());
  to.length = prefix.length;
  return made;
}

void Sequences::truncate(SequenceId id, std::int32_t length) {
  Sequence& sequence = find(id);
  require_idle(sequence, id);
  if (length < 0 || length > sequence.length) {
    bad_argument("truncation of sequence " + std::to_string(id) + " to " + std::to_string(length) +
                 ", which has " + std::to_string(sequence.length) + " positions");
  }
  sequence.pages.resize(pages_for(size(length)));
  sequence.length = length;
}

std::int32_t Sequences::free_positions() const noexcept {
  std::size_t positions = pool_->free_pages() * kPagePositions;
  for (const Sequence& sequence : table_) {
    const std::size_t used = size(sequence.length) % kPagePositions;
    if (used != 0 && sequence.pages[size(sequence.length) / kPagePositions].exclusive()) {
      positions += kPagePositions - used;
    }
  }
  return static_cast<std::int32_t>(positions);
}

void Sequences::count_pending(std::span<const BatchRow> rows) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const BatchRow& row = rows[i];
    Sequence& sequence = find(row.sequence);
    const std::int32_t expected = sequence.length + sequence.pending;
    if (row.position != expected) {
      bad_argument("row " + std::to_string(i) + " has position " + std::to_string(row.position) +
                   ", sequence " + std::to_string(row.sequence) + " goes on at " +
                   std::to_string(expected));
    }
    if (sequence.pending++ == 0) touched_.push_back(row.sequence);
  }
}

std::size_t Sequences::pages_needed(const Sequence& sequence, std::int32_t count) noexcept {
  const std::size_t pages = pages_for(size(sequence.length) + size(count));
  const bool copy =
      count > 0 && has_partial_page(sequence.length) && !sequence.pages.back().exclusive();
  return pages - sequence.pages.size() + (copy ? 1 : 0);
}

void Sequences::take_pages(Sequence& sequence) noexcept {
  if (has_partial_page(sequence.length) && !sequence.pages.back().exclusive()) {
    KvPageRef copy = pool_->allocate();
    std::memcpy(copy.data(), sequence.pages.back().data(), layout().page_bytes());
    sequence.pages.back() = std::move(copy);
  }
  const std::size_t pages = pages_for(size(sequence.length) + size(sequence.pending));
  while (sequence.pages.size() < pages) sequence.pages.push_back(pool_->allocate());
}

void Sequences::reserve(std::span<const BatchRow> rows) {
  try {
    count_pending(rows);
    std::size_t needed = 0;
    for (const SequenceId id : touched_) {
      const Sequence& sequence = table_[size(id)];
      needed += pages_needed(sequence, sequence.pending);
    }
    if (const std::size_t free = pool_->free_pages(); needed > free) {
      throw Error(ErrorCode::context_full, "the context is full: " + std::to_string(rows.size()) +
                                               " more positions need " + std::to_string(needed) +
                                               " pages of 32, " + std::to_string(free) +
                                               " are free");
    }
  } catch (...) {
    roll_back();
    throw;
  }
  for (const SequenceId id : touched_) take_pages(table_[size(id)]);
}

void Sequences::commit() noexcept {
  for (const SequenceId id : touched_) {
    Sequence& sequence = table_[size(id)];
    sequence.length += std::exchange(sequence.pending, 0);
  }
  touched_.clear();
}

void Sequences::roll_back() noexcept {
  for (const SequenceId id : touched_) {
    Sequence& sequence = table_[size(id)];
    sequence.pending = 0;
    sequence.pages.resize(pages_for(size(sequence.length)));
  }
  touched_.clear();
}

}  // namespace tlite
