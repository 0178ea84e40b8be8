#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Tests what the program says beyond its results: suggestions, notes, divergence. sh tests/cli_hints.sh PATH_TO_TILEPROP
. "$(dirname "$0")/cli_lib.sh"

# --------------------------------------------------------------------------------------------------------- suggestions

while read -r typed meant; do
    fails 2 "unknown or ambiguous option '$typed'; did you mean '$meant'?" train --data data "$typed" 1
done <<TABLE
--batch-size --batch
--batch_size --batch
--learning-rate --lr
--Learning-Rate --lr
--lr-schedule --schedule
--hidden-layers --hidden
--labels --target
--random-state --seed
--output --out
TABLE
fails 2 "unknown or ambiguous option '--data'; did you mean '--input'?" predict --model m --data d
while read -r option typed meant; do
    fails 2 "; did you mean '$meant'?" train --data data "$option" "$typed"
done <<TABLE
--loss cross_entropy cce
--loss cross-entropy cce
--loss mean_squared_error mse
--activation swish silu
--init-weights xavier glorot_normal
--optimizer SGDM momentum
--schedule cosine_annealing cosine
TABLE
fails 2 "unknown subcommand 'fit'; did you mean 'train'?" fit
exits 0 train $small --epochs 1 --activation ReLU --loss CCE --optimizer Adam --out upper &&
    exits 0 train $small --epochs 1 --activation relu --loss cce --optimizer adam --out lower && cmp -s upper lower
result "case does not matter for names"
for typed in fashion-minst Fashion_MNIST; do
    fails 1 "did you mean 'fashion-mnist'?" train --data $typed
done
fails 1 "did you mean './data'?" train --data ./dtaa
exits 1 train --data nothing-like-this-is-there && ! grep -q 'did you mean' err
result "no suggestion for a path that resembles nothing"

finish
