#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Looks whether libraries and programs are linked and compiled so that faults of memory are found before they are used:
# addresses of functions are bound at the start and cannot be written after it, the stack cannot be run, functions with
# arrays look after it, and copies are checked.
# Usage: hardening.sh FILE...; READELF.
set -eu

: "${READELF:=readelf}"
failed=0

# expect FILE WHAT OPTION PATTERN
expect() {
    "$READELF" -W "$3" "$1" | grep -qE -e "$4" || {
        echo "${1##*/}: $2" >&2
        failed=1
    }
}

[ $# -gt 0 ]
for file; do
    expect "$file" "functions are not bound at the start" -d '(FLAGS.*BIND_NOW|FLAGS_1.*NOW)'
    expect "$file" "what is bound can be written" -l GNU_RELRO
    expect "$file" "the stack can be run" -l 'GNU_STACK .* RW +0x'
    expect "$file" "functions do not look after their stack" --dyn-syms __stack_chk_fail
    expect "$file" "copies are not checked" --dyn-syms '__[a-z]+_chk'
    echo "${file##*/}: looked at"
done
exit $failed
