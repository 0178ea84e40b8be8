#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Compares the binary interface of the shared library (functions, structs, enums, the soname) with the record in
# tests/abi/tileprop.abi, and says what has changed. After an intended change the record is renewed by
#   sh tests/abi.sh . --renew
# It is of the library as gcc compiles it for x86-64, and built with debug information for abidw.
# Usage: abi.sh SOURCE_DIR [--renew]; CC is the compiler.
set -eu

source=$(cd "$1" && pwd)
record=$source/tests/abi/tileprop.abi
: "${CC:=gcc}"
export CC
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

cmake -S "$source" -B "$scratch" -D CMAKE_BUILD_TYPE=None -D CMAKE_C_FLAGS="-O0 -g -ffile-prefix-map=$source/=" \
    -D BUILD_TESTING=OFF -D TILEPROP_BUILD_TOOLS=OFF -D TILEPROP_BUILD_BENCH=OFF >"$scratch/log"
cmake --build "$scratch" --target tileprop_shared -j 2 >>"$scratch/log"
abidw --headers-dir "$source/include" --drop-private-types --exported-interfaces-only --no-corpus-path --no-show-locs \
    --no-comp-dir-path --no-elf-needed --type-id-style hash --out-file "$scratch/now.abi" "$scratch/src/libtileprop.so"
# abidw must have seen what the header has.
functions=$(grep -c '^TP_API' "$source/include/tileprop/tileprop.h")
[ "$(grep -c '<function-decl' "$scratch/now.abi")" -eq "$functions" ] || {
    echo "abi: abidw found other functions than the header has" >&2
    exit 1
}
if [ "${2:-}" = --renew ]; then
    cp "$scratch/now.abi" "$record"
    exit
fi
abidiff --harmless "$record" "$scratch/now.abi" || {
    echo "abi: the interface is not that of $record; if that is intended: sh tests/abi.sh . --renew" >&2
    exit 1
}
echo "abi: as recorded"
