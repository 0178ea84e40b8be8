#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Compiles, links and runs the programs of the README: in C, which is tests/examples/xor.c without its header, and in
# C++ if CXX is a compiler. The README links every example.
# Usage: readme.sh SOURCE_DIR LIBRARY_DIR; CC, CXX and CFLAGS as the library was built with.
set -eu

source=$1
libraries=$2
: "${CC:=cc}" "${CXX:=c++}" "${CFLAGS:=}"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

# run LANGUAGE FILE COMPILER...: FILE gets the program.
run() {
    language=$1
    file=$2
    shift 2
    sed -n "/^\`\`\`$language\$/,/^\`\`\`\$/p" "$source/README.md" | grep -v '^```' >"$file"
    grep -q 'int main' "$file" || {
        echo "README.md has no program in $language" >&2
        exit 1
    }
    # shellcheck disable=SC2086 # a list of flags
    "$@" $CFLAGS -Wall -Wextra -Wconversion -Wshadow -Werror -I "$source/include" "$file" -o example \
        -L "$libraries" -Xlinker -rpath -Xlinker "$libraries" -ltileprop
    ./example
}

run c example.c "$CC" -Wvla
sed -n '/^#include/,$p' "$source/tests/examples/xor.c" | diff - example.c
if command -v "$CXX" >/dev/null; then
    run cpp example.cpp "$CXX" -std=c++17
else
    echo "SKIPPED: the C++ program of the README: there is no compiler"
fi
for example in "$source"/tests/examples/*.*; do
    name=${example##*/}
    [ "$name" = CMakeLists.txt ] || grep -q "(tests/examples/$name)" "$source/README.md" || {
        echo "README.md does not link $name" >&2
        exit 1
    }
done
