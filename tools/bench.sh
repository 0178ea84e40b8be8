#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Measures how fast tileprop is on this machine.
#   sh tools/bench.sh gemm [--quick]   matrix products against OpenBLAS, BLIS and oneDNN, for every instruction set of
#                                      the machine, on one thread and on all; some minutes, with --quick one or two
#   sh tools/bench.sh train [--quick]  training steps and forward passes against the textbook step on OpenBLAS and BLIS,
#                                      oneDNN, PyTorch, scikit-learn and FANN, in the same way; an hour, with --quick a
#                                      quarter of one
#   sh tools/bench.sh tables [--quick] six public tables: what is learnt and the time it takes, against scikit-learn,
#                                      PyTorch and FANN; two minutes
#   sh tools/bench.sh csv [--quick]    reading a CSV file of 500 MB (--quick: 50) against pandas; a minute
#   sh tools/bench.sh scaling [--quick]  steps of MPI processes on hosts that are network namespaces, as root, and what
#                                      follows for 64 nodes; some minutes
# Writes build/bench/NAME-ISA-THREADS.txt, .json, .dat, .svg and .png; NAME is gemm, or train, train-more and inference;
# and build/bench/tables/tables.txt, .json, .dat, .svg and .png, and the same of scaling in
# build/bench.
# Nothing else should run meanwhile.
set -eu

cd "$(dirname "$0")/.."
build=build/bench
failed=0

usage() {
    echo "usage: sh tools/bench.sh gemm|train|tables|csv|scaling [--quick]" >&2
    exit 2
}

# measure gemm|train NAME TITLE ISA THREADS OPTION...: the last option takes the file for plots.
measure() {
    program=$1
    name=$2
    title=$3
    isa=$4
    threads=$5
    shift 5
    out=$build/$name-$isa-$threads
    echo "== $name: $isa, threads: $threads"
    $build/bench/bench_"$program" --isa "$isa" --threads "$threads" --json "$out.json" "$@" "$out.dat" >"$out.txt" ||
        failed=1
    cat "$out.txt"
    [ ! -s "$out.dat" ] || gnuplot -c "bench/$program/$program.gp" "$out.dat" "$title, $isa, threads: $threads" "$out"
}

# gemm_one ISA THREADS: there is nothing to compare the scalar code with, and it is slow.
gemm_one() {
    isa=$1
    threads=$2
    set -- --shapes bench/shapes/table.txt --shapes bench/shapes/cubes.txt
    if [ "$quick" = yes ]; then
        set -- "$@" --repeats 5 --limit 2.5
    else
        set -- "$@" --shapes bench/shapes/mlp.txt --shapes bench/shapes/primes.txt
    fi
    [ "$isa" != scalar ] || set -- "$@" --peers '' --limit 0.1
    measure gemm gemm "Matrix product" "$isa" "$threads" "$@" --cubes
}

# train_one NAME TITLE ISA THREADS OPTION...
train_one() {
    [ "$quick" = no ] || set -- "$@" --seconds 0.4 --repeats 3
    [ "$3" != scalar ] || set -- "$@" --peers '' --net A,B,C,F,G,H
    measure train "$@" --plot
}

train_all() {
    train_one train "Training step" "$@" --nets bench/nets/table.txt
    [ "$quick" = yes ] || [ "$1" = scalar ] || train_one train-more "Training step" "$@" --nets bench/nets/more.txt
    [ "$1" = scalar ] || train_one inference "Forward pass" "$@" --inference --nets bench/nets/inference.txt
}

tables() {
    [ "$quick" = no ] || set -- "$@" --quick
    echo "== tables"
    /usr/bin/python3 bench/tables/tables.py $build/tileprop $build/tables "$@" || failed=1
    cat $build/tables/tables.txt
    gnuplot -c bench/tables/tables.gp $build/tables/tables.dat "Six tables, one thread" $build/tables/tables
}

csv() {
    megabytes=500
    [ "$quick" = no ] || megabytes=50
    echo "== csv"
    sh bench/csv/bench_csv.sh $build/bench/bench_csv $megabytes
}

scaling() {
    epochs=7
    [ "$quick" = no ] || epochs=3
    out=$build/scaling
    echo "== scaling"
    mpicc.openmpi -std=c11 -O2 -I include src/mpi/group.c bench/scaling/train_ranks.c -L $build/src \
        -Wl,-rpath,"$PWD/$build/src" -ltileprop -o $build/train_ranks
    widths="1024 1024 1024 1024"
    # shellcheck disable=SC2086 # numbers
    {
        echo "{\"widths\": [$(echo $widths | tr ' ' ,)], \"parts\": 64}"
        sh bench/scaling/hosts.sh $build/train_ranks 2 64 1024 $epochs $widths
    } >$out.json
    [ "$(wc -l <$out.json)" -gt 1 ] || return 0
    /usr/bin/python3 bench/scaling/model.py $out.json $out >$out.txt || failed=1
    cat $out.txt
}

# for_each_isa FUNCTION: on one thread and on all.
for_each_isa() {
    for usable in $($build/tileprop info | sed -n 's/^usable *//p'); do
        "$1" "$usable" 1
        [ "$(nproc)" -eq 1 ] || "$1" "$usable" "$(nproc)"
    done
}

quick=no
case "$#:$*" in
1:gemm | 1:train | 1:tables | 1:csv | 1:scaling) ;;
"2:gemm --quick" | "2:train --quick" | "2:tables --quick" | "2:csv --quick" | "2:scaling --quick") quick=yes ;;
*) usage ;;
esac
case $1 in
gemm) benchmark='for_each_isa gemm_one' ;;
train) benchmark='for_each_isa train_all' ;;
tables) benchmark=tables ;;
csv | scaling) benchmark=$1 ;;
esac

sh tools/setup.sh bench
cmake --preset release -B $build -D TILEPROP_BUILD_TOOLS=ON -D TILEPROP_BUILD_BENCH=ON -D BUILD_TESTING=OFF >/dev/null
cmake --build $build -j "$(nproc)"
$benchmark
echo "== results are in $build"
exit $failed
