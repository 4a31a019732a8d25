# Instruction sets: each tier is a folder of kernels/, compiled with its own flags and called only
# after the processor was asked. Everything else is built for the baseline of the architecture.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
  set(TLITE_TIER_FLAGS_avx2 -mavx2 -mfma -mf16c)
  set(TLITE_TIER_FLAGS_avx_vnni -mavx2 -mfma -mf16c -mavxvnni)
  set(TLITE_TIER_FLAGS_avx512 -mavx512f -mavx512bw -mavx512vl -mavx512dq -mavx512vnni -mavx512bf16
                              -mavx2 -mfma -mf16c -mprefer-vector-width=512)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # GCC 12 warns of its own _mm512_undefined_ps (bug 105593).
    list(APPEND TLITE_TIER_FLAGS_avx512 -Wno-uninitialized -Wno-maybe-uninitialized)
  endif()
  set(TLITE_OTHER_TIERS neon neon_i8mm)
else()
  set(TLITE_TIER_FLAGS_neon -march=armv8.2-a+dotprod+fp16)
  set(TLITE_TIER_FLAGS_neon_i8mm -march=armv8.2-a+dotprod+fp16+i8mm)
  set(TLITE_OTHER_TIERS avx2 avx_vnni avx512)
endif()

get_target_property(tlite_sources tlite_objects SOURCES)
foreach(source IN LISTS tlite_sources)
  if(source MATCHES "/kernels/([a-z0-9_]+)/[^/]*\\.cpp$")
    set(tier ${CMAKE_MATCH_1})
    if(tier IN_LIST TLITE_OTHER_TIERS)
      set_source_files_properties(${source} PROPERTIES HEADER_FILE_ONLY ON)
    elseif(DEFINED TLITE_TIER_FLAGS_${tier})
      set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS "${TLITE_TIER_FLAGS_${tier}}")
    endif()
  endif()
endforeach()
