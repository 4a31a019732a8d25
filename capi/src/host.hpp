#pragma once

#include <cstdint>
#include <memory>

#include <tlite.h>

#include <tlite/host.hpp>

struct tlite_host {
  tlite::Host value;
  std::int32_t threads = 0;  // 0: unset
};

namespace tlite::capi {

// NULL is one of defaults.
Host host_of(const tlite_host* host);
inline std::int32_t threads_of(const tlite_host* host) noexcept {
  return host == nullptr ? 0 : host->threads;
}

}  // namespace tlite::capi
