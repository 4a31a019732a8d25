# TLITE_SANITIZE=address adds ASan and UBSan, =thread adds TSan, to everything that is built.
if(TLITE_SANITIZE STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
  # A C program that links our C++ needs UBSan's C++ half, which Clang leaves out of C links.
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    add_link_options($<$<LINK_LANGUAGE:C>:-fsanitize-link-c++-runtime>)
    link_libraries($<$<LINK_LANG_AND_ID:C,Clang>:stdc++>)
  endif()
elseif(TLITE_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
elseif(TLITE_SANITIZE)
  message(FATAL_ERROR "TLITE_SANITIZE is '${TLITE_SANITIZE}'; it takes address, thread or nothing")
endif()

# Kernels are long unrolled loops. Of UBSan's checks of each access ASan sees what counts, an address
# outside of its object, and with these three a file takes Clang minutes (measured: 26 s for 8);
# alignment, shifts, overflow and bounds stay.
set(TLITE_SANITIZE_KERNEL_FLAGS "")
if(TLITE_SANITIZE STREQUAL "address")
  set(TLITE_SANITIZE_KERNEL_FLAGS -fno-sanitize=null,object-size,pointer-overflow)
endif()

# The fuzzers steer by the branches that the library takes; kernels have none that an input chooses.
if(TLITE_BUILD_FUZZERS)
  add_compile_options(-fsanitize=fuzzer-no-link)
  list(APPEND TLITE_SANITIZE_KERNEL_FLAGS -fno-sanitize=fuzzer-no-link)
endif()
