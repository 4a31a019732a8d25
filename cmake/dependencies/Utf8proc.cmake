# utf8proc: NFC and general categories.
if(NOT TARGET utf8proc::utf8proc)
  find_package(PkgConfig REQUIRED)
  pkg_check_modules(UTF8PROC REQUIRED IMPORTED_TARGET libutf8proc)
  add_library(utf8proc::utf8proc ALIAS PkgConfig::UTF8PROC)
endif()
