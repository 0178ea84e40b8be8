#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Installs the library into a temporary prefix, moves it, and builds and runs the consumer project against it: shared
# and static, through CMake and pkg-config; the shared library without the development packages of what it uses. Also
# in C++, if CXX is a compiler, and in Fortran, if that was built.
# Usage: install.sh SOURCE_DIR BUILD_DIR; CC, CXX and CFLAGS as the library was built with, CMAKE and PKG_CONFIG others
# than the usual ones.
set -u

source=$1
build=$2
: "${CC:=cc}" "${CXX:=c++}" "${CFLAGS:=}" "${CMAKE:=cmake}" "${PKG_CONFIG:=pkg-config}"
CXXFLAGS=$CFLAGS
export CC CXX CFLAGS CXXFLAGS
. "$source/tests/scratch.sh"

# with_cmake NAME COMPONENT TARGET [CMAKE_OPTION...]: builds the consumer in the directory NAME.
with_cmake() {
    name=$1
    component=$2
    target=$3
    shift 3
    $CMAKE -S "$source/tests/consumer" -B "$name" -D tileprop_DIR="${config%/*}" -D COMPONENT="$component" \
        -D TARGET="$target" "$@" >out 2>err && $CMAKE --build "$name" >>out 2>>err && "$name/xor" >>out 2>>err
}

# with_pkg_config NAME [PKG_CONFIG_OPTION...]
with_pkg_config() {
    cp -R "$source/tests/consumer" "$1"
    name=$1
    shift
    PKG_CONFIG_PATH=${pc%/*} make -s -C "$name" PKG_CONFIG="$PKG_CONFIG $*" LDFLAGS="-Wl,-rpath,$libraries" \
        >out 2>err && "$name/xor" >>out 2>>err
}

# asks_for_ours PROGRAM: the installed shared library, and not the one of the build.
asks_for_ours() {
    ldd "$1" >out && grep -q "libtileprop.so.[0-9.]* => $work/prefix" out
}

$CMAKE --install "$build" --prefix "$work/first" >out 2>err && mv first prefix # which it must not know
result "everything is installed"
config=$(find "$work/prefix" -name tileprop-config.cmake)
pc=$(find "$work/prefix" -name tileprop.pc)
libraries=$(dirname "$(find "$work/prefix" -name libtileprop.so)")
cmp "$source/LICENSE" prefix/share/doc/tileprop/LICENSE >out 2>err
result "with the licence"
! grep -rlIE "$work/first|$build" prefix >out
result "no installed text has the prefix or the build directory in it"

with_cmake static static tileprop_static && ! ldd static/xor | grep libtileprop >out
result "static, through CMake"
with_pkg_config shared && asks_for_ours shared/xor
result "shared, through pkg-config"

# As on a system that has libsleef3 but not libsleef-dev.
mkdir nothing
PKG_CONFIG_LIBDIR=$work/nothing
export PKG_CONFIG_LIBDIR
! "$PKG_CONFIG" --exists sleef
result "the next ones find no development package"
with_pkg_config alone && asks_for_ours alone/xor
result "shared, through pkg-config, needs none"
with_cmake component shared tileprop && asks_for_ours component/xor
result "shared, through CMake, needs none"
with_cmake default "" tileprop -D PKG_CONFIG_EXECUTABLE=no && asks_for_ours default/xor
result "nor pkg-config, nor to be asked for by name"
! with_cmake missing static tileprop_static && tr -s ' \n' ' ' <err | grep -q "tileprop needs the library sleef"
result "static, through CMake, says what it misses"
! with_cmake unknown dynamic tileprop && grep -q 'set tileprop_FOUND to FALSE' err
result "a component that there is not is an error"
unset PKG_CONFIG_LIBDIR
PKG_CONFIG_PATH=${pc%/*}
export PKG_CONFIG_PATH

# with_fortran NAME [CMAKE_OPTION...]
with_fortran() {
    name=$1
    shift
    $CMAKE -S "$source/tests/consumer/fortran" -B "$name" -D tileprop_DIR="${config%/*}" \
        -D EXAMPLE="$source/tests/examples/online.f90" "$@" >out 2>err && $CMAKE --build "$name" >>out 2>>err &&
        "$name/online" >>out 2>>err
}

if [ -e "${config%/*}/tileprop-fortran-targets.cmake" ]; then
    with_fortran modules
    result "Fortran, with the installed modules"
    with_fortran source -D SOURCES="$work/prefix/share/tileprop/fortran"
    result "Fortran, with the installed source"
fi

# with_cpp NAME COMPONENT TARGET
with_cpp() {
    $CMAKE -S "$source/tests/consumer/cpp" -B "$1" -D tileprop_DIR="${config%/*}" -D COMPONENT="$2" -D TARGET="$3" \
        -D EXAMPLE="$source/tests/examples/newton.cpp" >out 2>err && $CMAKE --build "$1" >>out 2>>err &&
        "$1/newton" >>out 2>>err
}

if command -v "$CXX" >/dev/null; then
    with_cpp cpp "" tileprop && asks_for_ours cpp/newton
    result "C++, through CMake"
    with_cpp cpp_static static tileprop_static
    result "C++, with the static library"
    # shellcheck disable=SC2046,SC2086 # lists of flags
    $CXX $CXXFLAGS -std=c++17 $($PKG_CONFIG --cflags tileprop) "$source/tests/examples/newton.cpp" -o newton \
        -Wl,-rpath,"$libraries" $($PKG_CONFIG --libs tileprop) >out 2>err && asks_for_ours newton &&
        ./newton >>out 2>>err
    result "C++, through pkg-config"
    echo '#include <tileprop/tileprop.h>
    int main() { return *tp_version() == 0; }' >header.cpp
    $CXX -std=c++11 -Wall -Wextra -Wpedantic -Werror -I prefix/include -c header.cpp -o header.o >out 2>err
    result "the C header is C++11 as well"
else
    echo "SKIPPED: C++ with the installed library: there is no compiler"
fi

rm "$libraries"/libtileprop.so*
with_pkg_config archive --static
result "static, through pkg-config"

# shellcheck disable=SC2046,SC2086 # lists of flags
$CC $CFLAGS -shared -fPIC $($PKG_CONFIG --cflags tileprop) "$source/tests/consumer/xor.c" -o plugin.so \
    $($PKG_CONFIG --static --libs tileprop) >out 2>err && readelf -d plugin.so >out && grep -q NODELETE out
result "a plugin with the static library stays: OpenMP's threads live on"

if [ -x prefix/bin/tileprop ]; then
    prefix/bin/tileprop info >out 2>err
    result "the program runs"
fi

echo "1..$checks"
[ $failures -eq 0 ]
