// What a program around the library supplies, as tlite::Host takes it. A host is immutable: it may
// be shared by any threads, and freed while models that were loaded with it go on, for they have
// copies.
#pragma once

#include <cstdint>
#include <memory>

#include <tlite.h>

#include <tlite/host.hpp>

struct tlite_host {
  tlite::Host value;
  // Not a part of tlite::Host: a default for `threads` of what is made later, which models and
  // engines copy.
  std::int32_t threads = 0;  // 0: unset
};

namespace tlite::capi {

// NULL is one of defaults.
// A copy, which shares the callbacks and keeps them alive.
Host host_of(const tlite_host* host);
inline std::int32_t threads_of(const tlite_host* host) noexcept {
  return host == nullptr ? 0 : host->threads;
}

}  // namespace tlite::capi
