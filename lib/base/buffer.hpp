// Large memory: 64-byte aligned, from the host's allocator.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include <tlite/host.hpp>

namespace tlite {

// One cache line, and the width of the widest vector register.
inline constexpr std::size_t kAlignment = 64;

// Product that cannot overflow silently: throws Error(out_of_memory) instead.
std::size_t checked_product(std::size_t a, std::size_t b);

// Owns bytes that are not initialised. Move-only.
class Buffer {
 public:
  Buffer() = default;
  // Throws Error(out_of_memory), naming `purpose` and the size. A null allocator is the C++ heap.
  Buffer(std::size_t bytes, std::string_view purpose, std::shared_ptr<Allocator> allocator);
  ~Buffer();
  Buffer(Buffer&& other) noexcept;
  Buffer& operator=(Buffer&& other) noexcept;

  std::byte* data() noexcept { return data_; }
  const std::byte* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }

  template <class T>
  std::span<T> as() noexcept {
    return {reinterpret_cast<T*>(data_), size_ / sizeof(T)};
  }
  template <class T>
  std::span<const T> as() const noexcept {
    return {reinterpret_cast<const T*>(data_), size_ / sizeof(T)};
  }

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  std::shared_ptr<Allocator> allocator_;
};

}  // namespace tlite
