// A conversation as a seed makes it, in which callbacks stop answers and calls find no memory.
#pragma once

#include "soak/plan.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <tlite/session.hpp>

namespace tlite::soak {

SessionOptions random_session(std::uint64_t seed, const EngineOptions& engine);

// All that was said and went wrong. Calls of the session go through `guarded`, which may call what
// it is given again where that throws for want of memory.
std::vector<std::string> talk(Session session, std::uint64_t seed,
                              const std::function<void(const std::function<void()>&)>& guarded);

}  // namespace tlite::soak
