# SPDX-License-Identifier: BSD-3-Clause
# Finds what tileprop needs, and names the Debian package of what is missing.
include(${CMAKE_CURRENT_LIST_DIR}/libraries.cmake)

function(tp_missing what how)
    message(FATAL_ERROR "tileprop needs ${what}, which was not found. ${how}")
endfunction()

# Formats that need a library which not every system has: on where it is found, but off in programs that are linked with
# -static, because few systems have archives of all that these libraries use in turn.
set(TILEPROP_OPTIONAL_MODULES "")
set(TILEPROP_OPTIONAL_TARGETS "")
function(tp_optional_library option module what)
    string(REGEX MATCH "(^| )-static( |$)" archives "${CMAKE_EXE_LINKER_FLAGS}")
    set(found OFF)
    if(PKG_CONFIG_FOUND AND NOT archives)
        pkg_check_modules(${option}_PROBE QUIET ${module})
        if(${option}_PROBE_FOUND)
            set(found ON)
        endif()
    endif()
    option(${option} "Read ${what}, by ${module}" ${found})
    if(${option})
        string(TOUPPER ${module} name)
        set(TILEPROP_OPTIONAL_MODULES ${TILEPROP_OPTIONAL_MODULES} ${module} PARENT_SCOPE)
        set(TILEPROP_OPTIONAL_TARGETS ${TILEPROP_OPTIONAL_TARGETS} PkgConfig::${name} PARENT_SCOPE)
    else()
        message(STATUS "${what} cannot be read: ${option} is OFF")
    endif()
endfunction()
tp_optional_library(TILEPROP_ZIP libzip "NPZ archives")
tp_optional_library(TILEPROP_HDF5 hdf5 "HDF5 files")

tp_find_libraries(missing GLOBAL)
if(missing)
    tp_missing("${missing}" "On Debian: apt-get install pkg-config libsleef-dev libjansson-dev libmd-dev zlib1g-dev; \
Debian has no archive of SLEEF, tools/sleef_static.sh builds one")
endif()
if(PROJECT_IS_TOP_LEVEL AND BUILD_TESTING)
    pkg_check_modules(CRITERION QUIET IMPORTED_TARGET criterion)
    if(NOT CRITERION_FOUND)
        tp_missing("the library criterion"
            "On Debian: apt-get install libcriterion-dev (or configure with -DBUILD_TESTING=OFF)")
    endif()
endif()

find_path(RANDOM123_INCLUDE_DIR Random123/philox.h)
if(NOT RANDOM123_INCLUDE_DIR)
    tp_missing("the header Random123/philox.h" "On Debian: apt-get install librandom123-dev")
endif()

# Compiling and linking; empty without OpenMP.
set(TILEPROP_OPENMP_FLAGS "")
if(TILEPROP_OPENMP)
    find_package(OpenMP QUIET COMPONENTS C)
    if(NOT OpenMP_C_FOUND)
        tp_missing("a C compiler with OpenMP"
            "On Debian: apt-get install gcc (or libomp-dev for clang); TILEPROP_OPENMP=OFF does without, on one thread")
    endif()
    set(TILEPROP_OPENMP_FLAGS ${OpenMP_C_FLAGS})
endif()
