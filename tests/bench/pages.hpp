// Memory for weights that are read once, as a model has it: in pages of 2 MiB, where the system has
// them.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

#include <sys/mman.h>

namespace tlite {

struct Pages {
  static constexpr std::size_t kPage = std::size_t{2} << 20;

  explicit Pages(std::size_t size)
      : memory(
            static_cast<std::byte*>(std::aligned_alloc(kPage, (size + kPage - 1) / kPage * kPage))),
        data(memory.get()) {
    if (data == nullptr) throw std::bad_alloc();
    madvise(data, size, MADV_HUGEPAGE);
    std::memset(data, 0x11, size);
  }

  struct Free {
    void operator()(std::byte* bytes) const { std::free(bytes); }
  };
  std::unique_ptr<std::byte, Free> memory;
  std::byte* data;
};

}  // namespace tlite
