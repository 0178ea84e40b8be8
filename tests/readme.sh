#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The C program of the README is tests/examples/xor.c without its header; compiles, links and runs it. The README links
# every example.
# Usage: readme.sh SOURCE_DIR LIBRARY_DIR; CC and CFLAGS as the library was built with.
set -eu

source=$1
libraries=$2
: "${CC:=cc}" "${CFLAGS:=}"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

sed -n '/^```c$/,/^```$/p' "$source/README.md" | grep -v '^```' >example.c
sed -n '/^#include/,$p' "$source/tests/examples/xor.c" >expected.c
grep -q 'int main' expected.c
diff expected.c example.c
# shellcheck disable=SC2086 # a list of flags
$CC $CFLAGS -Wall -Wextra -Wconversion -Wshadow -Wvla -Werror -I "$source/include" example.c -o example \
    -L "$libraries" -Xlinker -rpath -Xlinker "$libraries" -ltileprop
./example
for example in "$source"/tests/examples/*.*; do
    name=${example##*/}
    [ "$name" = CMakeLists.txt ] || grep -q "(tests/examples/$name)" "$source/README.md" || {
        echo "README.md does not link $name" >&2
        exit 1
    }
done
