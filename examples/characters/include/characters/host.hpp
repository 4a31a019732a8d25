// Memory that a frame never waits for. The system hands out pages when they are first written to,
// some 20 ms for the buffers of a 7B model's first long prompt: this host writes to them when they
// are allocated, while a model is loaded and a cast is opened.
#pragma once

#include <cstddef>
#include <memory>
#include <new>

#include <characters/handles.hpp>

namespace characters {

using HostHandle = std::unique_ptr<tlite_host, Freer<tlite_host_free>>;

// For Loader::start; may be freed as soon as that is back from take().
inline Result open_host(HostHandle& host) {
  tlite_host_options options;
  tlite_host_options_init(&options, sizeof options);
  options.allocate = [](std::size_t bytes, std::size_t alignment, void*) -> void* {
    constexpr std::size_t kPage = 4096;
    auto* const memory =
        static_cast<char*>(::operator new(bytes, std::align_val_t(alignment), std::nothrow));
    if (memory == nullptr) return nullptr;
    for (std::size_t i = 0; i < bytes; i += kPage) static_cast<volatile char*>(memory)[i] = 0;
    return memory;
  };
  options.deallocate = [](void* memory, std::size_t, std::size_t alignment, void*) {
    ::operator delete(memory, std::align_val_t(alignment), std::nothrow);
  };
  tlite_host* made = nullptr;
  Result result =
      result_of([&](tlite_error** error) { return tlite_host_create(&options, &made, error); });
  host.reset(made);
  return result;
}

}  // namespace characters
