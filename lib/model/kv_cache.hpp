// Keys and values of past positions, in reference-counted pages of 32 positions.
//
// A page holds all layers of its positions, so a sequence is one list of pages. Inside a page, per
// layer and key-value head: keys [head_dim][32], values [32][head_dim]. Keys lie transposed because
// the score kernel then has a position in each vector lane and needs no horizontal sum.
//
// Pages are shared by fork and adopt. A page that more than one sequence holds is immutable: who
// appends to a partial one copies it first. The pool is allocated once.
#pragma once

#include "base/buffer.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include <tlite/model.hpp>

namespace tlite {

inline constexpr std::size_t kPagePositions = 32;

// Pages that `positions` positions need.
constexpr std::size_t pages_for(std::size_t positions) noexcept {
  return (positions + kPagePositions - 1) / kPagePositions;
}

struct KvLayout {
  DataType type = DataType::f32;
  std::size_t layers = 0;
  std::size_t kv_heads = 0;
  std::size_t head_dim = 0;

  KvLayout() = default;
  KvLayout(const ModelConfig& config, DataType kv_type) noexcept;

  // Keys or values of one layer and head in one page.
  std::size_t block_bytes() const noexcept;
  std::size_t page_bytes() const noexcept;
  std::size_t keys_offset(std::size_t layer, std::size_t head) const noexcept {
    return (layer * kv_heads + head) * 2 * block_bytes();
  }
  std::size_t values_offset(std::size_t layer, std::size_t head) const noexcept {
    return keys_offset(layer, head) + block_bytes();
  }

  friend bool operator==(const KvLayout&, const KvLayout&) = default;
};

class KvPool;

struct KvPage {
  std::byte* data = nullptr;
  std::atomic<std::int32_t> references{0};
  KvPool* pool = nullptr;
  // Held while the page is in use, so that a pool outlives its Evaluator as long as another one
  // has adopted pages of it.
  std::shared_ptr<KvPool> keep_alive;
};

// One reference to a page: copies share, the last one gives the page back to its pool.
class KvPageRef {
 public:
  KvPageRef() = default;
  explicit KvPageRef(KvPage* page) noexcept : page_(page) {}  // takes over one reference
  KvPageRef(const KvPageRef& other) noexcept;
  KvPageRef(KvPageRef&& other) noexcept : page_(other.page_) { other.page_ = nullptr; }
  KvPageRef& operator=(KvPageRef other) noexcept;
  ~KvPageRef();

  std::byte* data() const noexcept { return page_->data; }
  // No other sequence holds it: it may be written to.
  bool exclusive() const noexcept;

 private:
  KvPage* page_ = nullptr;
};

class KvPool : public std::enable_shared_from_this<KvPool> {
 public:
  // Throws Error(out_of_memory).
  KvPool(const KvLayout& layout, std::size_t pages, std::shared_ptr<Allocator> allocator);
  KvPool(const KvPool&) = delete;
  KvPool& operator=(const KvPool&) = delete;

  const KvLayout& layout() const noexcept { return layout_; }
  std::size_t free_pages() const noexcept;

  // Requires a free page. Only the owning Evaluator's thread allocates; any thread gives back, so a
  // page seen free stays free until the owner takes it.
  KvPageRef allocate() noexcept;

 private:
  friend class KvPageRef;
  void give_back(KvPage* page) noexcept;

  KvLayout layout_;
  Buffer memory_;
  std::vector<KvPage> pages_;
  mutable std::mutex mutex_;
  std::vector<KvPage*> free_;  // never grows past its first size
};

}  // namespace tlite
