#include "model/weights.hpp"

#include "base/log.hpp"
#include "base/parallel.hpp"
#include "format/tensor_list.hpp"
#include "kernels/packed/linear.hpp"
#include "model/weight_packer.hpp"
#include "tensor/blocks.hpp"
#include "tensor/dtype.hpp"

#include <cmath>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include <tlite/error.hpp>

namespace tlite {
namespace {

float element(const StoredTensor& tensor, std::size_t i) noexcept {
  const std::byte* at = tensor.data.data() + i * size_of(tensor.type);
  if (tensor.type == DataType::f32) {
    float value;
    std::memcpy(&value, at, sizeof value);
    return value;
  }
  std::uint16_t bits;
  std::memcpy(&bits, at, sizeof bits);
  return tensor.type == DataType::bf16 ? bf16_to_f32(bits) : f16_to_f32(bits);
}

// Norms and biases: (2 hidden + q + 2 kv) a layer, and the final norm.
std::size_t small_floats(const ModelConfig& config) noexcept {
  const auto hidden = static_cast<std::size_t>(config.hidden_size);
  const auto head_dim = static_cast<std::size_t>(config.head_dim);
  const auto heads = static_cast<std::size_t>(config.num_attention_heads);
  const auto kv_heads = static_cast<std::size_t>(config.num_key_value_heads);
  const std::size_t layer = 2 * hidden + (heads + 2 * kv_heads) * head_dim;
  return static_cast<std::size_t>(config.num_hidden_layers) * layer + hidden;
}

}  // namespace

std::uint64_t copied_weight_bytes(const ModelConfig& config, const WeightSource& source,
                                  const PackedLayout& layout, CpuTier tier) {
  std::uint64_t bytes = small_floats(config) * sizeof(float);
  for (const ExpectedTensor& expected : expected_tensors(config)) {
    if (expected.id.kind == TensorKind::embedding && !config.tie_word_embeddings) continue;
    const StoredTensor* const tensor = source.find(expected.name);
    if (expected.shape.size() != 2 || tensor == nullptr || layout.find(*tensor)) continue;
    bytes += copied_bytes({tensor->type, expected.shape[0], expected.shape[1], tensor->data}, tier);
  }
  return bytes;
}

class ModelWeights::Loader {
 public:
  Loader(ModelWeights& weights, const ModelConfig& config, const WeightSource& source,
         const Host& host, const WeightLoading& loading)
      : weights_(weights),
        config_(config),
        source_(source),
        host_(host),
        loading_(loading),
        layout_(config, source, loading.types),
        pool_(loading.threads) {}

  void load() {
    // What is wrong with a tensor is said before minutes are spent on the others.
    const std::vector<ExpectedTensor> tensors = expected_tensors(config_);
    for (const ExpectedTensor& tensor : tensors) find(tensor);
    provide_packed();
    const auto slots = static_cast<std::size_t>(config_.num_hidden_layers) * kTensorKinds;
    weights_.matrices_.resize(slots);
    weights_.vectors_.resize(slots);
    for (const ExpectedTensor& tensor : tensors) load(tensor);
    // The system maps the neighbours of a page that is read: some of what was packed is there again,
    // around the norms above all, 8 MB at 0.5B.
    for (const PackedMatrix& matrix : layout_.matrices()) source_.was_read(matrix.tensor->data);
    if (!config_.tie_word_embeddings) return;
    weights_.matrices_[index_of({.kind = TensorKind::lm_head})] = matrix(*weights_.embedding_);
  }

 private:
  // From the packed cache, or packed here and now.
  void provide_packed() {
    const Log log(host_.log);
    std::optional<PackedCache> cache;
    if (!loading_.packed_cache.empty() && layout_.bytes() > 0) {
      cache.emplace(loading_.packed_cache, loading_.path, layout_, source_);
      if (!loading_.read_cache) weights_.cached_ = cache->open(loading_.check_cache, pool_, log);
    }
    if (weights_.cached_ || layout_.bytes() == 0) {
      if (weights_.cached_) packed_ = weights_.cached_->bytes();
      if (loading_.meanwhile) loading_.meanwhile();
      return;
    }
    weights_.packed_ = Buffer(layout_.bytes(), "packed weights", host_.allocator);
    if (cache && loading_.read_cache &&
        cache->read(weights_.packed_.as<std::byte>(), loading_.check_cache, loading_.progress,
                    pool_, log)) {
      packed_ = weights_.packed_.as<std::byte>();
      if (loading_.meanwhile) loading_.meanwhile();
      return;
    }
    pack_weights(layout_, source_, weights_.packed_.as<std::byte>(), pool_, host_.allocator,
                 loading_.progress, [this] {
                   if (loading_.meanwhile) loading_.meanwhile();
                 });
    packed_ = weights_.packed_.as<std::byte>();
    if (cache) cache->write(packed_, pool_, log);
  }

