// What bounds a model's speed on this machine. `tlite bench` measures against it; docs/bench.md.
#pragma once

#include <cstdint>
#include <string_view>

#include <tlite/export.hpp>
#include <tlite/model.hpp>

namespace tlite {

// The instruction set of the kernels that the model runs on: "scalar", "avx2", "avx_vnni",
// "avx512", "amx", "neon" or "neon_i8mm".
// The best that the processor has, or what the environment variable TLITE_CPU named when the model
// was loaded. All give the same results. On a processor with AMX the first load asks Linux for its
// registers (arch_prctl), for the whole process; with TLITE_CPU=avx512 it does not.
TLITE_API std::string_view cpu_tier(const Model& model) noexcept;

// Bytes of weights that a decoded token must read, in the types that are streamed: memory bandwidth
// over this is the most tokens a second that one sequence can have. All of them, but of an
// embedding table that is not the output matrix too one row alone.
TLITE_API std::uint64_t decode_bytes(const Model& model) noexcept;

}  // namespace tlite
