# SPDX-License-Identifier: BSD-3-Clause
# Finds what tileprop needs, and names the Debian package of what is missing.

function(tp_missing what package)
    message(FATAL_ERROR "tileprop needs ${what}, which was not found. On Debian: apt-get install ${package}")
endfunction()

# Makes the target PkgConfig::<name> from a pkg-config module.
macro(tp_need name module package)
    pkg_check_modules(${name} QUIET IMPORTED_TARGET GLOBAL ${module})
    if(NOT ${name}_FOUND)
        tp_missing("the library ${module}" ${package})
    endif()
endmacro()

find_package(PkgConfig QUIET)
if(NOT PKG_CONFIG_FOUND)
    tp_missing("pkg-config" "pkg-config")
endif()
tp_need(SLEEF sleef libsleef-dev)
tp_need(JANSSON jansson libjansson-dev)
tp_need(LIBMD libmd libmd-dev)
tp_need(ZLIB zlib zlib1g-dev)
if(PROJECT_IS_TOP_LEVEL AND BUILD_TESTING)
    tp_need(CRITERION criterion "libcriterion-dev (or configure with -DBUILD_TESTING=OFF)")
endif()

find_path(RANDOM123_INCLUDE_DIR Random123/philox.h)
if(NOT RANDOM123_INCLUDE_DIR)
    tp_missing("the header Random123/philox.h" librandom123-dev)
endif()

find_package(OpenMP QUIET COMPONENTS C)
if(NOT OpenMP_C_FOUND)
    tp_missing("a C compiler with OpenMP" "gcc (or libomp-dev for clang)")
endif()
