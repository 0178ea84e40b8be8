#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# What is looked at before training, and which options are best: describe and cv.
#   sh tests/cli_cv.sh PATH_TO_TILEPROP
# shellcheck source=tests/cli_lib.sh
. "$(dirname "$0")/cli_lib.sh"

# Three clouds, of which two lie beside each other, with columns of texts, of a constant, and of gaps.
awk 'BEGIN {
    print "x,y,kind,constant,gaps,cloud"
    for (i = 0; i < 90; i++) {
        c = i % 3
        printf "%.3f,%.3f,%s,7,%s,%s\n", c + (i * 37 % 100) / 80, c * (c - 1) + (i * 53 % 100) / 90,
            i % 2 ? "odd" : "even", i % 9 ? i : "NA", substr("red  greenblue ", 5 * c + 1, c == 1 ? 5 : c ? 4 : 3)
    }
}' >clouds.csv

# --- describe

holds "describe succeeds" exits 0 describe clouds.csv
holds "its lines fit 80 columns" [ "$(LC_ALL=C.UTF-8 wc -L <out)" -le 79 ]
holds "rows and columns are counted" sh -c "grep -q '^rows  *90$' out && grep -q '^columns  *6$' out"
holds "gaps are counted" grep -qE '^ +5 gaps +10 ' out
holds "a constant has one bar" sh -c "grep -E '^ +4 constant +0 +7 +7 +7 ' out | grep -q '█ *$'"
holds "texts are counted" grep -qE '^ +6 cloud +0 3 texts: blue 30, green 30, red 30$' out
exits 0 describe --json clouds.csv clouds.csv
holds "JSON is an object for each file" [ "$(grep -c '^{"file":"clouds.csv","rows":90,' out)" -eq 2 ]
holds "counts of a column are all of its values" grep -q '"categories":\["even","odd"\],"counts":\[45,45\]' out
fails 2 "FILE is missing" describe
fails 1 "none.csv: cannot open" describe none.csv
# shellcheck disable=SC2016 # for another shell
holds "standard input" sh -c '"$tileprop" describe - <clouds.csv | grep -q "^rows  *90$"'

# --- cv

grid="--data clouds.csv --target cloud --missing mean --epochs 20 --hidden none/8/8,4 --lr 0.0001,0.03"
# shellcheck disable=SC2086 # a list of options
cv() {
    "$tileprop" cv $grid "$@" 2>err
}
cv --folds 3 --threads 1 --json --out best.safetensors >one
holds "a line for each candidate" [ "$(wc -l <one)" -eq 6 ]
cv --folds 3 --threads 4 --json | sed 's/"seconds":[^}]*//' >four
sed 's/"seconds":[^}]*//' one >first
holds "threads do not change results" cmp first four
holds "each part is measured" grep -qE '"scores":\[[0-9.]+,[0-9.]+,[0-9.]+\]' one
holds "best first" sh -c "sed 's/.*\"mean\":\([0-9.]*\),.*/\1/' one | sort -c -r -g"
sed -n 1p one >top
holds "the higher rate is better" grep -q '"learning_rate":0.0[23]' top
best=$(sed -n '1s/.*"hidden":\[\([0-9,]*\)\].*/\1/p' one)
# shellcheck disable=SC2086 # a list of options
exits 0 train ${grid%%--hidden*} --hidden "${best:-none}" --lr 0.03 --out train.safetensors --quiet
holds "the model is that of train with the best options" same_tensors train.safetensors best.safetensors
cv >out
holds "a table" grep -qE '^[0-9n][0-9,one]* +0.03 +0 +[01]\.[0-9]{4} ' out
sed 's/,red$/,1/; s/,green$/,2.5/; s/,blue$/,7/' clouds.csv >numbers.csv
exits 0 cv --data numbers.csv --missing mean --epochs 3 --json
holds "regression has R2" grep -q '"metric":"r2"' out
cv --json --seed 1 --folds 4 | sed 's/"seconds":[^}]*//' >a
cv --json --seed 2 --folds 4 | sed 's/"seconds":[^}]*//' >b
holds "another seed makes other parts" sh -c '! cmp -s a b'
awk 'BEGIN { print "x,y"; for (i = 0; i < 60; i++) print i % 7 "," (i < 20 ? "a" : i < 40 ? "b" : "c") }' >runs.csv
exits 0 cv --data runs.csv --folds 3 --no-shuffle --epochs 50 --json
holds "parts that keep the order are runs of rows" grep -q '"scores":\[0.0,0.0,0.0\]' out
fails 2 "--data -: cv reads the data more than once" cv --data - --target cloud
fails 2 "each 'none' or integers from 1" cv --data clouds.csv --hidden 8/x
fails 1 "folds is 91, but there are 90 samples" cv --data clouds.csv --missing mean --folds 91
fails 2 "what does: --loss cce, --loss bce" cv --data clouds.csv --missing mean --loss mse
for option in "--loss mse" "--class-weights blu=2"; do
    # shellcheck disable=SC2086 # an option and its value
    holds "$option is refused once" sh -c "\"\$tileprop\" cv $grid --threads 8 $option 2>&1 |
        grep -c -e 'tileprop: ${option%% *}' | grep -qx 1"
done

echo "1..$checks"
[ $failures -eq 0 ]
