#include "model/kv_cache.hpp"

#include "format/tensor_id.hpp"
#include "tensor/dtype.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <utility>

#include <tlite/error.hpp>

namespace tlite {
namespace {

// Elements that share a scale.
constexpr std::size_t kQuantum = 32;

// Of a key, in magnitude. A step of max / 127, or of bf16 near max, is off by up to half of it in
// each dimension: over 128 of them a score of a query of length 2 (after its division by
// sqrt(head_dim)) is off by 2 * max / (127 * sqrt(12)), which stays below a tenth up to here.
constexpr float kWideBias = 22.0F;

float largest_bias(const WeightSource& source, std::size_t layer) {
  const StoredTensor* bias =
      source.find(hugging_face_name({static_cast<std::int32_t>(layer), TensorKind::k_bias}));
  if (bias == nullptr || bias->shape.size() != 1) return 0;
  std::vector<float> values(bias->shape[0]);
  std::vector<std::byte> space;
  const std::span<const std::byte> data = source.part(*bias, 0, bias->bytes(), space);
  dequantize(bias->type, data.data(), values.size(), values.data());
  float largest = 0;
  for (const float value : values) largest = std::max(largest, std::fabs(value));
  return largest;
}

void store(DataType type, std::byte* to, float value) noexcept {
  if (type == DataType::f32) {
    std::memcpy(to, &value, sizeof value);
    return;
  }
  const std::uint16_t bits = type == DataType::bf16 ? f32_to_bf16(value) : f32_to_f16(value);
  std::memcpy(to, &bits, sizeof bits);
}

// Codes of one quantum, each `stride` bytes after the other, and its scale.
void store_quantum(const float* x, std::byte* codes, std::size_t stride,
                   std::byte* scale_at) noexcept {
  float largest = 0;
  bool finite = true;
  for (std::size_t i = 0; i < kQuantum; ++i) {
    largest = std::max(largest, std::fabs(x[i]));
    finite &= std::isfinite(x[i]);
  }
  // What is not finite shows in the logits.
  const std::uint16_t bits =
      f32_to_f16(finite ? largest / 127.0F : std::numeric_limits<float>::quiet_NaN());
  std::memcpy(scale_at, &bits, sizeof bits);
  const float scale = f16_to_f32(bits);
  const float inverse = finite && scale > 0 ? 1.0F / scale : 0.0F;
  for (std::size_t i = 0; i < kQuantum; ++i) {
    const float code = finite ? std::clamp(std::nearbyint(x[i] * inverse), -127.0F, 127.0F) : 1.0F;
    codes[i * stride] = static_cast<std::byte>(static_cast<std::int8_t>(code));
  }
}

}  // namespace

KvLayout::KvLayout(const ModelConfig& config, DataType kv_type, const WeightSource& source)
    : kv_heads(static_cast<std::size_t>(config.num_key_value_heads)),
      head_dim(static_cast<std::size_t>(config.head_dim)) {
  if (is_quantized(kv_type) && head_dim % kQuantum != 0) {
    throw Error(ErrorCode::not_supported, "not supported: a KV cache of type " +
                                              std::string(to_string(kv_type)) +
                                              " for a head_dim of " + std::to_string(head_dim) +
                                              ", which is no multiple of 32");
  }
  for (std::size_t i = 0; i < static_cast<std::size_t>(config.num_hidden_layers); ++i) {
    const bool coarse = is_quantized(kv_type) || kv_type == DataType::bf16;
    const bool wide = coarse && largest_bias(source, i) > kWideBias;
    const DataType value_type = wide && kv_type == DataType::bf16 ? DataType::f16 : kv_type;
    layers_.push_back({wide ? DataType::f16 : kv_type, value_type, page_bytes_});
    page_bytes_ += kv_heads * head_bytes(i);
  }
}

void store_keys(DataType type, const float* keys, std::size_t head_dim, std::size_t slot,
                std::byte* block) noexcept {
  if (type == DataType::q8_0) {
    std::byte* const scales = block + head_dim * kPagePositions;
    for (std::size_t d = 0; d < head_dim; d += kQuantum) {
      store_quantum(keys + d, block + d * kPagePositions + slot, kPagePositions,
                    scales + (d / kQuantum * kPagePositions + slot) * sizeof(std::uint16_t));
    }
    return;
  }
  const std::size_t bytes = size_of(type);
  for (std::size_t d = 0; d < head_dim; ++d) {
    const std::size_t at = type == DataType::bf16 ? (d / 2 * kPagePositions + slot) * 2 + d % 2
                                                  : d * kPagePositions + slot;
    store(type, block + at * bytes, keys[d]);
  }
}

void store_values(DataType type, const float* values, std::size_t head_dim, std::size_t slot,
                  std::byte* block) noexcept {
  if (type == DataType::q8_0) {
    std::byte* const scales = block + head_dim * kPagePositions;
    for (std::size_t d = 0; d < head_dim; d += kQuantum) {
      store_quantum(values + d, block + slot * head_dim + d, 1,
                    scales + (slot * head_dim + d) / kQuantum * sizeof(std::uint16_t));
    }
    return;
  }
  const std::size_t bytes = size_of(type);
  for (std::size_t d = 0; d < head_dim; ++d) {
    const std::size_t at =
        type == DataType::bf16 ? (slot / 2 * head_dim + d) * 2 + slot % 2 : slot * head_dim + d;
    store(type, block + at * bytes, values[d]);
  }
}

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
  // Kernels load whole vectors of positions, those not yet written among them, and drop these. They
  // find zeros, not what another sequence left.
  std::memset(page->data, 0, layout_.page_bytes());
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
