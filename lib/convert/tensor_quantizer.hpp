// One tensor after the other through f32 into another type, in slices of rows by all threads.
#pragma once

#include "base/buffer.hpp"
#include "base/function_ref.hpp"
#include "base/parallel.hpp"
#include "format/weight_source.hpp"

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include <tlite/data_type.hpp>
#include <tlite/host.hpp>

namespace tlite {

class TensorQuantizer {
 public:
  // Takes a megabyte a thread, and 32 for the result. Throws out_of_memory.
  TensorQuantizer(ThreadPool& pool, std::shared_ptr<Allocator> allocator);

  // The tensor in `type`, whose blocks its rows are whole numbers of, piece by piece in order, each
  // valid during the call of `sink`, which may throw. `importance` is as in quantize(). The bytes
  // do not depend on the threads. Throws corrupt for a NaN or infinity, and not_supported for a
  // value that f16 cannot hold, naming file, tensor and element.
  void run(const StoredTensor& tensor, DataType type, std::span<const float> importance,
           FunctionRef<void(std::span<const std::byte> piece)> sink);

 private:
  struct Slice;

  // False where the source or the result is not finite.
  bool convert(const Slice& slice, int worker);

  ThreadPool& pool_;
  std::shared_ptr<Allocator> allocator_;
  std::vector<Buffer> values_;  // of each worker: a slice as f32
  Buffer result_;               // of a round of slices
};

}  // namespace tlite
