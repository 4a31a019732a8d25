// Writing models as GGUF files, quantized or not.
//
//   tlite::quantize("T-lite-it-1.0", "T-lite-it-1.0-Q4_K_M.gguf", tlite::WeightMix::q4_k_m);
//
// The file is a complete model: weights, hyperparameters, tokenizer, chat template and sampling
// defaults, for this library and for every program that reads GGUF.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include <tlite/export.hpp>
#include <tlite/host.hpp>
#include <tlite/weight_mix.hpp>

namespace tlite {

// Called with 0..1 on the calling thread; return false to cancel (quantize then throws cancelled).
using QuantizeProgress = std::function<bool(float fraction)>;

struct QuantizeOptions {
  // An importance matrix, as measure_importance() or llama.cpp's imatrix writes it; empty: all
  // inputs of a matrix count alike.
  std::string importance = {};
  std::int32_t threads = 0;  // 0: physical cores. The file is the same for any number
  // Take a source that is quantized already: each matrix loses twice.
  bool allow_requantize = false;
  QuantizeProgress progress = {};
  Host host = {};  // the source is read through host.files; the target is the operating system's
};

// Writes `source`, a Hugging Face directory or a .gguf file (of a split one the first part), to the
// GGUF file `target`, which appears when it is complete: after an error or a cancel there is no
// trace of it, and what was there before stays. Beside the mapped source and the tokenizer it takes
// 32 MB and one for each thread. A row that is no whole number of blocks gets another type, with a
// line in the log.
//
// Throws io (a full disk too), not_found, corrupt (a NaN or infinity among the weights, naming
// file, tensor and element), not_supported, invalid_argument, out_of_memory, cancelled.
TLITE_API void quantize(std::string_view source, std::string_view target, WeightMix mix,
                        const QuantizeOptions& options = {});

}  // namespace tlite
