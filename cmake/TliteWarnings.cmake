# Warnings are errors in a build of our own; a consumer's compiler may know more of them than ours.
function(tlite_set_warnings target)
  target_compile_options(${target} PRIVATE
    -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow
    $<$<BOOL:${PROJECT_IS_TOP_LEVEL}>:-Werror>
    # GCC 12 sees overlapping copies in std::string where there are none (GCC bug 105651).
    $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
    # One accumulation order: the compiler must not fuse or reorder what the kernels spell out.
    -ffp-contract=off)
endfunction()
