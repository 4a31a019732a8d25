// The decisions are those of llama.cpp's llama-quant.cpp for the architecture qwen2, so that files
// of one name have one size wherever they were made.
#include "convert/weight_mix.hpp"

#include "format/tensor_list.hpp"
#include "tensor/dtype.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace tlite {
namespace {

struct MixEntry {
  WeightMix mix;
  std::string_view name;
  DataType base;
  std::uint32_t file_type;
};

// In the order of WeightMix, which it is indexed by. The last number is llama.cpp's for the file
// type (LLAMA_FTYPE), as GGUF files carry it.
constexpr std::array<MixEntry, 19> kMixes = {{
    {WeightMix::f32, "f32", DataType::f32, 0},
    {WeightMix::f16, "f16", DataType::f16, 1},
    {WeightMix::bf16, "bf16", DataType::bf16, 32},
    {WeightMix::q8_0, "q8_0", DataType::q8_0, 7},
    {WeightMix::q4_0, "q4_0", DataType::q4_0, 2},
    {WeightMix::q4_1, "q4_1", DataType::q4_1, 3},
    {WeightMix::q5_0, "q5_0", DataType::q5_0, 8},
    {WeightMix::q5_1, "q5_1", DataType::q5_1, 9},
    {WeightMix::q2_k, "q2_k", DataType::q2_k, 10},
    {WeightMix::q3_k_s, "q3_k_s", DataType::q3_k, 11},
    {WeightMix::q3_k_m, "q3_k_m", DataType::q3_k, 12},
    {WeightMix::q3_k_l, "q3_k_l", DataType::q3_k, 13},
    {WeightMix::q4_k_s, "q4_k_s", DataType::q4_k, 14},
    {WeightMix::q4_k_m, "q4_k_m", DataType::q4_k, 15},
    {WeightMix::q5_k_s, "q5_k_s", DataType::q5_k, 16},
    {WeightMix::q5_k_m, "q5_k_m", DataType::q5_k, 17},
    {WeightMix::q6_k, "q6_k", DataType::q6_k, 18},
    {WeightMix::iq4_nl, "iq4_nl", DataType::iq4_nl, 25},
    {WeightMix::iq4_xs, "iq4_xs", DataType::iq4_xs, 30},
}};

const MixEntry& entry_of(WeightMix mix) noexcept { return kMixes[static_cast<std::size_t>(mix)]; }

enum class Where {
  everywhere,
  first_two,        // layers
  first_four,       //
  first_sixteenth,  //
  first_eighth,     //
  more_bits,        // the first and the last eighth, and every third layer between
  grouped,          // everywhere, where four or more heads share a value head
  guessed_first,    // the first eighth, without an importance matrix
  measured_first,   // the first eighth, with one
};

struct Exception {
  WeightMix mix;
  TensorKind matrix;
  Where where;
  DataType type;
};

// The first that fits counts; else the mix's base type.
constexpr Exception kExceptions[] = {
    {WeightMix::q4_0, TensorKind::down, Where::measured_first, DataType::q4_1},
    {WeightMix::q5_0, TensorKind::down, Where::measured_first, DataType::q5_1},
    {WeightMix::q2_k, TensorKind::v, Where::grouped, DataType::q4_k},
    {WeightMix::q2_k, TensorKind::v, Where::everywhere, DataType::q3_k},
    {WeightMix::q2_k, TensorKind::o, Where::everywhere, DataType::q3_k},
    {WeightMix::q2_k, TensorKind::down, Where::everywhere, DataType::q3_k},
    {WeightMix::q3_k_m, TensorKind::v, Where::first_two, DataType::q5_k},
    {WeightMix::q3_k_m, TensorKind::v, Where::everywhere, DataType::q4_k},
    {WeightMix::q3_k_m, TensorKind::o, Where::everywhere, DataType::q4_k},
    {WeightMix::q3_k_m, TensorKind::down, Where::first_sixteenth, DataType::q5_k},
    {WeightMix::q3_k_m, TensorKind::down, Where::everywhere, DataType::q4_k},
    {WeightMix::q3_k_l, TensorKind::v, Where::everywhere, DataType::q5_k},
    {WeightMix::q3_k_l, TensorKind::o, Where::everywhere, DataType::q5_k},
    {WeightMix::q3_k_l, TensorKind::down, Where::everywhere, DataType::q5_k},
    {WeightMix::q4_k_s, TensorKind::v, Where::first_four, DataType::q5_k},
    {WeightMix::q4_k_s, TensorKind::down, Where::first_eighth, DataType::q5_k},
    {WeightMix::q4_k_m, TensorKind::v, Where::more_bits, DataType::q6_k},
    {WeightMix::q4_k_m, TensorKind::down, Where::more_bits, DataType::q6_k},
    {WeightMix::q5_k_m, TensorKind::v, Where::more_bits, DataType::q6_k},
    {WeightMix::q5_k_m, TensorKind::down, Where::more_bits, DataType::q6_k},
    {WeightMix::iq4_nl, TensorKind::v, Where::grouped, DataType::q5_k},
    {WeightMix::iq4_nl, TensorKind::down, Where::guessed_first, DataType::q5_k},
    {WeightMix::iq4_xs, TensorKind::v, Where::grouped, DataType::q5_k},
    {WeightMix::iq4_xs, TensorKind::down, Where::guessed_first, DataType::q5_k},
};

bool fits(Where where, std::int32_t layer, const ModelConfig& config,
          bool has_importance) noexcept {
  const std::int32_t layers = config.num_hidden_layers;
  const bool first_eighth = layer < layers / 8;
  switch (where) {
    case Where::everywhere:
      return true;
    case Where::first_two:
      return layer < 2;
    case Where::first_four:
      return layer < 4;
    case Where::first_sixteenth:
      return layer < layers / 16;
    case Where::first_eighth:
      return first_eighth;
    case Where::more_bits:
      return first_eighth || layer >= 7 * layers / 8 || (layer - layers / 8) % 3 == 2;
    case Where::grouped:
      return config.num_attention_heads / config.num_key_value_heads >= 4;
    case Where::guessed_first:
      return first_eighth && !has_importance;
    case Where::measured_first:
      return first_eighth && has_importance;
  }
  return false;
}

}  // namespace

