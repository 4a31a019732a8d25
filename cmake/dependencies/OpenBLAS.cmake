# OpenBLAS through its CBLAS interface. Any threading build will do: the library asks for one thread
# per call and parallelises over oneTBB itself.
if(NOT TARGET OpenBLAS::OpenBLAS)
  find_package(PkgConfig REQUIRED)
  pkg_check_modules(OPENBLAS REQUIRED IMPORTED_TARGET openblas)
  add_library(OpenBLAS::OpenBLAS ALIAS PkgConfig::OPENBLAS)
endif()
