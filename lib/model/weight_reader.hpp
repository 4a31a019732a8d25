// Reads the weights of a checkpoint once, front to back, so that the first token does not wait for
// the disk; and looks at every value where that is asked for.
#pragma once

#include "format/checkpoint.hpp"
#include "format/weight_source.hpp"
#include "model/packed_layout.hpp"

#include <cstdint>
#include <string>
#include <vector>

#include <tlite/host.hpp>

namespace tlite {

// The tensors of the checkpoint that the model is made of, in the order of their places in memory.
std::vector<const StoredTensor*> used_tensors(const Checkpoint& checkpoint);

// Of these, what a model of files that are read keeps in memory: all but what is packed, and the
// embeddings, of which rows are read, in any case.
std::vector<const StoredTensor*> kept_tensors(const std::vector<const StoredTensor*>& used,
                                              const PackedLayout& layout);

// Throws cancelled when `progress` says so, and corrupt, naming the tensor, for a NaN or an
// infinity where `check` is set.
void read_weights(const WeightSource& source, const std::vector<const StoredTensor*>& tensors,
                  const std::string& path, bool check, int threads, const LoadProgress& progress);

}  // namespace tlite
