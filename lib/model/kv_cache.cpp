#include "model/kv_cache.hpp"

#include "tensor/dtype.hpp"

#include <cassert>
#include <utility>

namespace tlite {

KvLayout::KvLayout(const ModelConfig& config, DataType kv_type) noexcept
    : type(kv_type),
      layers(static_cast<std::size_t>(config.num_hidden_layers)),
      kv_heads(static_cast<std::size_t>(config.num_key_value_heads)),
      head_dim(static_cast<std::size_t>(config.head_dim)) {}

std::size_t KvLayout::block_bytes() const noexcept {
  return head_dim * kPagePositions * size_of(type);
}

std::size_t KvLayout::page_bytes() const noexcept { return layers * kv_heads * 2 * block_bytes(); }

KvPageRef::KvPageRef(const KvPageRef& other) noexcept : page_(other.page_) {
  if (page_ != nullptr) page_->references.fetch_add(1, std::memory_order_relaxed);
}

KvPageRef& KvPageRef::operator=(KvPageRef other) noexcept {
  std::swap(page_, other.page_);
  return *this;
}

KvPageRef::~KvPageRef() {
  if (page_ == nullptr) return;
  // acq_rel: reads of the page by other holders happen before the last one gives it back.
  if (page_->references.fetch_sub(1, std::memory_order_acq_rel) == 1) page_->pool->give_back(page_);
}

bool KvPageRef::exclusive() const noexcept {
  return page_->references.load(std::memory_order_acquire) == 1;
}

KvPool::KvPool(const KvLayout& layout, std::size_t pages, std::shared_ptr<Allocator> allocator)
    : layout_(layout),
      memory_(checked_product(pages, layout.page_bytes()), "the KV cache", std::move(allocator)),
      pages_(pages) {
  free_.reserve(pages);
  for (std::size_t i = pages; i-- > 0;) {
    pages_[i].data = memory_.data() + i * layout.page_bytes();
    pages_[i].pool = this;
    free_.push_back(&pages_[i]);
  }
}

std::size_t KvPool::free_pages() const noexcept {
  const std::lock_guard lock(mutex_);
  return free_.size();
}

KvPageRef KvPool::allocate() noexcept {
  KvPage* page = nullptr;
  {
    const std::lock_guard lock(mutex_);
    assert(!free_.empty());
    page = free_.back();
    free_.pop_back();
  }
  page->references.store(1, std::memory_order_relaxed);
  page->keep_alive = shared_from_this();
  return KvPageRef(page);
}

void KvPool::give_back(KvPage* page) noexcept {
  // Dies at the end of this function, and the pool with it when nobody else holds it.
  const std::shared_ptr<KvPool> self = std::move(page->keep_alive);
  const std::lock_guard lock(mutex_);
  free_.push_back(page);
}

}  // namespace tlite
