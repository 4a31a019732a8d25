# cmake -DTLITE_ARCHITECTURE=arm|x86 -DFOLDER=... -P kernels.cmake: writes the packed kernels of all tiers into
# FOLDER/kernels, and into FOLDER/tiers a line for each tier: its name and its flags.
include(${CMAKE_CURRENT_LIST_DIR}/../../lib/KernelTiers.cmake)
file(WRITE ${FOLDER}/tiers "")
foreach(tier IN LISTS TLITE_TIERS)
  tlite_write_packed_kernels(${tier} ${FOLDER} written)
  list(JOIN TLITE_TIER_FLAGS_${tier} " " flags)
  file(APPEND ${FOLDER}/tiers "${tier} ${flags}\n")
endforeach()
