# SPDX-License-Identifier: BSD-3-Clause
# Headers, libraries, CMake package (find_package(tileprop)) and pkg-config file. All of it can be moved, unless
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
foreach(place INCLUDEDIR LIBDIR)
    string(TOLOWER pc_${place} variable)
    set(${variable} ${CMAKE_INSTALL_${place}})
    if(NOT IS_ABSOLUTE "${${variable}}")
        string(PREPEND ${variable} "\${prefix}/")
    endif()
endforeach()
# By name, not as Requires.private: for that pkg-config would ask for their development packages in any case.
set(places "")
set(names "")
string(TOUPPER "${TILEPROP_OPTIONAL_MODULES}" optional)
foreach(library SLEEF JANSSON LIBMD ZLIB ${optional})
    list(APPEND places ${${library}_STATIC_LIBRARY_DIRS})
    list(TRANSFORM ${library}_STATIC_LIBRARIES PREPEND -l)
    list(APPEND names ${${library}_STATIC_LIBRARIES} ${${library}_STATIC_LDFLAGS_OTHER})
endforeach()
set(known ${CMAKE_C_IMPLICIT_LINK_DIRECTORIES})
if(CMAKE_SYSROOT)
    list(TRANSFORM places REPLACE "^${CMAKE_SYSROOT}" "")
    list(TRANSFORM known REPLACE "^${CMAKE_SYSROOT}" "")
endif()
list(REMOVE_DUPLICATES places)
list(REMOVE_ITEM places ${known})
list(TRANSFORM places PREPEND -L)
string(JOIN " " pc_libs_private "" ${TILEPROP_OPENMP_FLAGS} -Wl,-z,nodelete ${places} ${names} -lm)
set(pc_libs "")
if(NOT TILEPROP_SHARED)
    set(pc_libs "${pc_libs_private}")
    set(pc_libs_private "")
endif()

configure_file(${package_templates}/tileprop.pc.in tileprop.pc @ONLY)
configure_package_config_file(${package_templates}/tileprop-config.cmake.in tileprop-config.cmake
                              INSTALL_DESTINATION ${package_dir})
# While the major version is 0, a new minor version may change the API.
write_basic_package_version_file(tileprop-config-version.cmake COMPATIBILITY SameMinorVersion)

# Each library in files of its own, so that it can be installed alone; what its users build with is in the component
# development.
function(tp_install_library name component development)
    install(TARGETS tileprop_${name} EXPORT tileprop-${name}-targets
            LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT ${component} NAMELINK_COMPONENT ${development}
            ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT ${component}
            INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
    install(EXPORT tileprop-${name}-targets NAMESPACE tileprop:: DESTINATION ${package_dir} COMPONENT ${development})
endfunction()

tp_install_library(static development development)
if(TILEPROP_SHARED)
    tp_install_library(shared library development)
endif()
if(TILEPROP_BUILD_MPI)
    tp_install_library(mpi development development)
endif()
if(TILEPROP_BUILD_CBLAS)
    tp_install_library(cblas cblas cblas)
endif()
install(FILES ${PROJECT_BINARY_DIR}/tileprop-config.cmake ${PROJECT_BINARY_DIR}/tileprop-config-version.cmake
        DESTINATION ${package_dir} COMPONENT development)
install(FILES ${package_templates}/libraries.cmake DESTINATION ${package_dir} COMPONENT development
        RENAME tileprop-libraries.cmake)
install(FILES ${PROJECT_BINARY_DIR}/tileprop.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/tileprop DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        COMPONENT development)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT development)
if(TILEPROP_BUILD_TOOLS)
    install(TARGETS tileprop_program RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT program)
    if(TARGET man)
        install(FILES ${PROJECT_BINARY_DIR}/tools/program/tileprop.1
            DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT program)
        install(FILES ${PROJECT_BINARY_DIR}/tools/program/tileprop.bash RENAME tileprop COMPONENT program
                DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/bash-completion/completions)
    endif()
endif()
