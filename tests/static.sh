#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Executables that are linked with -static, which have no use for any shared library: the program, and others through
# CMake and pkg-config. Models have the bits of those trained with the shared library.
# Usage: static.sh SOURCE_DIR LIBRARY_DIR SLEEF_PREFIX; the last is what tools/sleef_static.sh made. CC as the library
# in LIBRARY_DIR was built with.
set -u

source=$1
libraries=$2
sleef=$3
: "${CC:=cc}"
export CC
. "$source/tests/scratch.sh"

# is_static PROGRAM: the kernel alone can start it.
is_static() {
    readelf -l "$1" >out && ! grep -q INTERP out && ! readelf -d "$1" | grep NEEDED >>out
}

same_bits() {
    is_static "$1" && "$1" "$1.model" >>out 2>err && cmp "$1.model" expected.model >>out 2>>err
}

# configure OPTION...
configure() {
    cmake -S "$source" -B build -D CMAKE_BUILD_TYPE=Release -D BUILD_TESTING=OFF -D TILEPROP_BUILD_BENCH=OFF \
        -D BUILD_SHARED_LIBS=OFF -D CMAKE_EXE_LINKER_FLAGS=-static "$@" >out 2>err
}

! configure -D CMAKE_IGNORE_PATH="$sleef/lib" && tr -s ' \n' ' ' <err | grep -q "needs an archive of the library sleef"
result "where SLEEF is a shared library only, CMake says so"
if [ ! -e "$sleef/lib/libsleef.a" ]; then
    echo "SKIPPED: static executables: there is no static SLEEF (tools/sleef_static.sh)"
    echo "1..$checks"
    [ $failures -eq 0 ]
    exit
fi

$CC -I "$source/include" "$source/tests/consumer/xor.c" -o expected -L "$libraries" -Wl,-rpath,"$libraries" \
    -ltileprop >out 2>err && ./expected expected.model >>out 2>>err
result "the shared library trains a model to compare with"
rm -rf build
configure -D CMAKE_PREFIX_PATH="$sleef" && cmake --build build -j 2 >>out 2>>err
result "everything is built"
is_static build/tileprop && build/tileprop info >>out 2>err
result "the program is static, and runs"

cmake --install build --prefix "$work/prefix" >out 2>err && cmake -S "$source/tests/consumer" -B package \
    -D CMAKE_PREFIX_PATH="$work/prefix;$sleef" -D CMAKE_EXE_LINKER_FLAGS=-static -D TARGET=tileprop >>out 2>>err &&
    cmake --build package >>out 2>>err && same_bits package/xor
result "a program is static through CMake, and computes the same bits"
cp -R "$source/tests/consumer" make
PKG_CONFIG_PATH=$work/prefix/lib/pkgconfig make -s -C make LDFLAGS=-static >out 2>err && same_bits make/xor
result "and through pkg-config"

echo "1..$checks"
[ $failures -eq 0 ]
