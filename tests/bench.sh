#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Tests that the benchmarks work, not how fast anything is: sh tests/bench.sh PATH_TO_BENCH_GEMM PATH_TO_FAKE_OPENBLAS.
# bench_train is expected beside bench_gemm.
# One TAP line per check; fails if any check fails.
set -u
export LC_ALL=C
unset TILEPROP_ISA FAKE

[ $# -eq 2 ] || { echo "usage: $0 PATH_TO_BENCH_GEMM PATH_TO_FAKE_OPENBLAS" >&2; exit 2; }
bench=$(realpath "$1") && train=$(realpath "$(dirname "$1")/bench_train") && fake_path=$(realpath "$2") || exit 2
source=$(realpath "$(dirname "$0")/..") || exit 2
. "$source/tests/scratch.sh"
fake=./fake.so # --peers is split at commas
ln -s "$fake_path" $fake || exit 2

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

# ------------------------------------------------------------------------------------------------------- bench_train

bench=$train

# trains CODE OPTION...: exits, with short times.
trains() {
    wanted=$1
    shift
    exits "$wanted" --seconds 0.01 "$@"
}

cat >nets.txt <<'EOF'
# a comment
small  4 adam 3 5 3
line   1 sgd 1 2 # another
binary 8 sgd 4 6 6 1
EOF

trains 0 --nets nets.txt --peers '' --json json --plot plot && [ ! -s err ]
result "train: runs without peers"
grep -qE '^small +3-5-3 +4 adam +[0-9.]+ +[0-9.]+ +[0-9.]+ % +[0-9.]+ +-( ~)?$' out &&
    grep -qE '^line +1-2 +1 sgd ' out && grep -q '^ALL: 3 nets$' out &&
    [ "$(grep -cE '^(small|line|binary) ' out)" -eq 9 ] && grep -qE '^net +data +forward ' out
result "train: prints a line for each net, what it spends its time on, and its memory"
for key in version machine processors isa threads repeats seconds inference results; do
    grep -q "^ \"$key\":" json || echo "no $key" >>err
done
has peak 3 && has tileprop 3 && has samples 6 && has samples_per_second 3 && has memory 3 && has workspace 3 &&
    has widths 3 && has best_peer 3 && [ ! -s err ]
result "train: the JSON file has the expected members"
! command -v python3 >/dev/null || python3 -c '
import json
run = json.load(open("json"))
net = run["results"][2]
assert (net["name"], net["batch"], net["optimizer"], net["widths"]) == ("binary", 8, "sgd", [4, 6, 6, 1])
assert net["flops_per_sample"] == 4 * 24 + 6 * 36 + 6 * 6
assert net["sizes"]["parameters"] == 4 * (4 * 6 + 6 + 6 * 6 + 6 + 6 + 1)
own = net["contestants"]["tileprop"]
assert len(own["samples"]) == 3 and sorted(own["samples"])[1] == own["gflops"] > 0
assert abs(own["samples_per_second"] * net["flops_per_sample"] / own["gflops"] / 1e9 - 1) < 1e-4
assert abs(own["microseconds_per_batch"] * own["samples_per_second"] / 8e6 - 1) < 1e-4
assert 0 < own["check_loss"] < 2
phases = net["phases"]
assert all(phases[name] > 0 for name in ("data", "forward", "loss", "backward", "update"))
assert phases["barrier"] is None
adam = run["results"][0]["sizes"]
assert adam["optimizer"] >= 2 * adam["parameters"] and adam["trainer"] > adam["workspace"]' 2>>err
result "train: the figures of the JSON file fit together"
[ "$(wc -l <plot)" -eq 4 ] && grep -qE '^small [0-9.]+$' plot
result "train: the file for plots has the nets"

trains 0 --nets nets.txt --isa scalar --parts 2 --peers "openblas=$fake" --json json && [ ! -s err ] &&
    grep -q '"parts": 2' json &&
    [ "$(grep -c '"best_peer": "openblas"' json)" -eq 3 ] && grep -qF '9.8.7, says that it runs as none' out
result "train: the textbook step of every net has the loss of tileprop"
FAKE=wrong trains 1 --nets nets.txt --net line --isa scalar --peers "openblas=$fake" --json json &&
    grep -qF 'line: openblas differs from tileprop by 0.00' err && [ "$(grep -c WRONG out)" -eq 1 ] &&
    grep -q '"best_peer": null' json
result "train: a peer with wrong results is not compared"
FAKE=end trains 1 --nets nets.txt --isa scalar --peers "openblas=$fake" &&
    grep -qF 'the worker of openblas ended' err && grep -q '^binary ' out
result "train: a peer that ends is reported and left out"
trains 0 --nets nets.txt --net line --peers 'openblas=/nowhere/libopenblas.so,torch=/nowhere/python3' &&
    grep -qF 'openblas is ABSENT' err && grep -qE '^openblas +ABSENT' out && grep -qE '^torch +ABSENT' out
result "train: absent peers are reported and left out"
trains 0 --nets nets.txt --net line --peers '' --threads 2 && grep -q 'speed-up' out
result "train: with two threads tileprop is compared with one"
trains 0 --nets nets.txt --net small,binary --peers '' && grep -q '^ALL: 2 nets$' out && ! grep -q '^line ' out
result "train: --net chooses nets"
trains 0 --nets nets.txt --net small --isa scalar --inference --peers "openblas=$fake" --json json && [ ! -s err ] &&
    grep -q 'microseconds of a batch' out && grep -q '"flops_per_sample": 60' json &&
    grep -q '"best_peer": "openblas"' json
result "train: --inference measures forward passes, with equal results"

# Whether Python has a module; there is nothing to test without it.
has_module() {
    [ -x /usr/bin/python3 ] && /usr/bin/python3 -c "import $1" 2>/dev/null
}

for peer in torch sklearn; do
    if has_module $peer; then
        trains 0 --nets nets.txt --net small,binary --peers $peer --json json && ! grep -qE 'ABSENT|WRONG' out &&
            [ "$(grep -c "\"best_peer\": \"$peer\"" json)" -eq 2 ]
        result "train: $peer has the loss of tileprop"
    fi
done
if [ -f "$(dirname "$bench")/train_onednn.so" ]; then
    trains 0 --nets nets.txt --net line,binary --peers onednn --json json && ! grep -qE 'ABSENT|WRONG' out &&
        [ "$(grep -c '"best_peer": "onednn"' json)" -eq 2 ]
    result "train: onednn has the loss of tileprop"
fi

echo "short 1 sgd 3" >>nets.txt
refuses "nets.txt:5: not 'name batch sgd|adam inputs width...'" --nets nets.txt
printf 'none 0 sgd 3 3\n' >none.txt
refuses "none.txt:1: not 'name batch" --nets none.txt
printf 'rule 1 adagrad 3 3\n' >rule.txt
refuses "rule.txt:1: not 'name batch" --nets rule.txt
refuses "nowhere: No such file" --nets nowhere
refuses "no network has such a name" --net Z
refuses "the names are openblas, blis, onednn, torch, sklearn and fann" --peers mkl
refuses "--seconds needs a positive number" --seconds 0
refuses "--parts needs a power of two" --parts 6
refuses "scalar" --isa mmx
refuses "unexpected argument" A

echo "1..$checks"
[ $failures -eq 0 ] || echo "bench.sh: $failures of $checks checks failed" >&2
[ $failures -eq 0 ]
