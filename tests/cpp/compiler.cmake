# SPDX-License-Identifier: BSD-3-Clause
# Enables C++ for the tests, with the compiler that goes with the one for C and its flags, which may be of sanitizers.
# Without a compiler CMAKE_CXX_COMPILER is false. tileprop itself is C.
if(CMAKE_CXX_COMPILER)
    # as was asked for
elseif(CMAKE_CROSSCOMPILING)
    set(CMAKE_CXX_COMPILER NOTFOUND)
elseif(CMAKE_C_COMPILER_ID STREQUAL "Clang" AND NOT DEFINED ENV{CXX})
    string(REGEX REPLACE "clang([^/]*)$" "clang++\\1" name "${CMAKE_C_COMPILER}")
    find_program(CMAKE_CXX_COMPILER NAMES "${name}")
endif()
include(CheckLanguage)
check_language(CXX)
if(CMAKE_CXX_COMPILER)
    if(NOT CMAKE_CXX_FLAGS)
        set(CMAKE_CXX_FLAGS "${CMAKE_C_FLAGS}")
    endif()
    enable_language(CXX)
else()
    message(STATUS "No C++ compiler: tileprop.hpp is not tested")
endif()
