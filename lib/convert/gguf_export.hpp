// A checkpoint as a GGUF file in the types of a mix.
#pragma once

#include "base/log.hpp"
#include "format/checkpoint.hpp"
#include "format/gguf_writer.hpp"
#include "format/imatrix.hpp"

#include <memory>
#include <string_view>

#include <tlite/host.hpp>
#include <tlite/quantize.hpp>
#include <tlite/weight_mix.hpp>

namespace tlite {

struct GgufExport {
  const Checkpoint& checkpoint;
  WeightMix mix;
  const ImportanceMatrix* importance = nullptr;  // null: none
  bool allow_requantize = false;
  std::int32_t threads = 0;
  const QuantizeProgress& progress;
  Log log;
  std::shared_ptr<Allocator> allocator;
};

// Writes `target`. `header` has the model's metadata; what the mix and the tensors are is added.
// Throws as tlite::quantize says.
void export_gguf(const GgufExport& job, GgufHeader header, std::string_view target);

}  // namespace tlite
