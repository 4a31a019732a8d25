// Keys and values of past positions, in reference-counted pages of 32 positions.
//
// A page holds all layers of its positions, so a sequence is one list of pages. Inside a page, per
// layer and key-value head: keys [head_dim][32], values [32][head_dim]. Keys lie transposed because
// the score kernel then has a position in each vector lane and needs no horizontal sum. In bf16
// what is multiplied in pairs lies side by side: keys [head_dim / 2][32][2], values
// [16][head_dim][2]. In q8_0 these are signed bytes, with f16 scales behind them: of keys [head_dim
// / 32][32], of values [32][head_dim / 32].
//
// Key biases of Qwen2.5 are huge in its first and last layers, and a scale that has to reach them
// leaves nothing of the dimensions beside them (llama.cpp #21385): there a q8_0 cache keeps its
// keys in f16. A step of bf16 is as large, so there a bf16 cache keeps keys and values in f16, and
// attention multiplies in f32.
//
// Pages are shared by fork and adopt. A page that more than one sequence holds is immutable: who
// appends to a partial one copies it first. The pool is allocated once.
#pragma once

#include "base/buffer.hpp"
#include "format/weight_source.hpp"
#include "tensor/blocks.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include <tlite/data_type.hpp>
#include <tlite/host.hpp>
#include <tlite/model_config.hpp>

namespace tlite {

inline constexpr std::size_t kPagePositions = 32;

// Pages that `positions` positions need.
constexpr std::size_t pages_for(std::size_t positions) noexcept {
  return (positions + kPagePositions - 1) / kPagePositions;
}

class KvLayout {
 public:
  std::size_t kv_heads = 0;
  std::size_t head_dim = 0;

  KvLayout() = default;
  // Reads the key biases of `source` where the type is q8_0 or bf16. Throws Error(not_supported)
  // where that meets a head_dim that is no multiple of 32.
  KvLayout(const ModelConfig& config, DataType kv_type, const WeightSource& source);

  DataType key_type(std::size_t layer) const noexcept { return layers_[layer].key_type; }
  DataType value_type(std::size_t layer) const noexcept { return layers_[layer].value_type; }
  std::size_t page_bytes() const noexcept { return page_bytes_; }
  // Of one head's keys and, behind them, values in a page: 32 positions.
  std::size_t keys_offset(std::size_t layer, std::size_t head) const noexcept {
    return layers_[layer].offset + head * head_bytes(layer);
  }
  std::size_t values_offset(std::size_t layer, std::size_t head) const noexcept {
    return keys_offset(layer, head) + block_bytes(key_type(layer));
  }

  std::size_t head_bytes(std::size_t layer) const noexcept {
    return block_bytes(key_type(layer)) + block_bytes(value_type(layer));
  }

  friend bool operator==(const KvLayout&, const KvLayout&) = default;

 private:
  struct Layer {
    DataType key_type = DataType::f32;
    DataType value_type = DataType::f32;
    std::size_t offset = 0;
    friend bool operator==(const Layer&, const Layer&) = default;
  };

  std::size_t block_bytes(DataType type) const noexcept {
    return bytes_of(type, head_dim * kPagePositions);
  }

  std::vector<Layer> layers_;
  std::size_t page_bytes_ = 0;
};

// One position's keys or values of one head, [head_dim], into slot `slot` of a block.
void store_keys(DataType type, const float* keys, std::size_t head_dim, std::size_t slot,
                std::byte* block) noexcept;
void store_values(DataType type, const float* values, std::size_t head_dim, std::size_t slot,
                  std::byte* block) noexcept;

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
