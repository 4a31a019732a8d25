#include "kernels/packed/linear.hpp"

#include "kernels/activations.hpp"
#include "kernels/packed/pack.hpp"
#include "kernels/packed/table.hpp"

#include <algorithm>
#include <cassert>

namespace tlite {
namespace {

// Large enough that claiming a chunk and the first cache misses cost nothing beside reading it,
// small enough that a thread which is held up does not keep the others waiting.
constexpr std::size_t kChunkBytes = std::size_t{192} * 1024;
// Groups that a strip takes together; no chunk but the last ends within one.
constexpr std::size_t kChunkStep = 2;
// Each chunk of a prompt reads all input rows once: with few groups that is most of the work.
constexpr std::size_t kLeastPromptGroups = 4;
constexpr std::size_t kFewRows = 8;

class PackedLinear final : public Linear {
 public:
  PackedLinear(const WeightMatrix& matrix, CpuTier tier, const std::byte* tiles)
      : Linear(matrix.out_features, matrix.in_features),
        shape_(packed_shape(matrix.type, matrix.out_features, matrix.in_features)),
        kernel_(packed_kernel(matrix.type, tier)),
        format_(packed_inputs(matrix.type)),
        tiles_(tiles) {}

  ActivationFormat activation_format() const noexcept override { return format_; }
  ActivationOrder activation_order() const noexcept override { return kernel_.order; }
  std::size_t chunks(std::size_t rows) const noexcept override {
    return (shape_.groups + chunk_groups(rows) - 1) / chunk_groups(rows);
  }
  std::size_t scratch_bytes() const noexcept override { return kernel_.scratch_bytes; }

  void run(std::size_t chunk, const Activations& x, float* y, std::size_t y_stride,
           std::span<std::byte> scratch) const noexcept override {
    assert(scratch.size() >= kernel_.scratch_bytes);
    const std::size_t first = chunk * chunk_groups(x.rows);
    const std::size_t groups = std::min(chunk_groups(x.rows), shape_.groups - first);
    kernel_.run({.tiles = tiles_ + first * shape_.group_bytes(),
                 .groups = groups,
                 .tiles_per_group = shape_.tiles_per_group,
                 .x = x.prepared,
                 .x_stride = activation_strides(format_, kernel_.order, in_features(), x.rows),
                 .rows = x.rows,
                 .y = y + first * kLanes,
                 .y_stride = y_stride,
                 .outs = std::min(groups * kLanes, out_features() - first * kLanes),
                 .scratch = scratch.data()});
  }

 private:
  std::size_t chunk_groups(std::size_t rows) const noexcept {
    // At least 16 chunks where there are 32 groups, for the sake of small matrices.
    const std::size_t most = std::max<std::size_t>(shape_.groups / 16, kChunkStep);
    const std::size_t least = rows > kFewRows ? kLeastPromptGroups : kChunkStep;
    const std::size_t groups = std::min(std::max(kChunkBytes / shape_.group_bytes(), least), most);
    return groups / kChunkStep * kChunkStep;
  }

  PackedShape shape_;
  PackedKernel kernel_;
  ActivationFormat format_;
  const std::byte* tiles_;
};

struct KernelOf {
  CpuTier tier;
  DataType type;
  const PackedKernel* kernel;
};

#define TLITE_KERNEL(tier, format) {CpuTier::tier, DataType::format, &tier::format},
#define TLITE_KERNELS(tier, ops, formats) formats(TLITE_KERNEL, tier)
constexpr KernelOf kKernels[] = {TLITE_KERNEL_TIERS(TLITE_KERNELS)};
#undef TLITE_KERNELS
#undef TLITE_KERNEL

}  // namespace

const PackedKernel& packed_kernel(DataType type, CpuTier tier) noexcept {
  for (const KernelOf& of : kKernels) {
    if (of.tier == tier && of.type == type) return *of.kernel;
  }
  // Formats that gain nothing by AMX: see amx/kernel.hpp.
  if (tier == CpuTier::amx) return packed_kernel(type, CpuTier::avx512);
  // A tier of another architecture.
  if (tier != CpuTier::scalar) return packed_kernel(type, CpuTier::scalar);
  assert(false && "a type that is not packed");
  return scalar::q8_0;
}

std::size_t packed_scratch_bytes() noexcept {
  std::size_t most = 0;
  for (const KernelOf& of : kKernels) most = std::max(most, of.kernel->scratch_bytes);
  return most;
}

std::unique_ptr<Linear> make_packed_linear(const WeightMatrix& matrix, CpuTier tier,
                                           std::span<const std::byte> tiles) {
  assert(is_packed(matrix.type));
  assert(tiles.size() ==
         packed_shape(matrix.type, matrix.out_features, matrix.in_features).bytes());
  return std::make_unique<PackedLinear>(matrix, tier, tiles.data());
}

}  // namespace tlite
