# SPDX-License-Identifier: BSD-3-Clause
# Header, libraries, CMake package (find_package(tileprop)) and pkg-config file. All of it can be moved, unless
# libraries or headers have an absolute place.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/tileprop)
set(package_templates ${CMAKE_CURRENT_LIST_DIR})
# Where the pkg-config file has an absolute place, that does not tell the prefix.
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
    set(pc_prefix ${CMAKE_INSTALL_PREFIX})
else()
    file(RELATIVE_PATH pc_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
    string(PREPEND pc_prefix "\${pcfiledir}/")
endif()
set(pc_includedir "\${prefix}")
cmake_path(APPEND pc_includedir ${CMAKE_INSTALL_INCLUDEDIR})
set(pc_libdir "\${prefix}")
cmake_path(APPEND pc_libdir ${CMAKE_INSTALL_LIBDIR})

configure_file(${package_templates}/tileprop.pc.in tileprop.pc @ONLY)
configure_package_config_file(${package_templates}/tileprop-config.cmake.in tileprop-config.cmake
                              INSTALL_DESTINATION ${package_dir})
# While the major version is 0, a new minor version may change the API.
write_basic_package_version_file(tileprop-config-version.cmake COMPATIBILITY SameMinorVersion)

install(TARGETS tileprop_shared tileprop_static EXPORT tileprop-targets
        INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT tileprop-targets NAMESPACE tileprop:: DESTINATION ${package_dir})
install(FILES ${PROJECT_BINARY_DIR}/tileprop-config.cmake ${PROJECT_BINARY_DIR}/tileprop-config-version.cmake
        DESTINATION ${package_dir})
install(FILES ${PROJECT_BINARY_DIR}/tileprop.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
if(TILEPROP_BUILD_CBLAS) # in files of its own, so that either component can be installed alone
    install(TARGETS tileprop_cblas EXPORT tileprop-cblas-targets COMPONENT cblas)
    install(EXPORT tileprop-cblas-targets NAMESPACE tileprop:: DESTINATION ${package_dir} COMPONENT cblas)
endif()
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/tileprop DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
if(TILEPROP_BUILD_TOOLS)
    install(TARGETS tileprop_program)
endif()
