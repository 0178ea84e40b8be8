#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Installs what the tests need, builds, and runs every test: gcc, clang, sanitizers, fuzzing, and NEON through qemu. The
# last line is the number of tests. Fails if a test fails or a part that should have run did not; the only part that can
# be left out is NEON, with TILEPROP_SKIP_NEON=1.
#   sh tools/test.sh          some minutes
#   sh tools/test.sh --long   hours: tests that have more to try try it (TILEPROP_TEST_LONG=1), then coverage of src/
#                             (build/coverage/index.html), the functions for every float, and tests/mutate.py
set -eu

cd "$(dirname "$0")/.."
unset TILEPROP_TEST_ISA # every one
passed=0
failed=0
summary=
notes=
began=$(date +%s)

usage() {
    echo "usage: sh tools/test.sh [--long]"
}

note() {
    notes="$notes
NOTE: $1"
}

fail() {
    failed=$((failed + 1))
    note "$1"
}

seconds_since() {
    echo "$(($(date +%s) - $1)) s"
}

# has FEATURE...: every processor feature is in /proc/cpuinfo.
has() {
    for feature; do
        grep -qw "$feature" /proc/cpuinfo || return 1
    done
}

# The instruction sets that a part must have run, best first, as the library names them.
expected_paths() {
    if [ "$1" = neon ] || [ "$(uname -m)" = aarch64 ]; then
        echo "neon scalar"
        return
    fi
    ! has avx512f avx512bw avx512dq avx512vl || printf 'avx512 '
    ! has avx2 fma || printf 'avx2 '
    echo scalar
}

# The same of the ways to multiply bf16.
expected_bf16() {
    if [ "$1" != neon ]; then
        ! has avx512f avx512bw avx512dq avx512vl avx512_bf16 amx_tile amx_bf16 || printf 'amx '
        ! has avx512f avx512bw avx512dq avx512vl avx512_bf16 || printf 'avx512bf16 '
    fi
    expected_paths "$1"
}

# check_part NAME BUILD: every test runs every instruction set that the library says it can use; is that every one of
# the machine, and is the library built as the part is called? Adds what ran to $ran.
check_part() {
    expected=$(expected_paths "$1")
    ran=$(QEMU_LD_PREFIX=$PWD/build/aarch64-root "$2/tileprop" info | sed -n 's/^usable  *//p')
    [ "$ran" = "$expected" ] || fail "$1: ran '$ran', but this machine should run '$expected'"
    expected=$(expected_bf16 "$1")
    bf16=$(QEMU_LD_PREFIX=$PWD/build/aarch64-root "$2/tileprop" info | sed -n 's/^bf16 .*(of \(.*\))$/\1/p')
    [ "$bf16" = "$expected" ] || fail "$1: bf16 by '$bf16', but this machine should do so by '$expected'"
    case $1 in
    asan-ubsan)
        for function in __asan_init __ubsan_handle __assert_fail; do
            if grep -q $function "$2/tests/test_api"; then
                ran="$ran, $function"
            else
                fail "$1: $function is not in the tests: no sanitizer, or no assertions"
            fi
        done
        ;;
    neon) ran="$ran, through qemu" ;;
    esac
}

# Prints how many tests passed and failed, from ctest's log. A Criterion program says how many it ran, a script may
# print TAP, any other program is one test. If ctest failed a program without a failure of its own (a leak, a time-out),
# that is one more.
count_tests() {
    awk '
        function finish() {
            if (!open) return
            if (!ok && !bad) bad = 1
            if (ok && !good) good = 1
            passed += good
            failed += bad
        }
        /^[0-9]+\/[0-9]+ Testing: / { finish(); open = 1; ok = good = bad = 0 }
        /^\[====\] Synthesis: / { gsub(/[^0-9]+/, " "); split($0, n, " "); good += n[2]; bad += n[3] }
        /^ok [0-9]+ / && !/# SKIP/ { good++ }
        /^not ok [0-9]+ / { bad++ }
        /^Test Passed\.$/ { ok = 1 }
        END { finish(); print passed + 0, failed + 0 }
    ' "$1"
}

