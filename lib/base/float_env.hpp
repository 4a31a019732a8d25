// The floating-point environment: rounding mode, FTZ and DAZ, trapped and raised exceptions.
//
// It is a register of each thread and the host's to set: audio code flushes denormals, interval
// arithmetic rounds upward, debug builds of numeric programs trap on inexact results. Ids and
// logits must not depend on it, and a trap in a kernel would kill the host. So whatever does
// arithmetic does it in the default environment, and the host finds its own as it was, raised
// flags included. That is half a microsecond: once a step, a load or a token, not a row.
#pragma once

#include <cfenv>

namespace tlite {

// The default environment for the calling thread, for as long as this lives. Nests.
class DefaultFloatEnv {
 public:
  DefaultFloatEnv() noexcept {
    std::fegetenv(&before_);
    std::fesetenv(FE_DFL_ENV);
  }
  ~DefaultFloatEnv() { std::fesetenv(&before_); }
  DefaultFloatEnv(const DefaultFloatEnv&) = delete;
  DefaultFloatEnv& operator=(const DefaultFloatEnv&) = delete;

 private:
  std::fenv_t before_;
};

}  // namespace tlite
