// The packed kernels of every format and tier. Each is defined in a file of its own,
// kernels/<tier>/packed_<format>.cpp, compiled for that tier's processors.
#pragma once

#include "kernels/packed/job.hpp"

#define TLITE_PACKED_K_FORMATS(X) X(q2_k) X(q3_k) X(q4_k) X(q5_k) X(q6_k) X(iq4_xs)
#define TLITE_PACKED_FORMATS(X) \
  X(bf16)                       \
  X(q8_0) X(q4_0) X(q4_1) X(q5_0) X(q5_1) X(iq4_nl) TLITE_PACKED_K_FORMATS(X)

#define TLITE_DECLARE_PACKED(format) extern const PackedKernel format;

namespace tlite::scalar {
TLITE_PACKED_FORMATS(TLITE_DECLARE_PACKED)
}
#if defined(__x86_64__)
namespace tlite::avx2 {
TLITE_PACKED_FORMATS(TLITE_DECLARE_PACKED)
}
namespace tlite::avx_vnni {
TLITE_PACKED_FORMATS(TLITE_DECLARE_PACKED)
}
namespace tlite::avx512 {
TLITE_PACKED_FORMATS(TLITE_DECLARE_PACKED)
}
namespace tlite::amx {  // the others as in avx512: see amx/kernel.hpp
TLITE_PACKED_K_FORMATS(TLITE_DECLARE_PACKED)
}
#elif defined(__aarch64__)
namespace tlite::neon {
TLITE_PACKED_FORMATS(TLITE_DECLARE_PACKED)
}
namespace tlite::neon_i8mm {
TLITE_PACKED_FORMATS(TLITE_DECLARE_PACKED)
}
#endif
#undef TLITE_DECLARE_PACKED