std::string_view to_string(WeightMix mix) noexcept {
  const auto index = static_cast<std::size_t>(mix);
  return index < kMixes.size() ? kMixes[index].name : "unknown";
}

std::optional<WeightMix> parse_weight_mix(std::string_view name) noexcept {
  const auto same = [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  };
  for (const MixEntry& entry : kMixes) {
    if (std::equal(name.begin(), name.end(), entry.name.begin(), entry.name.end(), same)) {
      return entry.mix;
    }
  }
  return std::nullopt;
}

std::uint32_t gguf_file_type(WeightMix mix) noexcept { return entry_of(mix).file_type; }

DataType WeightMixer::type_of(std::string_view name) const noexcept {
  const DataType base = entry_of(mix_).base;
  // These have no exceptions, for the output matrix neither.
  if (!is_quantized(base) || base == DataType::q8_0) return base;
  const std::optional<TensorId> id = parse_hugging_face_name(name);
  if (!id || !in_layer(id->kind)) {
    const bool is_output = id == output_matrix(config_);
    if (!is_output) return base;
    const auto columns = static_cast<std::size_t>(config_.hidden_size);
    return columns % block_shape(base).elements == 0 ? DataType::q6_k : DataType::q8_0;
  }
  DataType type = base;
  for (const Exception& one : kExceptions) {
    if (one.mix != mix_ || one.matrix != id->kind) continue;
    if (!fits(one.where, id->layer, config_, has_importance_)) continue;
    type = one.type;
    break;
  }
  // The 72B shape, by which llama.cpp knows it: eight heads share a value head, which is small.
  const bool is_72b = config_.num_hidden_layers == 80 && id->kind == TensorKind::v;
  return is_72b && (type == DataType::q3_k || type == DataType::q4_k) ? DataType::q5_k : type;
}

DataType type_for_rows(DataType type, std::size_t columns) noexcept {
  if (columns % block_shape(type).elements == 0) return type;
  DataType other = type;
  switch (type) {
    case DataType::iq4_xs:
      other = DataType::iq4_nl;
      break;
    case DataType::q2_k:
    case DataType::q3_k:
      other = DataType::q4_0;
      break;
    case DataType::q4_k:
      other = DataType::q5_0;
      break;
    case DataType::q5_k:
      other = DataType::q5_1;
      break;
    case DataType::q6_k:
      other = DataType::q8_0;
      break;
    default:
      break;
  }
  return columns % block_shape(other).elements == 0 ? other : DataType::f16;
}

}  // namespace tlite
