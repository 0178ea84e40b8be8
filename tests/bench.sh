#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Tests that bench_gemm works, not how fast anything is: sh tests/bench.sh PATH_TO_BENCH_GEMM PATH_TO_FAKE_OPENBLAS.
# One TAP line per check; fails if any check fails.
set -u
export LC_ALL=C
unset TILEPROP_ISA FAKE

[ $# -eq 2 ] || { echo "usage: $0 PATH_TO_BENCH_GEMM PATH_TO_FAKE_OPENBLAS" >&2; exit 2; }
bench=$(realpath "$1") && fake=$(realpath "$2") || exit 2
. "$(dirname "$0")/tap.sh"
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 2

# exits CODE OPTION...: runs the program into the files out and err.
exits() {
    wanted=$1
    shift
    "$bench" --repeats 3 "$@" >out 2>err
    [ $? -eq "$wanted" ]
}

# refuses FRAGMENT OPTION...
refuses() {
    fragment=$1
    shift
    exits 2 "$@" && grep -qF -e "$fragment" err && [ ! -s out ]
    result "refuses: $fragment"
}

# has KEY COUNT: so many members of this name in the JSON file.
has() {
    [ "$(grep -c "\"$1\":" json)" -eq "$2" ]
}

cat >shapes.txt <<'EOF'
# a comment
cube 16 16 16 0 0
odd  5 7 9 1 1 # another
EOF

exits 0 --shapes shapes.txt --peers '' --json json --cubes cubes && [ ! -s err ]
result "runs without peers"
grep -qE '^cube +16 +16 +16 NN +[0-9.]+ +[0-9.]+ % +[0-9.]+ +-( ~)?$' out && grep -qE '^odd +5 +7 +9 TT ' out &&
    grep -q '^ALL: 2 shapes$' out
result "prints a line for each shape and a summary"
for key in version machine processors isa threads repeats results summary; do
    grep -q "^ \"$key\":" json || echo "no $key" >>err
done
has peak 2 && has tileprop 2 && has samples 4 && has ratio 4 && has of_peak 6 && has transpose_b 2 && has best_peer 2 &&
    [ ! -s err ]
result "the JSON file has the expected members"
! command -v python3 >/dev/null || python3 -c '
import json
run = json.load(open("json"))
odd = run["results"][1]
assert (odd["m"], odd["n"], odd["k"], odd["transpose_a"], odd["transpose_b"]) == (5, 7, 9, True, True)
own = odd["contestants"]["tileprop"]
assert len(own["samples"]) == 3 and sorted(own["samples"])[1] == own["gflops"] > 0
assert abs(own["gflops"] / odd["contestants"]["peak"]["gflops"] - own["of_peak"]) < 1e-4' 2>>err
result "the figures of the JSON file fit together"
[ "$(wc -l <cubes)" -eq 2 ] && grep -qE '^16 [0-9.]+$' cubes
result "the file for plots has the cube"

exits 0 --shapes shapes.txt --isa scalar --peers "openblas=$fake" --json json && [ ! -s err ] && has best_peer 2 &&
    [ "$(grep -c '"best_peer": "openblas"' json)" -eq 2 ] && grep -qF '9.8.7, says that it runs as none' out
result "a peer with right results is compared"
OPENBLAS_CORETYPE=mine exits 0 --shapes shapes.txt --isa scalar --peers "openblas=$fake" && ! grep -qF mine out
result "the environment of the user does not reach a peer"
FAKE=wrong exits 1 --shapes shapes.txt --isa scalar --peers "openblas=$fake" --json json &&
    grep -qF 'openblas differs from tileprop by 0.001' err && [ "$(grep -c WRONG out)" -eq 2 ] &&
    [ "$(grep -c '"best_peer": null' json)" -eq 2 ]
result "a peer with wrong results is not compared"
FAKE=end exits 1 --shapes shapes.txt --isa scalar --peers "openblas=$fake" &&
    [ "$(grep -cF 'the worker of openblas ended' err)" -eq 1 ] && grep -q '^odd ' out
result "a peer that ends is reported and left out"
exits 0 --shapes shapes.txt --peers openblas=/nowhere/libopenblas.so && grep -qF 'openblas is ABSENT' err &&
    grep -qE '^openblas +ABSENT' out
result "an absent peer is reported and left out"
exits 0 --shapes shapes.txt --peers '' --threads 2 && grep -q 'speed-up' out
result "with two threads tileprop is compared with one"
exits 0 --shapes shapes.txt --peers '' --limit 0.000001 && grep -q '^ALL: 1 shapes$' out
result "--limit leaves out large shapes"

echo "short 1 2 3 0" >>shapes.txt
refuses "shapes.txt:4: not 'name M N K transA transB'" --shapes shapes.txt
refuses "nowhere: No such file" --shapes nowhere
refuses "--shapes FILE is missing" --isa scalar
refuses "the names are openblas, blis and onednn" --shapes /dev/null --peers mkl
refuses "scalar" --shapes /dev/null --isa mmx

echo "1..$checks"
[ $failures -eq 0 ] || echo "bench.sh: $failures of $checks checks failed" >&2
[ $failures -eq 0 ]
