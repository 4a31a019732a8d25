#include "failing_new.h"

#include <cstddef>
#include <cstdlib>
#include <new>

namespace {

thread_local long fail_at = -1;
thread_local bool all_after = false;
thread_local long count = 0;

bool fails(long number) noexcept {
  return number == fail_at || (all_after && fail_at >= 0 && number > fail_at);
}

void* allocate(std::size_t size, std::size_t alignment) noexcept {
  if (fails(count++)) return nullptr;
  if (alignment <= alignof(std::max_align_t)) return std::malloc(size == 0 ? 1 : size);
  return std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

void* allocate_or_throw(std::size_t size, std::size_t alignment) {
  void* const memory = allocate(size, alignment);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

std::size_t number(std::align_val_t alignment) { return static_cast<std::size_t>(alignment); }

}  // namespace

void failing_new_at(long n) {
  fail_at = n;
  all_after = false;
  count = 0;
}

void failing_new_from(long n) {
  failing_new_at(n);
  all_after = true;
}

long failing_new_count(void) { return count; }

// The array forms call these.
void* operator new(std::size_t size) { return allocate_or_throw(size, 1); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return allocate_or_throw(size, number(alignment));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return allocate(size, 1); }
void* operator new(std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return allocate(size, number(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
