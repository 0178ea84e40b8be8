#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Tests configurations: sh tests/cli_config.sh PATH_TO_TILEPROP. Options of a file do what those of the command line do.
# shellcheck source=tests/cli_lib.sh
. "$(dirname "$0")/cli_lib.sh"

# config JSON: the file that the next checks read.
config() {
    printf '%s\n' "$1" >run.json
}

# refused JSON MESSAGE
refused() {
    config "$1"
    fails 2 "$2" train --config run.json --data numbers.csv
}

# ------------------------------------------------------------------------------------------------- what is printed

options="--data numbers.csv --target y --hidden 24,16 --batch 32 --epochs 3 --lr 0.01 --validation 0.2
    --clip 0.3141592653589793 --optimizer momentum --momentum 0.7 --no-shuffle --seed 18446744073709551615
    --threads 1 --quiet"
# shellcheck disable=SC2086 # options
exits 0 train $options --print-config && cp out printed.json && grep -q '^  "lr": 0.01,$' out &&
    grep -q '^  "hidden": \[24,16\],$' out &&
    grep -q '^  "seed": "18446744073709551615",$' out && grep -q '^  "no-shuffle": true,$' out &&
    grep -q '^  "clip": 0.3141592653589793,$' out
result "--print-config is JSON, of short numbers"
exits 0 train --config printed.json --print-config && cmp out printed.json
result "which --config takes, and prints again"
exits 0 train --print-config && grep -q '^  "lr": 0.001,$' out && grep -q '^  "hidden": null,$' out &&
    grep -q '^  "data": null,$' out
result "defaults, and null where data decides"
exits 0 train --optimizer sgd --print-config && grep -q '^  "lr": 0.1,$' out
result "the learning rate of the optimizer"
"$tileprop" train --help | sed -n 's/^  --\([a-z-]*\).*/\1/p' | grep -vx 'config\|print-config\|help' | sort >wanted
"$tileprop" train --print-config | sed -n 's/^  "\([a-z-]*\)":.*/\1/p' | grep -vx version | sort >keys
holds "every option is a key" cmp wanted keys

# ---------------------------------------------------------------------------------------------------- what is trained

# shellcheck disable=SC2086 # options
exits 0 train $options --out a --log a.jsonl && exits 0 train --config printed.json --out b --log b.jsonl &&
    exits 0 train --config - --out c <printed.json && cmp a b && cmp a c
result "a configuration trains the same model, also from standard input"
head -n 1 a.jsonl >first
head -n 1 b.jsonl | cmp - first && sed 's/^{"config":\(.*\)}$/\1/' first >logged.json &&
    exits 0 train --config logged.json --data numbers.csv --out d --threads 2 --log d.jsonl --quiet && cmp a d &&
    head -n 1 d.jsonl | cmp - first
result "and so does the first line of a log, which is the same again"
holds "it has no paths and nothing of the machine" sh -c '! grep -q "numbers.csv\|threads\|\"isa\"\|quiet" first'
holds "it says what data decided" grep -q '"task":"regression",.*"loss":"mse"' first
exits 0 train --config printed.json --hidden 5 --lr 0.5 --print-config && grep -q '"hidden": \[5\]' out &&
    grep -q '"lr": 0.5,' out && grep -q '"momentum": 0.7,' out && exits 0 train --lr 0.5 --config printed.json \
    --print-config && grep -q '"lr": 0.5,' out
result "the command line wins, before and behind --config"
config '{"lr": 0.25, "batch": 7, "no-shuffle": false}'
exits 0 train --config printed.json --config run.json --print-config && grep -q '"lr": 0.25,' out &&
    grep -q '"batch": 7,' out && grep -q '"no-shuffle": false,' out && grep -q '"momentum": 0.7,' out
result "and a later file over an earlier one"
config '{"lr": null, "hidden": [], "class-weights": [1, 0.5], "isa": "scalar"}'
exits 0 train --config run.json --print-config && grep -q '"lr": 0.001,' out && grep -q '"hidden": \[\],' out &&
    grep -q '"class-weights": \[1,0.5\],' out && grep -q '"isa": "scalar",' out
