#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# What a program trains on one architecture, that of another one reproduces, and the other way round; the files are the
# same bytes. The machine has to run both, maybe one of them through an emulator.
# Usage: reproduce_elsewhere.sh SOURCE_DIR TILEPROP OTHER_TILEPROP
set -u

source=$1
here=$2
there=$3
. "$source/tests/scratch.sh"

awk 'BEGIN {
    print "length,colour,kind,price"
    for (i = 0; i < 90; i++)
        print i % 3 * 3 + i * 37 % 50 / 10 "," (i * 7 % 5 > 2 ? "red" : "blue") ",k" i % 3 "," i * i * 11 % 97 / 7
}' >flowers.csv

# trains PROGRAM MODEL OPTION...: leaves the model and MODEL.jsonl.
trains() {
    program=$1
    model=$2
    shift 2
    "$program" train --data flowers.csv --validation 0.2 --epochs 3 --batch 16 --quiet --out "$model" \
        --log "$model.jsonl" "$@" >out 2>err
}

# reproduces PROGRAM MODEL NAME
reproduces() {
    "$1" reproduce "$2" --data flowers.csv --log "$2.jsonl" --quiet >out 2>err && [ "$(tail -n 1 out)" = identical ]
    result "$3"
}

while read -r options; do
    # shellcheck disable=SC2086 # options
    { trains "$here" a $options && trains "$there" b $options; } </dev/null && cmp a b >out &&
        [ "$(head -n 1 a.jsonl)" = "$(head -n 1 b.jsonl)" ]
    result "the same bytes: $options"
    reproduces "$there" a "what was trained here is reproduced there: $options" </dev/null
    reproduces "$here" b "what was trained there is reproduced here: $options" </dev/null
done <<'END'
--target kind --hidden 12,8 --dropout 0.2 --clip 0.5 --class-weights balanced
--target price --hidden 9 --activation gelu --optimizer rmsprop --keep best --ema 0.9 --loss huber
--target colour --hidden none --optimizer nesterov --no-shuffle --schedule plateau
END

echo "1..$checks"
[ $failures -eq 0 ]
