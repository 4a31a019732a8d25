// What a host needs to tell how near to its memory's speed a model runs.
#include "api/model_impl.hpp"
#include "base/cpu.hpp"

#include <tlite/speed.hpp>

namespace tlite {

std::string_view cpu_tier(const Model& model) noexcept {
  return to_string(model.impl().weights->tier());
}

std::uint64_t decode_bytes(const Model& model) noexcept {
  return model.impl().weights->streamed_bytes();
}

}  // namespace tlite