result "null, empty lists and lists of numbers"
config '{"version": "0.0.1", "epochs": 1}'
exits 0 train --config run.json --data numbers.csv && grep -q 'note: run.json: is of version 0.0.1; this is' err
result "another version is told"
exits 0 train --data data --class-weights balanced --epochs 1 --log log && grep -q '"class-weights":"balanced"' log
result "balanced weights stay a word"
config '{"class-weights": "a=2,b=0.1"}'
exits 0 train --config run.json --print-config && grep -q '"class-weights": "a=2,b=0.1",$' out
result "weights of classes by name are a text"
config '{"data": "numbers.csv", "hidden": [[3], [4, 5], []], "lr": [0.1, 0.2], "folds": 3}'
exits 0 cv --config run.json --print-config && cp out printed.json && grep -q '"hidden": \[\[3\],\[4,5\],\[\]\],' out &&
    exits 0 cv --config printed.json --print-config && cmp out printed.json && exits 0 cv --config printed.json \
    --hidden 4 --lr 0.1 --epochs 1
result "cv has configurations, too"
exits 0 train --data data --epochs 1 --out base --quiet &&
    exits 0 train --data data --init base --freeze 1 --epochs 1 --log log --quiet &&
    sed -n '1s/^{"config":\(.*\)}$/\1/p' log >init.json &&
    exits 0 train --config init.json --data data --init base &&
    exits 0 train --init base --data data --print-config && cp out init.json &&
    exits 0 train --config init.json --epochs 1
result "--init leaves to the model what is the model's"

# --------------------------------------------------------------------------------------------------------- refusals

refused '{"lr": -1}' "run.json: lr '-1': must be a number greater than 0"
refused '{"lr": "0.1"}' "run.json: lr: \"0.1\" is not a number: must be a number greater than 0"
refused '{"hidden": [8, 0]}' "run.json: hidden '8,0': must be 'none' or up to 63 integers from 1 to 1048576"
refused '{"hidden": "8"}' "run.json: hidden: \"8\" is not a list of integers"
refused '{"hidden": 8}' "run.json: hidden: 8 is not a list of integers"
refused '{"hidden": [8.5]}' "run.json: hidden: [8.5] is not a list of integers"
refused '{"epochs": 2.0}' "run.json: epochs: 2.0 is not an integer: must be an integer from 1 to 4294967295"
refused '{"seed": "12"}' "run.json: seed: \"12\" is not an integer"
refused '{"seed": 18446744073709551615}' "run.json: line 1: too big integer"
refused '{"no-shuffle": 1}' "run.json: no-shuffle: 1 is not a truth value: must be true or false"
refused '{"optimizer": "adm"}' "run.json: optimizer 'adm': must be one of sgd"
refused '{"optimizer": "adaptive"}' "did you mean 'adam'?"
refused '{"class-weights": "balance"}' \
    "run.json: class-weights 'balance': must be 'balanced' or"
refused '{"class-weights": []}' "run.json: class-weights '': must be 'balanced' or"
refused '{"class_weights": "balanced"}' "run.json: unknown key 'class_weights'; did you mean 'class-weights'?"
refused '{"layers": [8]}' "run.json: unknown key 'layers'; did you mean 'hidden'?"
refused '{"config": "x"}' "run.json: unknown key 'config'"
refused '{"print-config": true}' "run.json: unknown key 'print-config'"
refused '{"out": ""}' "run.json: out '': must be not empty"
refused '{"lr": 1, "lr": 1}' "run.json: line 1: duplicate object key near '\"lr\"'"
refused '[1]' "run.json: is no JSON object of options"
refused '{"lr": 1' "run.json: line 2: '}' expected near end of file"
refused '{"version": 1}' "run.json: version: must be a text"
fails 2 "--config none.json: No such file" train --config none.json --data numbers.csv
fails 2 "--config data: Is a directory" train --config data
config '{"data": "-"}'
fails 2 "--data -: is the file of --config, too" train --config - <run.json
fails 2 "--log run.json: is the file of --config, too" train --config run.json --data numbers.csv --log run.json
config '{"out": "numbers.csv", "data": "numbers.csv"}'
fails 2 "--out numbers.csv: is the file of --data, too" train --config run.json
exits 1 train --out "$(printf '\377')" --print-config && [ ! -s out ] &&
    grep -qF -e "--out '\xff': is not UTF-8, and JSON has to be" err
result "a path that JSON cannot have"

finish
