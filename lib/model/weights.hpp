// The weights of a Qwen2 model, each matrix behind the kernels that stream it.
//
// Matrices stay where the file is mapped, but for the packed ones, quantized or loaded as bf16: they
// are packed into memory of our own, by all cores, or mapped from the packed cache, and their place
// in the file is not looked at again. Of files that are read the source has kept the others. Norms
// and biases, a few hundred kilobytes, are turned into f32.
#pragma once

#include "base/buffer.hpp"
#include "base/cpu.hpp"
#include "format/tensor_id.hpp"
#include "format/weight_source.hpp"
#include "kernels/linear.hpp"
#include "model/packed_cache.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <tlite/host.hpp>
#include <tlite/model_config.hpp>

namespace tlite {

struct WeightLoading {
  LoadProgress progress = {};            // of packing
  std::function<void()> meanwhile = {};  // other work of the calling thread, while others pack
  WeightTypes types = {};                // empty: as stored
  std::string path = {};                 // the model's, and
  std::string packed_cache = {};         // the directory of its packed weights; empty: none
  bool check_cache = false;              // every byte of these
  bool read_cache = false;               // into memory of our own, and not mapped
  int threads = 0;                       // 0: physical cores
};

class ModelWeights {
 public:
  // `source` must outlive the weights. Throws Error(not_found) for a missing tensor,
  // Error(corrupt) for a wrong shape or a NaN or infinity in a norm or bias, naming file and
  // tensor; out_of_memory; cancelled when `progress` returns false; what `meanwhile` throws.
  ModelWeights(const ModelConfig& config, const WeightSource& source, const Host& host,
               CpuTier tier, const WeightLoading& loading = {});
  ~ModelWeights();
  ModelWeights(const ModelWeights&) = delete;
  ModelWeights& operator=(const ModelWeights&) = delete;

  CpuTier tier() const noexcept { return tier_; }

  // [rows][columns] as tensor_shape() says. lm_head is there in any case, made of the embeddings
  // where they are tied; the embeddings themselves are no matrix to multiply by: see embed().
  const Linear& matrix(TensorId id) const noexcept { return *matrices_[index_of(id)]; }
  // A norm or bias.
  std::span<const float> vector(TensorId id) const noexcept { return vectors_[index_of(id)]; }

  // Some matrix reads its input in a form of its own: see ActivationFormat.
  bool prepares_activations() const noexcept { return prepares_; }

  // Row `token` of the embedding table as f32: [hidden].
  void embed(std::int32_t token, float* out) const noexcept;

  // Bytes that a decoded token reads: everything, of an embedding table that is not the output
  // matrix too one row.
  std::uint64_t streamed_bytes() const noexcept { return streamed_bytes_; }

  // Bytes copied into memory of our own.
  std::uint64_t resident_bytes() const noexcept {
    return small_.size() + packed_.size() + copied_bytes_;
  }

 private:
  class Loader;

  static std::size_t index_of(TensorId id) noexcept {
    return static_cast<std::size_t>(id.layer) * kTensorKinds + static_cast<std::size_t>(id.kind);
  }

  CpuTier tier_;
  std::vector<std::unique_ptr<Linear>> matrices_;  // by index_of(); null for norms and biases
  std::vector<std::span<const float>> vectors_;    // likewise
  const StoredTensor* embedding_ = nullptr;        // [vocab][hidden]
  std::size_t hidden_ = 0;
  Buffer small_;                                 // all norms and biases
  Buffer packed_;                                // all quantized matrices, or
  std::unique_ptr<const CachedWeights> cached_;  // the file that holds them
  std::uint64_t copied_bytes_ = 0;
  std::uint64_t streamed_bytes_ = 0;
  bool prepares_ = false;
};

// What ModelWeights copies besides the packed matrices: norms and biases as f32, and matrices that
// the tier's kernels cannot read where they lie.
std::uint64_t copied_weight_bytes(const ModelConfig& config, const WeightSource& source,
                                  const PackedLayout& layout, CpuTier tier);

}  // namespace tlite
