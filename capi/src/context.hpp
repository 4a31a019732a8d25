#pragma once

#include <cstdint>
#include <memory>

#include <tlite.h>

#include <tlite/host.hpp>

struct tlite_context {
  tlite::Host host;
  std::int32_t threads = 0;
};

namespace tlite::capi {

// NULL is a context of defaults.
Host host_of(const tlite_context* context);
inline std::int32_t threads_of(const tlite_context* context) noexcept {
  return context == nullptr ? 0 : context->threads;
}

}  // namespace tlite::capi
