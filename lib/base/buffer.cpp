#include "base/buffer.hpp"

#include <limits>
#include <new>
#include <string>
#include <utility>

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include <tlite/error.hpp>

namespace tlite {
namespace {

// Large buffers lie in huge pages where the system has them: a 7B model's weights are a million
// small ones, each with a fault when it is first written and a miss of the TLB when it is streamed.
constexpr std::size_t kHugePage = std::size_t{2} << 20;

constexpr std::size_t alignment_of(std::size_t bytes) noexcept {
  return bytes >= 2 * kHugePage ? kHugePage : kAlignment;
}

void* allocate(Allocator* allocator, std::size_t bytes) noexcept {
  if (allocator != nullptr) return allocator->allocate(bytes, kAlignment);
  const std::size_t alignment = alignment_of(bytes);
  void* const memory = ::operator new (bytes, std::align_val_t{alignment}, std::nothrow);
#if defined(__linux__)
  // Whole huge pages only, so that no more memory is taken than was asked for.
  if (memory != nullptr && alignment == kHugePage) {
    ::madvise(memory, bytes / kHugePage * kHugePage, MADV_HUGEPAGE);
  }
#endif
  return memory;
}

}  // namespace

Allocator::~Allocator() = default;

std::size_t checked_product(std::size_t a, std::size_t b) {
  if (b != 0 && a > std::numeric_limits<std::size_t>::max() / b) {
    throw Error(ErrorCode::out_of_memory, "out of memory: a size of " + std::to_string(a) + " x " +
                                              std::to_string(b) + " bytes does not fit in memory");
  }
  return a * b;
}

Buffer::Buffer(std::size_t bytes, std::string_view purpose, std::shared_ptr<Allocator> allocator)
    : size_(bytes), allocator_(std::move(allocator)) {
  if (bytes == 0) return;
  data_ = static_cast<std::byte*>(allocate(allocator_.get(), bytes));
  if (data_ == nullptr) {
    throw Error(ErrorCode::out_of_memory, "out of memory: " + std::string(purpose) + " needs " +
                                              std::to_string(bytes) + " bytes");
  }
}

Buffer::~Buffer() {
  if (data_ == nullptr) return;
  if (allocator_) {
    allocator_->deallocate(data_, size_, kAlignment);
  } else {
    ::operator delete (data_, std::align_val_t{alignment_of(size_)});
  }
}

Buffer::Buffer(Buffer&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      allocator_(std::move(other.allocator_)) {}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(allocator_, other.allocator_);
  return *this;
}

}  // namespace tlite
