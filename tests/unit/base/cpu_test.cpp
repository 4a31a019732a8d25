// CPU tiers: which there are, and the one that TLITE_CPU asks for.
#include "base/cpu.hpp"

#include "unit/support/errors.hpp"

#include <cstdlib>
#include <string>

#include <doctest/doctest.h>

namespace tlite {

using test::check_error;

TEST_CASE("base/cpu: TLITE_CPU names a tier that exists here") {
  ::setenv("TLITE_CPU", "mmx", 1);
  check_error(
      ErrorCode::invalid_argument,
      "TLITE_CPU is 'mmx'; it takes one of scalar, avx2, avx_vnni, avx512, amx, neon, neon_i8mm",
      [] { cpu_tier_from_environment(); });
  ::setenv("TLITE_CPU", "", 1);
  CHECK(cpu_tier_from_environment() == best_cpu_tier());
  for (const CpuTier tier : kCpuTiers) {
    ::setenv("TLITE_CPU", std::string(to_string(tier)).c_str(), 1);
    if (cpu_has(tier)) {
      CHECK(cpu_tier_from_environment() == tier);
    } else {
      check_error(ErrorCode::not_supported, "which this processor lacks",
                  [] { cpu_tier_from_environment(); });
    }
  }
  ::unsetenv("TLITE_CPU");
}

}  // namespace tlite
