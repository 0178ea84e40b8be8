#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Builds tileprop inside another project through FetchContent, with BUILD_SHARED_LIBS=OFF: there is only the static
# library then, and what is installed gives that one to everybody. Results have the bits of the library built alone.
# Usage: subproject.sh SOURCE_DIR LIBRARY_DIR; CC as the library in LIBRARY_DIR was built with, CMAKE another than the
# usual one.
set -u

source=$1
libraries=$2
: "${CC:=cc}" "${CMAKE:=cmake}"
export CC
. "$source/tests/scratch.sh"

# same_bits PROGRAM: trains the same model, without a shared library of ours.
same_bits() {
    "$1" "$1.model" >out 2>err && cmp "$1.model" expected.model >>out 2>>err && ! ldd "$1" | grep tileprop >>out
}

$CC -I "$source/include" "$source/tests/consumer/xor.c" -o expected -L "$libraries" -Wl,-rpath,"$libraries" \
    -ltileprop >out 2>err && ./expected expected.model >>out 2>>err
result "the library that was built alone trains a model to compare with"

$CMAKE -S "$source/tests/subproject" -B build -D TILEPROP_DIR="$source" -D BUILD_SHARED_LIBS=OFF \
    -D TILEPROP_INSTALL=ON -D CMAKE_BUILD_TYPE=Release >out 2>err && $CMAKE --build build -j 2 >>out 2>>err
result "it is built by FetchContent from a directory"
! find build -name 'libtileprop*' | grep -v '\.a$' >out
result "BUILD_SHARED_LIBS=OFF builds the static library alone"
same_bits build/xor
result "tileprop::tileprop is the static library"
$CMAKE --install build --prefix "$work/prefix" >out 2>err
result "the project installs it"

config=$(find "$work/prefix" -name tileprop-config.cmake)
$CMAKE -S "$source/tests/consumer" -B package -D tileprop_DIR="${config%/*}" -D TARGET=tileprop >out 2>err &&
    $CMAKE --build package >>out 2>>err && same_bits package/xor
result "find_package gives it as tileprop::tileprop"
cp -R "$source/tests/consumer" make
pc=$(find "$work/prefix" -name tileprop.pc)
PKG_CONFIG_PATH=${pc%/*} make -s -C make >out 2>err && same_bits make/xor
result "pkg-config gives it without --static"

$CMAKE -S "$source" -B refused -D BUILD_TESTING=OFF -D CMAKE_EXE_LINKER_FLAGS=-static >out 2>err
[ $? -ne 0 ] && grep -q "BUILD_SHARED_LIBS=OFF" err
result "-static without BUILD_SHARED_LIBS=OFF is an error"

echo "1..$checks"
[ $failures -eq 0 ]
