#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Installs what the tests need, builds, and runs every test: gcc, clang, sanitizers, fuzzing, and NEON through qemu. The
# last line is the number of tests. Fails if a test fails or a part that should have run did not; the only part that can
# be left out is NEON, with TILEPROP_SKIP_NEON=1.
set -eu

cd "$(dirname "$0")/.."
passed=0
failed=0
notes=

note() {
    notes="$notes
NOTE: $1"
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

# run_part NAME PRESET [CMAKE_OPTION...]
run_part() {
    name=$1
    build=build/test/$1
    preset=$2
    shift 2
    start=$(date +%s)
    echo "== $name: building"
    mkdir -p "$build"
    cmake --preset "$preset" -B "$build" -D TILEPROP_WERROR=ON -D BUILD_TESTING=ON \
        -D TILEPROP_BUILD_CBLAS=ON "$@" >"$build/configure.log"
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
    skipped=$(grep 'SKIPPED' "$log" || true)
    [ -z "$skipped" ] || note "$name: $skipped"
    passed=$((passed + $1))
    failed=$((failed + $2))
    if [ $(($1 + $2)) -eq 0 ]; then
        echo "== $name: no test ran" >&2
        exit 1
    fi
    grep '^summary: ' "$log" || true
    echo "== $name: $1 passed, $2 failed, $(($(date +%s) - start)) s"
}

sh tools/setup.sh test
# A locale with a decimal comma, for the tests of what it must not change.
mkdir -p build/locale
localedef -i de_DE -f UTF-8 build/locale/de_DE.UTF-8
LOCPATH=$PWD/build/locale
export LOCPATH
run_part gcc release
run_part clang release -D CMAKE_C_COMPILER=clang-16
run_part asan-ubsan asan-ubsan
run_part tsan tsan
run_part msan msan
CTEST_PARALLEL_LEVEL=$(nproc)
export CTEST_PARALLEL_LEVEL
run_part fuzz fuzz
unset CTEST_PARALLEL_LEVEL
if [ "$(uname -m)" = aarch64 ]; then
    note "this is an arm64 machine: the parts above ran the NEON path; the x86-64 paths did NOT run"
elif [ "${TILEPROP_SKIP_NEON:-}" = 1 ]; then
    note "the NEON path did NOT run, because TILEPROP_SKIP_NEON=1"
else
    run_part neon aarch64
fi
if [ "$(uname -m)" = x86_64 ] && ! grep -q 'avx512vl' /proc/cpuinfo; then
    note "this machine has no AVX-512: that path did NOT run"
fi

echo "$notes"
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
