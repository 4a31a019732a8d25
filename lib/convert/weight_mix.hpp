// Which type each matrix of a model gets: the mixes that GGUF files of this family have.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <tlite/data_type.hpp>
#include <tlite/model_config.hpp>
#include <tlite/quantize.hpp>
#include <tlite/weight_mix.hpp>

namespace tlite {

// The number that general.file_type has for a mix (llama.h, enum llama_ftype).
std::uint32_t gguf_file_type(WeightMix mix) noexcept;

class WeightMixer {
 public:
  WeightMixer(WeightMix mix, const ModelConfig& config, bool has_importance) noexcept
      : mix_(mix), config_(config), has_importance_(has_importance) {}

  // The type of a matrix by Hugging Face's name, before its row length is looked at.
  DataType type_of(std::string_view name) const noexcept;

 private:
  WeightMix mix_;
  const ModelConfig& config_;
  bool has_importance_;
};

// `type`, or where rows of this length are not whole blocks of it the next one that takes them.
DataType type_for_rows(DataType type, std::size_t columns) noexcept;

}  // namespace tlite
