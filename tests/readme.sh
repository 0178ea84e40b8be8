#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Compiles, links and runs the C program of the README.
# Usage: readme.sh SOURCE_DIR LIBRARY_DIR; CC and CFLAGS as the library was built with.
set -eu

source=$1
libraries=$2
: "${CC:=cc}" "${CFLAGS:=}"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

sed -n '/^```c$/,/^```$/p' "$source/README.md" | grep -v '^```' >example.c
grep -q 'int main' example.c || {
    echo "README.md has no C program" >&2
    exit 1
}
# shellcheck disable=SC2086 # a list of flags
$CC $CFLAGS -Wall -Wextra -Wconversion -Wshadow -Wvla -Werror -I "$source/include" example.c -o example \
    -L "$libraries" -Xlinker -rpath -Xlinker "$libraries" -ltileprop
./example
