// Fills the memory of a PackedLayout from the files: the larger part of loading a quantized model.
#pragma once

#include "base/function_ref.hpp"
#include "base/parallel.hpp"
#include "model/packed_layout.hpp"

#include <cstddef>
#include <memory>
#include <span>

#include <tlite/host.hpp>

namespace tlite {

// All matrices are one parallel job, cut into pieces of about a megabyte, so that no thread waits
// at the end of a small matrix. A matrix that is stored in another type is quantized on the way,
// sixteen rows at a time. What was packed is given back to the system piece by piece: at no time is
// there a second copy in memory. The calling thread first runs `meanwhile`, then packs with the
// others and calls `progress`. `out`: layout.bytes().
//
// Throws cancelled where `progress` says so; corrupt for a NaN or infinity in what is quantized,
// naming file, tensor and element; out_of_memory; and what `meanwhile` throws.
void pack_weights(const PackedLayout& layout, const WeightSource& source, std::span<std::byte> out,
                  ThreadPool& pool, const std::shared_ptr<Allocator>& allocator,
                  const LoadProgress& progress, FunctionRef<void()> meanwhile);

}  // namespace tlite
