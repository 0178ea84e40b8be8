#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Checks what the linker sees: an instruction set's object file defines one global symbol, its table; the shared library
# exports the functions of the public header and nothing else; the static library's globals all begin with tp_; the
# library of BLAS names, if there is one, exports these alone; assertions are in builds of type Debug and no others.
# Usage: check_symbols.sh HEADER SHARED STATIC ISA_OBJECT...; NM as the library was built with, CBLAS its path or empty,
# BUILD_TYPE that of CMake.
set -eu

header=$1
shared=$2
static=$3
shift 3
: "${NM:=nm}"
failed=0

fail() {
    echo "$1" >&2
    failed=1
}

# Defined global symbols of the files, without those that a sanitizer adds.
globals() {
    "$NM" --extern-only --defined-only --format=posix "$@" | sed -n 's/ [A-Za-z] .*//p' | grep -v '^__odr_asan' | sort
}

[ $# -gt 0 ] || fail "no object file of an instruction set was given"
for object in "$@"; do
    name=${object##*/}
    name=${name%%.*}
    found=$(globals "$object")
    [ "$found" = "tp_isa_$name" ] || [ "$found" = "tp_bf16_$name" ] ||
        fail "$object defines '$found'; it should define tp_isa_$name alone, or tp_bf16_$name"
done

declared=$(sed -n 's/^TP_API [^(]*[ *]\(tp_[a-z0-9_]*\)(.*/\1/p' "$header" | sort)
[ -n "$declared" ] || fail "no function was found in $header"
exported=$(globals --dynamic "$shared")
[ "$exported" = "$declared" ] || fail "$shared differs from $header:
$(printf '%s\n%s\n' "$declared" "$exported" | sort | uniq -u)"

foreign=$(globals "$static" | grep -v '^tp_' || true)
[ -z "$foreign" ] || fail "$static defines names without the prefix tp_:
$foreign"

# asserts FILE: whether it can fail an assertion.
asserts() {
    "$NM" --format=posix "$1" | grep -q '^__assert_fail[@ ]'
}

for file in "$static" "$shared" ${CBLAS:+"$CBLAS"} "$@"; do
    if [ "${BUILD_TYPE:-}" = Debug ]; then
        asserts "$file" || fail "$file has no assertions; a build of type Debug has"
    elif asserts "$file"; then
        fail "$file has assertions; a build of type '${BUILD_TYPE:-}' has none"
    fi
done

if [ -n "${CBLAS:-}" ]; then
    exported=$(globals --dynamic "$CBLAS" | paste -s -d ' ')
    [ "$exported" = "cblas_sgemm cblas_xerbla" ] || fail "$CBLAS exports '$exported', not the names of CBLAS"
fi

exit $failed