  void load(const ExpectedTensor& expected) {
    const StoredTensor& tensor = find(expected);
    const std::size_t index = index_of(expected.id);
    if (expected.id.kind == TensorKind::embedding) {
      weights_.hidden_ = static_cast<std::size_t>(config_.hidden_size);
      weights_.embedding_ = &tensor;
      if (!config_.tie_word_embeddings) {
        weights_.streamed_bytes_ += bytes_of(tensor.type, weights_.hidden_);
      }
    } else if (tensor.shape.size() == 1) {
      weights_.vectors_[index] = vector(tensor);
    } else {
      weights_.matrices_[index] = matrix(tensor);
    }
  }

  const StoredTensor& find(const ExpectedTensor& expected) {
    const auto& [id, name, shape] = expected;
    const StoredTensor* tensor = source_.find(name);
    if (tensor == nullptr) {
      throw Error(ErrorCode::not_found, "the checkpoint has no tensor '" + name + "'");
    }
    if (tensor->shape != shape) {
      throw Error(ErrorCode::corrupt, tensor->file + ": tensor '" + name + "' has the shape " +
                                          shape_text(tensor->shape) + ", the configuration says " +
                                          shape_text(shape));
    }
    return *tensor;
  }

  std::unique_ptr<Linear> matrix(const StoredTensor& tensor) {
    const auto out = static_cast<std::size_t>(tensor.shape[0]);
    const auto in = static_cast<std::size_t>(tensor.shape[1]);
    const PackedMatrix* const packed = layout_.find(tensor);
    const DataType type = packed != nullptr ? packed->type : tensor.type;
    auto linear = packed != nullptr
                      ? make_packed_linear({type, out, in, {}}, weights_.tier_,
                                           packed_.subspan(packed->offset, packed->bytes))
                      : make_linear({type, out, in, tensor.data}, weights_.tier_, host_.allocator);
    weights_.streamed_bytes_ += bytes_of(type, out * in);
    weights_.copied_bytes_ += linear->resident_bytes();
    weights_.prepares_ |= linear->activation_format() != ActivationFormat::f32;
    return linear;
  }

  std::span<const float> vector(const StoredTensor& tensor) {
    const auto size = static_cast<std::size_t>(tensor.shape[0]);
    weights_.streamed_bytes_ += tensor.data.size();
    const std::span<float> out = weights_.small_.as<float>().subspan(used_, size);
    used_ += size;
    for (std::size_t i = 0; i < size; ++i) {
      out[i] = element(tensor, i);
      if (!std::isfinite(out[i])) {
        throw Error(ErrorCode::corrupt, tensor.file + ": tensor '" + tensor.name + "' holds " +
                                            (std::isnan(out[i]) ? "NaN" : "an infinity") +
                                            " at element " + std::to_string(i));
      }
    }
    return out;
  }

  ModelWeights& weights_;
  const ModelConfig& config_;
  const WeightSource& source_;
  const Host& host_;
  const WeightLoading& loading_;
  PackedLayout layout_;
  ThreadPool pool_;
  std::span<const std::byte> packed_;
  std::size_t used_ = 0;  // floats of small_
};

ModelWeights::ModelWeights(const ModelConfig& config, const WeightSource& source, const Host& host,
                           CpuTier tier, const WeightLoading& loading)
    : tier_(tier),
      small_(checked_product(small_floats(config), sizeof(float)), "norms and biases",
             host.allocator) {
  Loader(*this, config, source, host, loading).load();
}

ModelWeights::~ModelWeights() = default;

void ModelWeights::embed(std::int32_t token, float* out) const noexcept {
  const std::size_t row_bytes = bytes_of(embedding_->type, hidden_);
  dequantize(embedding_->type,
             embedding_->data.data() + static_cast<std::size_t>(token) * row_bytes, hidden_, out);
}

}  // namespace tlite
