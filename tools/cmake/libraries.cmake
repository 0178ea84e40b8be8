# SPDX-License-Identifier: BSD-3-Clause
# The libraries that tileprop uses and its static library leaves to the program: also read by the installed package.
find_package(PkgConfig QUIET)

# tp_find_libraries(MISSING [GLOBAL]): makes PkgConfig::SLEEF and so on, or says in the variable what there is not.
# Programs that are linked with -static get archives. TILEPROP_OPTIONAL_MODULES are those that the build has chosen.
function(tp_find_libraries missing)
    set(${missing} "pkg-config" PARENT_SCOPE)
    if(NOT PKG_CONFIG_FOUND)
        return()
    endif()
    string(REGEX MATCH "(^| )-static( |$)" archives "${CMAKE_EXE_LINKER_FLAGS}")
    if(archives)
        set(CMAKE_FIND_LIBRARY_SUFFIXES .a)
    endif()
    foreach(module sleef jansson libmd zlib ${TILEPROP_OPTIONAL_MODULES})
        string(TOUPPER ${module} name)
        pkg_check_modules(${name} QUIET IMPORTED_TARGET ${ARGN} ${module})
        if(NOT ${name}_FOUND)
            set(${missing} "the library ${module}" PARENT_SCOPE)
            return()
        endif()
        get_target_property(files PkgConfig::${name} INTERFACE_LINK_LIBRARIES)
        if(archives AND NOT files MATCHES "^/[^;]*\\.a$")
            set(${missing} "an archive of the library ${module}, because of -static" PARENT_SCOPE)
            return()
        endif()
    endforeach()
    target_link_libraries(PkgConfig::SLEEF INTERFACE m) # behind it, where it is an archive
    set(${missing} "" PARENT_SCOPE)
endfunction()
