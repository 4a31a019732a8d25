// safetensors files of any bytes: read or refused, and every tensor lies inside the file.
#include "format/safetensors.hpp"
#include "tensor/finite.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include <tlite/error.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tlite;
  try {
    const TensorDirectory found = read_safetensors(std::as_bytes(std::span(data, size)), "fuzz");
    // Reads every byte of every tensor; a range outside the file is a finding of ASan.
    for (const StoredTensor& tensor : found.tensors) first_non_finite(tensor.type, tensor.data);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::internal) std::abort();
  }
  return 0;
}
