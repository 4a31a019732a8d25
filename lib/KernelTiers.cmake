# Instruction sets: each tier is a folder of kernels/, compiled with its own flags and called only
# after the processor was asked. Everything else is built for the baseline of the architecture.
#
# A tier's packed kernels, one small file a format, are written into the build folder from three
# texts: kernels/<tier>/packed_<format>.cpp. The two lists are those of kernels/tiers.hpp and
# kernels/packed/table.hpp; what only one side names does not compile or link.
#
# tests/cross/kernels.cmake reads this file without a project around.
if(NOT DEFINED TLITE_ARCHITECTURE)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
    set(TLITE_ARCHITECTURE x86)
  else()
    set(TLITE_ARCHITECTURE arm)
  endif()
endif()

# Formats, each with a struct in kernels/packed/formats_*.hpp: Q4_K for q4_k.
set(TLITE_PACKED_K_FORMATS q2_k q3_k q4_k q5_k q6_k iq4_xs)
set(TLITE_PACKED_FORMATS bf16 q8_0 q4_0 q4_1 q5_0 q5_1 iq4_nl ${TLITE_PACKED_K_FORMATS})

# tlite_tier(<tier> <architecture> <its struct in simd.hpp> <flags>...)
set(TLITE_TIERS "")
set(TLITE_OTHER_TIERS "")
macro(tlite_tier tier architecture vectors)
  if("${architecture}" MATCHES "^(any|${TLITE_ARCHITECTURE})$")
    list(APPEND TLITE_TIERS ${tier})
    set(TLITE_TIER_VECTORS_${tier} ${vectors})
    set(TLITE_TIER_FLAGS_${tier} ${ARGN})
  else()
    list(APPEND TLITE_OTHER_TIERS ${tier})
  endif()
endmacro()

set(tlite_avx2 -mavx2 -mfma -mf16c)
set(tlite_avx512 -mavx512f -mavx512bw -mavx512vl -mavx512dq -mavx512vnni -mavx512bf16
                 ${tlite_avx2} -mprefer-vector-width=512)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 warns of its own _mm512_undefined_ps (bug 105593).
  list(APPEND tlite_avx512 -Wno-uninitialized -Wno-maybe-uninitialized)
endif()
tlite_tier(scalar any Scalar)
tlite_tier(avx2 x86 Avx2 ${tlite_avx2})
tlite_tier(avx_vnni x86 AvxVnni ${tlite_avx2} -mavxvnni)
tlite_tier(avx512 x86 Avx512 ${tlite_avx512})
tlite_tier(amx x86 Avx512 ${tlite_avx512} -mamx-tile -mamx-int8)
tlite_tier(neon arm Neon -march=armv8.2-a+dotprod+fp16)
tlite_tier(neon_i8mm arm NeonI8mm -march=armv8.2-a+dotprod+fp16+i8mm)

# Writes a tier's packed kernels below `folder`, those that changed, and appends their names to the
# list `written`.
set(TLITE_LIB_DIR ${CMAKE_CURRENT_LIST_DIR})
function(tlite_write_packed_kernels tier folder written)
  set(formats ${TLITE_PACKED_FORMATS})
  set(template packed/kernel.cpp.in)
  if(tier STREQUAL "amx")
    set(formats ${TLITE_PACKED_K_FORMATS}) # the others as avx512
    set(template amx/kernel.cpp.in)
  endif()
  set(Vectors ${TLITE_TIER_VECTORS_${tier}})
  foreach(format IN LISTS formats)
    string(TOUPPER ${format} FORMAT)
    if(format STREQUAL "bf16")
      set(from packed/bf16_kernel.cpp.in)
    else()
      set(from ${template})
    endif()
    set(to ${folder}/kernels/${tier}/packed_${format}.cpp)
    configure_file(${TLITE_LIB_DIR}/kernels/${from} ${to} @ONLY)
    list(APPEND ${written} ${to})
  endforeach()
  set(${written} ${${written}} PARENT_SCOPE)
endfunction()

# Gives the sources in tiers' folders their flags and those of sanitizer builds, and takes those of other architectures out.
function(tlite_set_tier_flags)
  foreach(source IN LISTS ARGN)
    if(source MATCHES "/kernels/([a-z0-9_]+)/[^/]*\\.cpp$")
      set(tier ${CMAKE_MATCH_1})
      if(tier IN_LIST TLITE_OTHER_TIERS)
        set_source_files_properties(${source} PROPERTIES HEADER_FILE_ONLY ON)
      elseif(tier IN_LIST TLITE_TIERS)
        set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS
                                    "${TLITE_TIER_FLAGS_${tier}};${TLITE_SANITIZE_KERNEL_FLAGS}")
      endif()
    endif()
  endforeach()
endfunction()