# LLVM's OpenMP keeps a file for each process, which stays if that is killed, and stops a later one of the same number.
forget_dead_processes() {
    for file in /dev/shm/__KMP_REGISTERED_LIB_*; do
        process=${file#/dev/shm/__KMP_REGISTERED_LIB_}
        [ -d "/proc/${process%%_*}" ] || rm -f "$file"
    done
}

# For the test of static executables, which is left out where there is no source package.
build_static_sleef() {
    sh tools/sleef_static.sh build/sleef-static >build/sleef-static.log 2>&1 && code=0 || code=$?
    [ $code -eq 0 ] || [ $code -eq 3 ] || fail "SLEEF cannot be built as a static library: build/sleef-static.log"
}

# run_part NAME PRESET [CMAKE_OPTION...]
run_part() {
    forget_dead_processes
    name=$1
    build=build/test/$1
    preset=$2
    shift 2
    start=$(date +%s)
    echo "== $name: building"
    mkdir -p "$build"
    cmake --preset "$preset" -B "$build" -D TILEPROP_WERROR=ON -D BUILD_TESTING=ON \
        -D TILEPROP_BUILD_CBLAS=ON -D TILEPROP_TEST_TIMEOUT=$timeout "$@" >"$build/configure.log"
    cmake --build "$build" -j "$(nproc)"
    echo "== $name: testing"
    log=$build/Testing/Temporary/LastTest.log
    rm -f "$log"
    ctest --test-dir "$build" --output-on-failure --no-tests=error && complete=yes || complete=no
    # shellcheck disable=SC2046 # two numbers
    set -- $(count_tests "$log")
    if [ "$complete" = no ] && [ "$2" -eq 0 ]; then
        set -- "$1" 1
    fi
    reduced=$(sed -n 's/^-- REDUCED: //p' "$build/configure.log")
    [ -z "$reduced" ] || note "$name: $reduced"
    skipped=$(grep 'SKIPPED' "$log" || true)
    [ -z "$skipped" ] || note "$name: $skipped"
    passed=$((passed + $1))
    failed=$((failed + $2))
    if [ $(($1 + $2)) -eq 0 ]; then
        echo "== $name: no test ran" >&2
        exit 1
    fi
    grep '^summary: ' "$log" || true
    check_part "$name" "$build"
    summary="$summary
$name: $1 passed, $2 failed, $(seconds_since "$start"); $ran"
    echo "== $name: $1 passed, $2 failed, $(seconds_since "$start")"
}

# run_check NAME COMMAND...: one test more. Its last line is for the summary.
run_check() {
    name=$1
    shift
    start=$(date +%s)
    log=build/test/$name.log
    echo "== $name: $*"
    if "$@" >"$log" 2>&1; then
        passed=$((passed + 1))
        verdict=passed
    else
        fail "$name failed: $log"
        verdict=failed
    fi
    tail -n 20 "$log"
    summary="$summary
$name: $verdict, $(seconds_since "$start"); $(tail -n 1 "$log")"
}

long=no
timeout=1200
case ${1:-} in
'') ;;
--long)
    long=yes
    timeout=14400
    export TILEPROP_TEST_LONG=1
    ;;
--help)
    usage
    exit 0
    ;;
*)
    echo "test: unknown argument '$1'" >&2
    usage >&2
    exit 2
    ;;
esac
if [ $# -gt 1 ]; then
    usage >&2
    exit 2
fi
if [ $long = yes ]; then
    sh tools/setup.sh long
else
    sh tools/setup.sh test
fi
# A locale with a decimal comma, for the tests of what it must not change.
mkdir -p build/locale
localedef -i de_DE -f UTF-8 build/locale/de_DE.UTF-8
LOCPATH=$PWD/build/locale
export LOCPATH
LSAN_OPTIONS=suppressions=$PWD/tests/leaks.txt:print_suppressions=0
export LSAN_OPTIONS
CTEST_PARALLEL_LEVEL=$(nproc)
export CTEST_PARALLEL_LEVEL
build_static_sleef
run_part gcc release -D TILEPROP_BUILD_FORTRAN=ON
run_part clang release -D CMAKE_C_COMPILER=clang-16
run_part asan-ubsan asan-ubsan
run_part tsan tsan
run_part msan msan
unset LOCPATH # where clang has no symbolizer, a leak of glibc's (tests/leaks.txt) has no name
run_part fuzz fuzz
export LOCPATH="$PWD/build/locale"
unset TILEPROP_TEST_LONG # qemu, counters and mutants would make days of hours
if [ "$(uname -m)" = aarch64 ]; then
    note "this is an arm64 machine: the parts above ran the NEON path; the x86-64 paths did NOT run"
elif [ "${TILEPROP_SKIP_NEON:-}" = 1 ]; then
    note "the NEON path did NOT run, because TILEPROP_SKIP_NEON=1"
else
    run_part neon aarch64
    run_check reproduced-on-arm64 env QEMU_LD_PREFIX="$PWD/build/aarch64-root" sh tests/reproduce_elsewhere.sh "$PWD" \
        "$PWD/build/test/gcc/tileprop" "$PWD/build/test/neon/tileprop"
fi
if [ "$(uname -m)" = x86_64 ] && ! has avx512f avx512bw avx512dq avx512vl; then
    note "this machine has no AVX-512: that path did NOT run"
fi
if [ "$(uname -m)" = x86_64 ] && ! has avx512_bf16; then
    note "this machine has no AVX512_BF16: bf16 by VDPBF16PS did NOT run"
fi
if [ "$(uname -m)" = x86_64 ] && ! has amx_tile amx_bf16; then
    note "this machine has no AMX: bf16 by tile registers did NOT run"
fi
if [ $long = yes ]; then
    find build/test -name '*.gcda' -delete
    run_part coverage coverage
    run_check coverage-of-src sh tools/coverage.sh build/test/coverage
    run_check ulp build/test/gcc/tests/ulp --full
    run_check mutants python3 tests/mutate.py build/mutants
fi

echo "$notes"
echo "$summary"
echo "took $(seconds_since "$began")"
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
