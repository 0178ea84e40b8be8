#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Tests that the command-line program loses no finished work, however it is stopped: sh tests/cli_signals.sh
# PATH_TO_TILEPROP.
. "$(dirname "$0")/cli_lib.sh"

# start [SHELL COMMANDS]: trains for ever in the background, after SHELL COMMANDS; returns when an epoch is done.
start() {
    rm -f log stopped
    env --default-signal=INT,HUP sh -c "$1"' exec "$@"' sh "$tileprop" train $small --epochs 4000000 --out stopped \
        --log log --json >out 2>err &
    pid=$!
    wait_for [ -s log ]
}

# stops SIGNALS CODE NUMBER [SHELL COMMANDS]: what the first signal that counts does. (Of two kinds that come at once
# the kernel chooses the first.)
stops() {
    start "${4:-}"
    for signal in $1; do
        kill -"$signal" $pid 2>/dev/null
    done
    wait $pid
    [ $? -eq "$2" ] && one_object out && json signal out "x == $3" && is_model stopped && no_leftovers
    result "${4:+$4 }$1: stops after the step, saves and exits $2"
}

stops INT 130 2
stops TERM 143 15
stops HUP 129 1
stops "TERM TERM TERM" 143 15
stops "HUP HUP HUP" 129 1
stops "INT INT INT" 130 2
stops "INT TERM" 143 15 'trap "" INT;'
stops "HUP TERM" 143 15 'trap "" HUP;'

# ----------------------------------------------------------------------------------------------- the second interrupt

# hold: a run that is stuck in writing its log to a pipe that nobody reads.
hold() {
    rm -f log stopped
    mkfifo log
    # shellcheck disable=SC2217 # it holds the pipe open
    sleep 100 <log &
    reader=$!
    env --default-signal=INT "$tileprop" train $small --epochs 4000000 --out stopped --log log --quiet >out 2>err &
    pid=$!
    wait_for is_waiting $pid
}

# release: the reader reads; reaps both.
release() {
    cat log >/dev/null &
    cat=$!
    sleep 0.3 # it has opened the pipe, which must not be without a reader
    kill $reader
    wait $reader 2>/dev/null
    wait $pid
    code=$?
    wait $cat
    rm -f log
}

hold
for signal in TERM TERM HUP HUP TERM; do
    kill -$signal $pid
    sleep 0.2
done
kill -0 $pid
result "SIGTERM and SIGHUP kill no run, however often they come"
release
[ $code -eq 143 ] && grep -q '^stopped     by signal 15 ' out && is_model stopped && no_leftovers
result "and it is saved"
hold
kill -INT $pid
kill -INT $pid
sleep 0.1
kill -INT $pid
sleep 0.7
kill -0 $pid
result "a SIGINT that comes at once does not kill"
kill -INT $pid
wait $pid 2>/dev/null
[ $? -eq 130 ] && [ ! -s out ] && [ ! -e stopped ]
result "a later one does"
kill $reader
wait $reader 2>/dev/null
rm -f log .tileprop-*

# ------------------------------------------------------------------------------------------------- the program timeout

# timed_out NAME SIGNAL: 124, for timeout waits for the program, whose result and model are there.
timed_out() {
    timeout -s "$2" 0.3 "$tileprop" train $small --epochs 4000000 --out "timed-$1" --json >"out-$1" 2>"err-$1"
    echo $? >"code-$1"
}

for run in 1 2 3 4 5 6 7 8 9 10; do
    signal=$(echo TERM HUP INT TERM INT TERM HUP TERM INT TERM | cut -d ' ' -f $run)
    timed_out "a$run" TERM &
    first=$!
    timed_out "b$run" "$signal" &
    wait $first $!
done
whole=0
for run in a1 a2 a3 a4 a5 a6 a7 a8 a9 a10 b1 b2 b3 b4 b5 b6 b7 b8 b9 b10; do
    cp out-$run out
    cp err-$run err
    if [ "$(cat code-$run)" -eq 124 ] && one_line out && is_model timed-$run; then
        whole=$((whole + 1))
    fi
done
[ $whole -eq 20 ] && no_leftovers
result "20 runs that timeout ended are whole: $whole"

# -------------------------------------------------------------------------------------- while saving, while evaluating

# A model that takes a while to write.
for round in 1 2 3; do
    rm -f large
    "$tileprop" train --data data --hidden 1500,1500 --epochs 1 --batch 400 --out large --json >out 2>err &
    pid=$!
    until [ -n "$(find . -name '.tileprop-*' -size +0)" ] || [ -s large ] || ! kill -0 $pid 2>/dev/null; do
        :
    done
    for signal in TERM HUP INT TERM INT; do
        kill -$signal $pid 2>/dev/null
    done
    wait $pid
    code=$?
    case $code in 0 | 129 | 130 | 143) ;; *) false ;; esac && one_line out && is_model large &&
        no_leftovers
    result "signals while the model is saved, round $round: exit code $code"
