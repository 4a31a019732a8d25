# Install rules, all of the component `tlite`: libraries, headers, find_package(tlite) and pkg-config.
# The shared libraries bring what they use along as they are loaded; only a static link looks for it.
include(CMakePackageConfigHelpers)
set(TLITE_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/tlite)

install(TARGETS tlite tlite_capi EXPORT tliteTargets
        LIBRARY COMPONENT tlite NAMELINK_COMPONENT tlite RUNTIME COMPONENT tlite)
install(TARGETS tlite_static tlite_capi_static EXPORT tliteStaticTargets
        ARCHIVE COMPONENT tlite)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/tlite DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        COMPONENT tlite)
install(FILES ${PROJECT_SOURCE_DIR}/capi/include/tlite.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        COMPONENT tlite)
# For bindings that are not compiled against the header: see docs/c-abi.md.
set(TLITE_ABI_DIR ${CMAKE_INSTALL_DATADIR}/tlite)
install(FILES ${PROJECT_SOURCE_DIR}/capi/abi/tlite_c.json ${PROJECT_SOURCE_DIR}/capi/abi/tlite_c.cdef.h
        DESTINATION ${TLITE_ABI_DIR} COMPONENT tlite)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT tlite)

foreach(set IN ITEMS tliteTargets tliteStaticTargets)
  install(EXPORT ${set} NAMESPACE tlite:: DESTINATION ${TLITE_CMAKE_DIR} COMPONENT tlite)
endforeach()
configure_package_config_file(cmake/tliteConfig.cmake.in ${PROJECT_BINARY_DIR}/tliteConfig.cmake
                              INSTALL_DESTINATION ${TLITE_CMAKE_DIR}
                              NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/tliteConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/tliteConfig.cmake ${PROJECT_BINARY_DIR}/tliteConfigVersion.cmake
        DESTINATION ${TLITE_CMAKE_DIR} COMPONENT tlite)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/cmake/dependencies DESTINATION ${TLITE_CMAKE_DIR}
        COMPONENT tlite)

# Paths relative to the .pc file, so that the prefix can be moved.
set(TLITE_PC_DIR ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH TLITE_PC_TO_PREFIX /prefix/${TLITE_PC_DIR} /prefix)
string(REGEX REPLACE "/$" "" TLITE_PC_TO_PREFIX ${TLITE_PC_TO_PREFIX})
set(TLITE_PC_LIBS_PRIVATE "-ltbb -lre2 -lutf8proc -lsimdjson -lopenblas -lstdc++ -lm -lpthread")
foreach(name IN ITEMS tlite tlite-c)
  configure_file(package/pkg-config/${name}.pc.in ${PROJECT_BINARY_DIR}/${name}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${name}.pc DESTINATION ${TLITE_PC_DIR} COMPONENT tlite)
endforeach()
