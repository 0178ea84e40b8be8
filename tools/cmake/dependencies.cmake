# SPDX-License-Identifier: BSD-3-Clause
# Finds what tileprop needs, and names the Debian package of what is missing.
include(${CMAKE_CURRENT_LIST_DIR}/libraries.cmake)

function(tp_missing what how)
    message(FATAL_ERROR "tileprop needs ${what}, which was not found. ${how}")
endfunction()

# Formats that need a library which not every system has: on where it is found, but off in programs that are linked with
# -static, because few systems have archives of all that these libraries use in turn. Each also makes a macro for code.
set(TILEPROP_OPTIONAL_MODULES "")
set(TILEPROP_OPTIONAL_TARGETS "")
set(TILEPROP_OPTIONAL_MACROS "")
# tp_optional_library(OPTION MODULE WHAT [FOUND...]): variables of other things that are needed and were looked for.
function(tp_optional_library option module what)
    string(REGEX MATCH "(^| )-static( |$)" archives "${CMAKE_EXE_LINKER_FLAGS}")
    set(found OFF)
    if(PKG_CONFIG_FOUND AND NOT archives)
        pkg_check_modules(${option}_PROBE QUIET ${module})
        if(${option}_PROBE_FOUND)
            set(found ON)
        endif()
    endif()
    foreach(other ${ARGN})
        if(NOT ${other})
            set(found OFF)
        endif()
    endforeach()
    option(${option} "Support ${what}, by ${module}" ${found})
    if(${option})
        string(TOUPPER ${module} name)
        string(MAKE_C_IDENTIFIER TP_HAVE_${name} macro)
        set(TILEPROP_OPTIONAL_MODULES ${TILEPROP_OPTIONAL_MODULES} ${module} PARENT_SCOPE)
        set(TILEPROP_OPTIONAL_TARGETS ${TILEPROP_OPTIONAL_TARGETS} PkgConfig::${name} PARENT_SCOPE)
        set(TILEPROP_OPTIONAL_MACROS ${TILEPROP_OPTIONAL_MACROS} ${macro} PARENT_SCOPE)
    else()
        message(STATUS "${what} are not supported: ${option} is OFF")
    endif()
endfunction()
tp_optional_library(TILEPROP_ZIP libzip "NPZ archives")
tp_optional_library(TILEPROP_HDF5 hdf5 "HDF5 files")
find_program(TILEPROP_PROTOC protoc-c)
find_file(TILEPROP_ONNX_SCHEMA onnx.proto PATH_SUFFIXES onnx)
mark_as_advanced(TILEPROP_PROTOC TILEPROP_ONNX_SCHEMA)
tp_optional_library(TILEPROP_ONNX libprotobuf-c "ONNX files" TILEPROP_PROTOC TILEPROP_ONNX_SCHEMA)
if(TILEPROP_ONNX AND NOT (TILEPROP_PROTOC AND TILEPROP_ONNX_SCHEMA))
    tp_missing("protoc-c and onnx.proto, for TILEPROP_ONNX=ON"
        "On Debian: apt-get install protobuf-c-compiler libonnx-dev")
endif()

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
