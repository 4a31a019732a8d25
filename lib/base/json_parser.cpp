#include "base/json_parser.hpp"

#include <algorithm>
#include <cstddef>
#include <new>

namespace tlite {
namespace {

// An object that has no destructor to run, and no memory on the heap where its strings are short.
template <class Implementation>
const simdjson::implementation& kept() {
  alignas(Implementation) static std::byte room[sizeof(Implementation)];
  static const Implementation* const made = new (room) Implementation;
  return *made;
}

// Not icelake, AVX-512: its description is a string on the heap, and a load is no slower without.
const simdjson::implementation& choose() {
#if SIMDJSON_IMPLEMENTATION_ARM64
  return kept<simdjson::arm64::implementation>();
#else
#if SIMDJSON_IMPLEMENTATION_HASWELL
  if (const auto& it = kept<simdjson::haswell::implementation>();
      it.supported_by_runtime_system()) {
    return it;
  }
#endif
  return kept<simdjson::fallback::implementation>();
#endif
}

}  // namespace

simdjson::error_code make_room(simdjson::dom::parser& parser, std::size_t bytes) {
  constexpr std::size_t kLeast = 32;  // simdjson enlarges a smaller one
  static const simdjson::implementation& for_this_processor = choose();
  return for_this_processor.create_dom_parser_implementation(
      std::max(bytes, kLeast), parser.max_depth(), parser.implementation);
}

}  // namespace tlite
