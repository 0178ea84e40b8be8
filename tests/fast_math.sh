#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# A program that is linked with -ffast-math begins in another floating-point mode: its context says so, once; that of
# other programs says nothing. So does the command-line program where something that is loaded changes the mode.
# Usage: fast_math.sh SOURCE_DIR LIBRARY_DIR [PROGRAM]; CC as the library was built with.
set -u

source=$1
libraries=$2
program=${3:-}
: "${CC:=cc}"
. "$source/tests/scratch.sh"

# says MODE NOTES COMPILER ARGUMENT...
says() {
    expected="$1; $2"
    shift 2
    "$@" -I "$source/include" -o mode -L "$libraries" -Wl,-rpath,"$libraries" -ltileprop >out 2>err &&
        ./mode >out 2>err && [ "$(cat out)" = "$expected" ]
}

consumer=$source/tests/consumer/mode.c
for compiler in $(printf '%s\n' "$CC" gcc clang-16 | sort -u); do
    command -v "$compiler" >/dev/null || continue
    says default 0 "$compiler" -O2 "$consumer"
    result "$compiler: a usual program"
    says "flush-to-zero, denormals-are-zero" 1 "$compiler" -O2 -ffast-math "$consumer" &&
        [ "$(grep -c 'not the default: flush.*-ffast-math' err)" -eq 1 ]
    result "$compiler: one that is linked with -ffast-math"
    "$compiler" -O2 -ffast-math -I "$source/include" -c "$consumer" -o mode.o >out 2>err &&
        says default 0 "$compiler" mode.o
    result "$compiler: one that is only compiled with it"
done

if [ -n "$program" ]; then
    echo '#include <fenv.h>
    __attribute__((constructor)) static void change(void) { fesetround(FE_DOWNWARD); }' >change.c
    $CC -shared -fPIC change.c -o change.so -lm >out 2>err && LD_PRELOAD=./change.so "$program" info >out 2>err &&
        grep -qx 'arithmetic  rounding down' out && [ "$(grep -c '^tileprop: note: .*: rounding down' err)" -eq 1 ]
    result "info shows it"
    LD_PRELOAD=./change.so "$program" info --json >out 2>err && grep -q '"floating_point":"rounding down"' out
    result "so does info --json"
    "$program" info >out 2>err && grep -qx 'arithmetic  default' out && [ ! -s err ]
    result "and the default"
fi

echo "1..$checks"
[ $failures -eq 0 ]
