# SPDX-License-Identifier: BSD-3-Clause
# Debian packages, by cpack in the build directory: the shared library, what developers need, and the program. Their
# libraries lie in /usr/lib, or, configured with CMAKE_INSTALL_PREFIX=/usr, in the directory of the architecture.
set(CPACK_GENERATOR DEB)
# For packages of one's own: cpack -D CPACK_PACKAGE_CONTACT="...".
set(CPACK_PACKAGE_CONTACT "tileprop developers <tileprop@localhost>")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_COMPONENTS_ALL "")

# tp_add_package(COMPONENT NAME SECTION DESCRIPTION): each has the licence where Debian looks for it.
function(tp_add_package component name section description)
    string(TOUPPER ${component} key)
    set(CPACK_DEBIAN_${key}_PACKAGE_NAME ${name} PARENT_SCOPE)
    set(CPACK_DEBIAN_${key}_PACKAGE_SECTION ${section} PARENT_SCOPE)
    set(CPACK_COMPONENT_${key}_DESCRIPTION "${description}" PARENT_SCOPE)
    set(CPACK_COMPONENTS_ALL ${CPACK_COMPONENTS_ALL} ${component} PARENT_SCOPE)
    install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/doc/${name}
            RENAME copyright COMPONENT ${component} EXCLUDE_FROM_ALL)
endfunction()

tp_add_package(development libtileprop-dev libdevel "Headers, static library, and files for CMake and pkg-config.")
# For the static library.
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SUGGESTS
    "libsleef-dev, libjansson-dev, libmd-dev, zlib1g-dev, libzip-dev, libhdf5-dev, libprotobuf-c-dev")
if(TILEPROP_SHARED)
    set(library libtileprop${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
    tp_add_package(library ${library} libs "The shared library.")
    set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "${library} (= ${PROJECT_VERSION})")
endif()
if(TILEPROP_BUILD_CBLAS)
    tp_add_package(cblas libtileprop-cblas libs "A library that has cblas_sgemm.")
endif()
if(TILEPROP_BUILD_TOOLS)
    tp_add_package(program tileprop math "The command-line program.")
endif()
include(CPack)
