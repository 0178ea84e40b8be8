#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Measures how fast tileprop is on this machine.
#   sh tools/bench.sh gemm [--quick]   matrix products against OpenBLAS, BLIS and oneDNN, for every instruction set of
#                                      the machine, on one thread and on all; some minutes, with --quick one or two
# Writes build/bench/gemm-ISA-THREADS.txt, .json, .svg and .png. Nothing else should run meanwhile.
set -eu

cd "$(dirname "$0")/.."
build=build/bench
failed=0

usage() {
    echo "usage: sh tools/bench.sh gemm [--quick]" >&2
    exit 2
}

# gemm_one ISA THREADS: there is nothing to compare the scalar code with, and it is slow.
gemm_one() {
    isa=$1
    threads=$2
    out=$build/gemm-$isa-$threads
    set -- --shapes bench/shapes/table.txt --shapes bench/shapes/cubes.txt
    if [ "$quick" = yes ]; then
        set -- "$@" --repeats 5 --limit 2.5
    else
        set -- "$@" --shapes bench/shapes/mlp.txt --shapes bench/shapes/primes.txt
    fi
    [ "$isa" != scalar ] || set -- "$@" --peers '' --limit 0.1
    echo "== gemm: $isa, threads: $threads"
    status=0
    $build/bench/bench_gemm --isa "$isa" --threads "$threads" "$@" --json "$out.json" --cubes "$out.dat" >"$out.txt" ||
        status=$?
    cat "$out.txt"
    [ $status -eq 0 ] || failed=1
    [ ! -s "$out.dat" ] || gnuplot -c bench/gemm.gp "$out.dat" "Matrix product, $isa, threads: $threads" "$out"
}

bench_gemm() {
    for isa in $($build/tileprop info | sed -n 's/^usable *//p'); do
        gemm_one "$isa" 1
        [ "$(nproc)" -eq 1 ] || gemm_one "$isa" "$(nproc)"
    done
}

quick=no
case "$#:$*" in
1:gemm) ;;
"2:gemm --quick") quick=yes ;;
*) usage ;;
esac

sh tools/setup.sh bench
cmake --preset release -B $build -D TILEPROP_BUILD_TOOLS=ON -D TILEPROP_BUILD_BENCH=ON -D BUILD_TESTING=OFF >/dev/null
cmake --build $build -j "$(nproc)"
bench_gemm
echo "== results are in $build"
exit $failed
