// An Allocator that counts, and that runs out where it is told to.
#pragma once

#include "base/buffer.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <mutex>
#include <new>

#include <tlite/host.hpp>

namespace tlite::test {

class CountingAllocator final : public Allocator {
 public:
  // Refuses the allocation of this number, counted from 0, and all after it.
  std::size_t fail_at = std::numeric_limits<std::size_t>::max();

  void* allocate(std::size_t bytes, std::size_t alignment) noexcept override {
    const std::lock_guard lock(mutex_);
    if (calls_++ >= fail_at) return nullptr;
    void* memory = ::operator new (bytes, std::align_val_t{alignment}, std::nothrow);
    if (memory != nullptr) live_ += bytes;
    peak_ = std::max(peak_, live_);
    return memory;
  }
  void deallocate(void* memory, std::size_t bytes, std::size_t alignment) noexcept override {
    const std::lock_guard lock(mutex_);
    live_ -= bytes;
    ::operator delete (memory, std::align_val_t{alignment});
  }

  std::size_t calls() const { return calls_; }
  std::size_t live_bytes() const { return live_; }
  std::size_t peak_bytes() const { return peak_; }

 private:
  std::mutex mutex_;
  std::size_t calls_ = 0;
  std::size_t live_ = 0;
  std::size_t peak_ = 0;
};

}  // namespace tlite::test
