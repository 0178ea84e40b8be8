# SPDX-License-Identifier: BSD-3-Clause
# Finds what tileprop needs, and names the Debian package of what is missing.
include(${CMAKE_CURRENT_LIST_DIR}/libraries.cmake)

function(tp_missing what how)
    message(FATAL_ERROR "tileprop needs ${what}, which was not found. ${how}")
endfunction()

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
