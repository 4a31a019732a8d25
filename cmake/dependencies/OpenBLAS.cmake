# OpenBLAS through its CBLAS interface, the serial build where there is one: the library calls it
# inside oneTBB tasks, one call at a time, and a threading build would start threads of its own in the host program.
if(NOT TARGET OpenBLAS::OpenBLAS)
  if(TLITE_STATIC_OPENBLAS)
    set(OPENBLAS_NAME libopenblas.a)
  else()
    set(OPENBLAS_NAME openblas)
  endif()
  find_library(OPENBLAS_SERIAL_LIBRARY ${OPENBLAS_NAME} PATH_SUFFIXES openblas-serial NO_CACHE
               PATHS /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/openblas-serial NO_DEFAULT_PATH)
  find_path(OPENBLAS_SERIAL_INCLUDE cblas.h NO_CACHE
            PATHS /usr/include/${CMAKE_LIBRARY_ARCHITECTURE}/openblas-serial NO_DEFAULT_PATH)
  if(OPENBLAS_SERIAL_LIBRARY AND OPENBLAS_SERIAL_INCLUDE)
    add_library(OpenBLAS::OpenBLAS UNKNOWN IMPORTED)
    set_target_properties(OpenBLAS::OpenBLAS PROPERTIES
      IMPORTED_LOCATION ${OPENBLAS_SERIAL_LIBRARY}
      INTERFACE_INCLUDE_DIRECTORIES ${OPENBLAS_SERIAL_INCLUDE})
  elseif(TLITE_STATIC_OPENBLAS)
    message(FATAL_ERROR "no static OpenBLAS: libopenblas-serial-dev has one")
  else()
    find_package(PkgConfig REQUIRED)
    pkg_check_modules(OPENBLAS REQUIRED IMPORTED_TARGET openblas)
    add_library(OpenBLAS::OpenBLAS ALIAS PkgConfig::OPENBLAS)
  endif()
endif()
