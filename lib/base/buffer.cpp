#include "base/buffer.hpp"

#include <limits>
#include <new>
#include <string>
#include <utility>

#include <tlite/error.hpp>

namespace tlite {
namespace {

void* allocate(Allocator* allocator, std::size_t bytes) noexcept {
  if (allocator != nullptr) return allocator->allocate(bytes, kAlignment);
  return ::operator new (bytes, std::align_val_t{kAlignment}, std::nothrow);
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
    ::operator delete (data_, std::align_val_t{kAlignment});
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