done
rm -f large

mkdir slow
cp data/train-* slow
{
    printf "\\000\\000\\010\\003$(be32 60000 8 8)"
    head -c 3840000 /dev/zero
} >slow/t10k-images-idx3-ubyte
{
    printf "\\000\\000\\010\\001$(be32 60000)"
    head -c 60000 /dev/zero
} >slow/t10k-labels-idx1-ubyte
"$tileprop" train --data slow --hidden 1000 --epochs 1 --threads 1 --out evaluated-model --json >out 2>err &
pid=$!
until grep -q 'epoch 1/1' err || ! kill -0 $pid 2>/dev/null; do
    :
done
sleep 0.02
kill -TERM $pid && kill -TERM $pid && kill -HUP $pid
wait $pid
code=$?
{ [ $code -eq 143 ] || [ $code -eq 129 ]; } && one_line out && json signal out 'x == 0' &&
    json test_loss out 'x > 0' && is_model evaluated-model
result "signals while the test set is evaluated"

# At any time: a result only with its model, no model without its result, and nothing else.
consistent=0
for round in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    rm -f any out
    "$tileprop" train $small --epochs 20 --out any --json >out 2>err &
    pid=$!
    sleep "0.0$((round * 2 + 8))"
    kill -TERM $pid 2>/dev/null
    wait $pid
    code=$?
    if no_leftovers && if [ -s out ]; then
        { [ $code -eq 143 ] || [ $code -eq 0 ]; } && one_line out && is_model any
    else
        [ $code -eq 143 ] && [ ! -e any ]
    fi; then
        consistent=$((consistent + 1))
    fi
done
[ $consistent -eq 20 ]
result "20 runs that SIGTERM ended at any time are whole or did not begin: $consistent"

# A prediction that is stopped leaves the old file.
"$tileprop" train --data data --hidden 500,500 --epochs 1 --out wide >out 2>err
cp slow/t10k-images-idx3-ubyte many
echo old >predicted
"$tileprop" predict --model wide --input many --threads 1 --output predicted >out 2>err &
pid=$!
until [ -n "$(find . -name '.tileprop-*')" ] || ! kill -0 $pid 2>/dev/null; do
    :
done
kill -TERM $pid
wait $pid
[ $? -eq 143 ] && [ "$(cat predicted)" = old ] && no_leftovers
result "a prediction that is stopped leaves the old file"

# ------------------------------------------------------------------------------------------------------ closed streams

rm -f stopped
{
    "$tileprop" train $small --epochs 2000 --out stopped 2>&1 >out
    echo $? >code
} | head -n 1 >/dev/null
[ "$(cat code)" -eq 0 ] && grep -q '^test ' out && is_model stopped
result "a closed progress stream stops the progress alone"
rm -f stopped
{
    sleep 0.2
    "$tileprop" train $small --epochs 2 --out stopped 2>err
    echo $? >code
} | true
[ "$(cat code)" -eq 1 ] && grep -q 'cannot write standard output: Broken pipe' err && is_model stopped
result "a closed standard output is an error at the end"

# quiet_log: every line of the log is an object.
quiet_log() {
    [ -s log ] && ! grep -qv '^{.*}$' log
}

rm -f log
"$tileprop" train $small --epochs 3 --log log >out 2>&-
[ $? -eq 0 ] && quiet_log && grep -q '^test ' out
result "the log does not become standard error"
rm -f log
"$tileprop" train $small --epochs 3 --log log --out stopped <&- >&- 2>&-
[ $? -eq 1 ] && quiet_log && is_model stopped
result "nor anything else, with all three closed"
gzip -dc data/t10k-images-idx3-ubyte.gz >input
"$tileprop" predict --model stopped --input input --output p >&- 2>&- <&-
[ -s p ] && ! grep -qvE '^[0-3] [0-9.e-]+$' p
result "predict --output with all three closed"
: >out
for subcommand in info "predict --model stopped --input input" "evaluate --model stopped --data data" --version --help \
    "train --help"; do
    "$tileprop" $subcommand >&- 2>err
    [ $? -eq 1 ] && grep -q 'cannot write standard output' err
    result "$subcommand says that standard output is closed"
    "$tileprop" $subcommand <&- >out 2>&-
    [ $? -eq 0 ] && [ -s out ]
    result "$subcommand does without the other two"
done

finish
