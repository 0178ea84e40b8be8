#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Runs that are killed by SIGKILL at pseudo-random moments, half of them while a checkpoint is being saved, and resumed
# each time with another instruction set and number of threads, end with the model and the log, but for times, of runs
# that were not: sh tests/cli_kills.sh PATH_TO_TILEPROP. 200 kills or as many as $TILEPROP_KILLS says; with
# TILEPROP_TEST_LONG=1 50 times as many.
. "$(dirname "$0")/cli_lib.sh"

most=${TILEPROP_KILLS:-200}
[ "${TILEPROP_TEST_LONG:-}" != 1 ] || most=$((most * 50))
isas=$("$tileprop" info | sed -n 's/^usable  *//p')

# flowers COUNT SEED: a table of three kinds that clouds of measurements tell apart.
flowers() {
    awk -v count="$1" -v x="$2" 'function random() {
        x = x * 16807 % 2147483647
        return x / 2147483647
    }
    BEGIN {
        split("setosa versicolor virginica", kind)
        print "sepal_length,sepal_width,petal_length,petal_width,species"
        for (i = 0; i < count; i++) {
            k = int(random() * 3)
            printf "%.1f,%.1f,%.1f,%.1f,%s\n", 5 + 0.7 * k + random(), 3 - 0.2 * k + random(),
                1.4 + 2 * k + random(), 0.2 + 0.9 * k + random(), kind[k + 1]
        }
    }'
}

flowers 150 9 >flowers.csv
common="--data flowers.csv --target species --batch 16 --seed 5 --log run.jsonl --out m.safetensors"

# recipe NUMBER: options of a run of a second or less.
recipe() {
    case $1 in
    0) echo "--hidden 128,64 --epochs 400" ;;
    1) echo "--hidden 200 --epochs 500 --optimizer momentum --lr 0.01 --validation 0.2 --keep best --ema 0.9" ;;
    2) echo "--hidden 96,64 --epochs 500 --dropout 0.2 --validation 0.2 --schedule plateau --patience 400" ;;
    esac
}
recipes=3

# draw LIMIT: a pseudo-random number below it, in $drawn.
state=12345
draw() {
    state=$(((state * 1103515245 + 12345) & 2147483647))
    drawn=$((state / 65536 % $1))
}

# ----------------------------------------------------------------------------------------------- one run after another

# start: the next part of a run in the directory "run".
parts=0
start() {
    parts=$((parts + 1))
    # shellcheck disable=SC2086 # a list of words
    set -- $isas
    threads=$(((parts + parts / $#) % 3 + 1))
    shift $((parts % $#))
    # shellcheck disable=SC2086
    "$tileprop" train $common $options --threads $threads --isa "$1" --resume run --every 7 --keep-checkpoints 3 \
        >out 2>err &
    process=$!
}

# begun: does it train?
begun() {
    while read -r line; do
        case $line in *'going on after step '* | *'this run starts'*) return 0 ;; esac
    done <err
    return 1
}

# saving: is there a file that is not complete?
saving() {
    set -- run/.tileprop-*.tmp
    [ -e "$1" ]
}

# until_so COMMAND: waits for it without a pause, unless the process ends.
until_so() {
    until "$1" || ! kill -0 $process 2>/dev/null; do
        :
    done
}

# Where the next kill hits: as the process starts, or after a while of training; if too few kills have hit saves, in
# the next one.
aim() {
    draw 8
    if [ $drawn -eq 0 ]; then
        draw 40
        sleep 0.0$((drawn + 10))
        return
    fi
    until_so begun
    draw 50
    sleep 0.0$((drawn + 10))
    [ $((saves * 2)) -gt $((kills + kills / 10 + 4)) ] || until_so saving
}

# killed: true if that ended it.
killed() {
    kill -KILL $process 2>/dev/null
    wait $process
    code=$?
    [ $code -eq 137 ] || return 1
    kills=$((kills + 1))
    ! saving || saves=$((saves + 1))
    ! grep -qF 'cannot be read' err || unreadable=$((unreadable + 1))
    ! grep -qF 'going on after step' err || resumed=$((resumed + 1))
}

# differs WHOLE: what the run left that is not as it should be, in $difference. A kill may have come between a new
# checkpoint and the removal of the oldest one.
differs() {
    difference=
    cmp m.safetensors "$1.model" || difference="$difference model"
    same_log run.jsonl "$1.jsonl" || difference="$difference log"
    no_leftovers run || difference="$difference leftovers"
    [ "$(find run -name 'step-*' | wc -l)" -le 4 ] || difference="$difference checkpoints"
    [ -n "$difference" ]
}

# whole_run: one that is killed until it ends, or until there were enough kills.
whole_run() {
    rm -rf run run.jsonl m.safetensors .tileprop-*.tmp
    while [ $kills -lt "$most" ]; do
        start
        aim
        killed || break
    done
    [ $kills -lt "$most" ] || { start && wait $process; code=$?; }
    runs=$((runs + 1))
    [ "$code" -eq 0 ] && ! differs "whole.$recipe"
}

difference=
kills=0 saves=0 unreadable=0 resumed=0 runs=0 recipe=0
while [ $recipe -lt $recipes ]; do
    options=$(recipe $recipe)
    # shellcheck disable=SC2086
    exits 0 train $common $options --threads 1
    result "a run that is not stopped: $options"
    mv m.safetensors whole.$recipe.model
    mv run.jsonl whole.$recipe.jsonl
    recipe=$((recipe + 1))
done

failed=0
while [ $kills -lt "$most" ] && [ $failed -eq 0 ]; do
    recipe=$((runs % recipes))
    options=$(recipe $recipe)
    whole_run 2>/dev/null || failed=1
done
echo "exit code $code, what differs:$difference" >>err
[ $failed -eq 0 ]
result "$runs runs, killed $kills times, end with the bytes of those that were not"
holds "$kills kills, $saves of them during saves" test $((saves * 2)) -ge $kills
holds "$resumed of them after a resumption" test $((resumed * 4)) -ge $kills
holds "no checkpoint was damaged" test $unreadable -eq 0
echo "summary: kills: $kills in $runs runs, $saves of them during saves, $resumed after a resumption"

finish
