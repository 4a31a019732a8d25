// Sequences of one Evaluator: which pages hold their positions, and what a batch adds.
//
// A batch reserves its positions first (pages are taken, a shared partial page is copied), runs,
// and then commits or rolls back: until the commit no length changes.
#pragma once

#include "model/kv_cache.hpp"
#include "model/kv_prefix.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <tlite/batch.hpp>
#include <tlite/evaluator_options.hpp>
#include <tlite/host.hpp>

namespace tlite {

class Sequences {
 public:
  // `resolved.context` positions; throws Error(out_of_memory).
  Sequences(const KvLayout& layout, const EvaluatorOptions& resolved,
            std::shared_ptr<Allocator> allocator);

  const KvLayout& layout() const noexcept { return pool_->layout(); }

  // As documented on Evaluator. bad_state for a sequence of the batch in flight.
  SequenceId create();
  void destroy(SequenceId id);
  std::int32_t length(SequenceId id) const { return find(id).length; }
  // One that goes on behind `prefix`, of these or of other Sequences of the same layout.
  SequenceId create(const KvPrefix& prefix);
  // The first `length` positions of a sequence, -1: all.
  KvPrefix prefix(SequenceId id, std::int32_t length) const;
  void truncate(SequenceId id, std::int32_t length);
  std::int32_t free_positions() const noexcept;
  std::size_t free_pages() const noexcept { return pool_->free_pages(); }
  // Pages that `count` more positions take: see BatchModel.
  std::size_t pages_needed(SequenceId id, std::int32_t count) const {
    return pages_needed(find(id), count);
  }

  // Checks sequences and positions of the rows and takes their pages, or throws and changes
  // nothing: invalid_argument, context_full. No batch may be in flight.
  void reserve(std::span<const BatchRow> rows);
  // Pages of a sequence, the reserved ones included: entry i holds positions 32 i to 32 i + 31.
  const KvPageRef* pages(SequenceId id) const noexcept {
    return table_[static_cast<std::size_t>(id)].pages.data();
  }
  void commit() noexcept;
  void roll_back() noexcept;

 private:
  struct Sequence {
    bool exists = false;
    std::int32_t length = 0;
    std::int32_t pending = 0;  // positions of the batch in flight
    std::vector<KvPageRef> pages;
  };

  const Sequence& find(SequenceId id) const;
  Sequence& find(SequenceId id) {
    return const_cast<Sequence&>(static_cast<const Sequences*>(this)->find(id));
  }
  void require_idle(const Sequence& sequence, SequenceId id) const;
  void count_pending(std::span<const BatchRow> rows);
  static std::size_t pages_needed(const Sequence& sequence, std::int32_t count) noexcept;
  void take_pages(Sequence& sequence) noexcept;

  std::shared_ptr<KvPool> pool_;
  std::size_t pool_pages_;
  std::vector<Sequence> table_;      // by id
  std::vector<SequenceId> touched_;  // sequences of the batch in flight
};

}  // namespace tlite
