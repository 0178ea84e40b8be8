# SPDX-License-Identifier: BSD-3-Clause
# Refuses options with which tileprop would give other bits, wherever they were set: by their names, because some cannot
# be seen otherwise, and by compiling core/arithmetic.h with them, because a compiler may also add its own.

set(configurations ${CMAKE_CONFIGURATION_TYPES})
if(NOT configurations)
    set(configurations ${CMAKE_BUILD_TYPE})
endif()
if(NOT configurations)
    set(configurations None)
endif()

# Fails if the variable holds one of the options, also as an item of a list or inside a generator expression.
function(tp_refuse_names variable)
    string(REGEX REPLACE "[;:,<>\"']" " " words " ${${variable}} ")
    file(STRINGS ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/refused.txt refused REGEX "^-")
    foreach(option IN LISTS refused)
        string(FIND "${words}" " ${option} " place)
        if(NOT place EQUAL -1)
            message(FATAL_ERROR "tileprop refuses ${option}, which ${variable} has: results would have other bits")
        endif()
    endforeach()
endfunction()

# Fails if the compiler, with the options of the configuration and of this directory, does not compile the header.
function(tp_refuse_seen configuration)
    set(CMAKE_TRY_COMPILE_CONFIGURATION "${configuration}")
    set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
    set(source ${PROJECT_BINARY_DIR}/arithmetic.c)
    file(WRITE ${source} "#include \"${PROJECT_SOURCE_DIR}/src/core/arithmetic.h\"\nint tp_arithmetic;\n")
    # -fno-lto, because ar may not know the objects of clang's LTO.
    try_compile(TP_COMPILED ${PROJECT_BINARY_DIR}/arithmetic ${source} COMPILE_DEFINITIONS -fno-lto
        LINK_LIBRARIES tileprop_given_options OUTPUT_VARIABLE output)
    set(compiled ${TP_COMPILED})
    unset(TP_COMPILED CACHE)
    if(NOT compiled)
        message(FATAL_ERROR "tileprop cannot be compiled with the options of ${configuration}:\n${output}")
    endif()
endfunction()

get_directory_property(COMPILE_OPTIONS COMPILE_OPTIONS)
get_directory_property(LINK_OPTIONS LINK_OPTIONS)
tp_refuse_names(COMPILE_OPTIONS)
tp_refuse_names(LINK_OPTIONS)
foreach(kind C EXE_LINKER SHARED_LINKER MODULE_LINKER)
    tp_refuse_names(CMAKE_${kind}_FLAGS)
    foreach(configuration IN LISTS configurations)
        string(TOUPPER "CMAKE_${kind}_FLAGS_${configuration}" variable)
        tp_refuse_names(${variable})
    endforeach()
endforeach()

add_library(tileprop_given_options INTERFACE IMPORTED)
set_property(TARGET tileprop_given_options PROPERTY INTERFACE_COMPILE_OPTIONS "${COMPILE_OPTIONS}")
foreach(configuration IN LISTS configurations)
    tp_refuse_seen("${configuration}")
endforeach()
