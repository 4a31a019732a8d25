// Keys and values of a sequence's first positions, as a value: fork, adopt, the prefix cache and
// saved states are copies of one. Copying shares pages; whoever appends behind a shared page that
// is part empty copies that page first (Sequences does).
#pragma once

#include "model/kv_cache.hpp"

#include <cstdint>
#include <vector>

namespace tlite {

struct KvPrefix {
  std::vector<KvPageRef> pages;  // entry i holds positions 32 i to 32 i + 31
  std::int32_t length = 0;       // positions; pages_for(length) pages
};

}  // namespace tlite
