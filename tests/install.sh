#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Installs the library into a temporary prefix, moves it, and builds and runs the consumer project against it: static
# through CMake, shared and static through pkg-config. Also compiles the header as C++.
# Usage: install.sh SOURCE_DIR BUILD_DIR; CC, CXX and CFLAGS as the library was built with.
set -eu

source=$1
build=$2
: "${CC:=cc}" "${CXX:=c++}" "${CFLAGS:=}"
export CC CXX CFLAGS
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

cmake --install "$build" --prefix "$scratch/first" >"$scratch/install.log"
mv "$scratch/first" "$scratch/prefix" # an installed tree must not know its prefix
config=$(find "$scratch/prefix" -name tileprop-config.cmake)
pc=$(find "$scratch/prefix" -name tileprop.pc)
shared=$(find "$scratch/prefix" -name libtileprop.so)
include=$scratch/prefix/include

echo "static, through CMake"
cmake -S "$source/tests/consumer" -B "$scratch/static" -D tileprop_DIR="${config%/*}" >"$scratch/configure.log"
cmake --build "$scratch/static" >"$scratch/build.log"
"$scratch/static/xor"
if ldd "$scratch/static/xor" | grep libtileprop; then
    echo "the static program asks for the shared library" >&2
    exit 1
fi

echo "shared, through pkg-config"
cp -R "$source/tests/consumer" "$scratch/shared"
export PKG_CONFIG_PATH="${pc%/*}"
make -s -C "$scratch/shared" LDFLAGS="-Wl,-rpath,${shared%/*}"
"$scratch/shared/xor"
ldd "$scratch/shared/xor" | grep -q "libtileprop.so.[0-9.]* => $scratch" || {
    echo "the shared program does not use the installed library" >&2
    exit 1
}

echo "static, through pkg-config"
rm "$scratch/shared/xor" "${shared%/*}"/libtileprop.so*
make -s -C "$scratch/shared" PKG_CONFIG="pkg-config --static"
"$scratch/shared/xor"

echo "a plugin, through pkg-config"
# shellcheck disable=SC2046,SC2086 # lists of flags
$CC $CFLAGS -shared -fPIC $(pkg-config --cflags tileprop) "$source/tests/consumer/xor.c" -o "$scratch/plugin.so" \
    $(pkg-config --static --libs tileprop)
readelf -d "$scratch/plugin.so" | grep -q NODELETE || {
    echo "a plugin with the static library could be unloaded while OpenMP's threads live" >&2
    exit 1
}

echo "header, as C++"
echo '#include <tileprop/tileprop.h>
int main() { return *tp_version() == 0; }' >"$scratch/header.cpp"
$CXX -std=c++11 -Wall -Wextra -Wpedantic -Werror -I "$include" -c "$scratch/header.cpp" -o "$scratch/header.o"

if [ -x "$scratch/prefix/bin/tileprop" ]; then
    echo "program"
    "$scratch/prefix/bin/tileprop" info
fi
