#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Tests what the program says beyond its results: suggestions, notes, divergence, keys of JSON.
# Usage: sh tests/cli_hints.sh PATH_TO_TILEPROP
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
--schedule exponential_lr exponential
TABLE
fails 2 "unexpected argument 'numbers.csv'; did you mean '--data numbers.csv'?" train numbers.csv
fails 2 "unexpected argument 'other'; did you mean '--model other'?" evaluate --data numbers.csv other
fails 2 "unexpected argument 'c'" convert a b.npz c
holds "and no option is offered" sh -c '! grep -q "did you mean" err'
while read -r option several one; do
    fails 2 "--$option '$several': must be" train --data data --$option $several
    holds "which names 'tileprop cv'" grep -q "; 'tileprop cv' tries several$" err
    fails 2 "--$option '$one': must be" train --data data --$option $one
    holds "which does not" sh -c '! grep -q "tileprop cv" err'
done <<TABLE
lr 0.1,0.01 x
weight-decay 0,0.1 x
hidden 64/32 8,x
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

# --------------------------------------------------------------------------------------------------------------- notes

# notes FRAGMENT ARGUMENT...: succeeds with that on standard error.
notes() {
    fragment=$1
    shift
    exits 0 "$@" && grep -qF -e "note: $fragment" err
    result "'$*' notes: $fragment"
}

notes "--threads 4096: there are " info --threads 4096
exits 0 info --threads 1 && ! grep -q note err
result "no note on few threads"
notes "--class-weights: no class with samples has a weight above 0" train $small --epochs 1 --class-weights 0,0,0,0
notes "--class-weights: class 2 alone has a weight above 0" train $small --epochs 1 --class-weights 0,0,1,0
exits 0 train $small --epochs 1 --class-weights 0,1,1,0 && ! grep -q 'note: --class' err
result "no note on two classes with weights"
mkdir gaps
cp data/train-images-idx3-ubyte gaps
printf "$(printf '\\000\\000\\010\\001'; be32 400
    awk 'BEGIN { for (i = 0; i < 400; i++) printf "\\%03o", i % 4 * 3 + 1 }')" >gaps/train-labels-idx1-ubyte
notes "gaps: 7 of 11 classes have no training sample (the first is 0); they take 119 of 2147 parameters" \
    train --data gaps --hidden 24,16 --epochs 1
exits 0 train $small --epochs 1 && ! grep -q 'training sample' err
result "no note on classes without a gap"
blind="have 1.3863: the network has learnt nothing so far"
exits 0 train $small --epochs 20 --lr 1e-9 && grep -q "after epoch 8 the training loss is .*$blind" err &&
    [ "$(grep -c "$blind" err)" -eq 1 ]
result "a network that learns nothing gets one note"
exits 0 train $small --epochs 20 && ! grep -q 'learnt nothing' err
result "a network that learns gets none"
notes "after epoch 15 the training loss is " train $numbers --epochs 20 --lr 1e-9
awk 'BEGIN { print "x,a,b,c"; for (i = 0; i < 320; i++) print i % 7 ",0,1," i % 2 }' >labels.csv
sed -i '2s/.*/1,1,0,1/' labels.csv
exits 0 train --data labels.csv --target a,b,c --epochs 20 --lr 1e-9 && grep -q "have 0.7354: the network" err
result "and so does one for labels"

# ---------------------------------------------------------------------------------------------------------- divergence

late="--optimizer sgd --schedule constant --lr 100 --warmup 4000 --epochs 400"
exits 1 train $numbers $late --out late --log log --json &&
    grep -q 'is the first that is not finite\|no longer finite\|is infinite' err &&
    grep -q "what is saved is the model after epoch $(grep -c '^{"epoch"' log)" err &&
    json epochs out "x == $(grep -c '^{"epoch"' log)" &&
    grep -q '"diverged":true' out && exits 0 evaluate --model late --data numbers.csv --json && json loss out 'x < 1e6'
result "the last good model is saved after divergence"
exits 0 train $numbers --json && grep -q '"diverged":false' out
result "and nothing is said without it"
awk 'BEGIN { print "a,b,y"; for (i = 0; i < 64; i++) print i % 9 / 3 - 1 "," i % 7 / 3 - 1 "," i % 5 / 9 }' >ruin.csv
ruin="--data ruin.csv --hidden 8 --batch 64 --optimizer sgd --schedule constant --lr 1e15 --out ruined"
for epochs in 1 2; do
    fails 1 "no epoch is good" train $ruin --epochs $epochs
    holds "ruined by the last of $epochs steps: not saved" test ! -e ruined
done
fails 1 "no epoch is good: nothing is saved" train $numbers --optimizer sgd --lr 1e38 --out diverged
holds "a model of no epoch is not saved" test ! -e diverged
exits 1 train $numbers $late && ! grep -q 'is saved' out err
result "and nothing without --out"

# ------------------------------------------------------------------------------------------------------ missing values

# schemaless LOSS ACTIVATION OUTPUTS: a model without a schema of 2 inputs, all weights 0.
schemaless() {
    bytes=$((8 * $3))
    header='{"__metadata__":{"format":"tileprop","version":"0.1.0","loss":"'$1'","input_mean":"0",'
    header=$header'"input_deviation":"1","layers.0.activation":"'$2'","layers.0.slope":"0"},'
    header=$header'"layers.0.weight":{"dtype":"F32","shape":[2,'$3'],"data_offsets":[0,'$bytes']},'
    header=$header'"layers.0.bias":{"dtype":"F32","shape":['$3'],"data_offsets":['$bytes','$((12 * $3))']}}'
    printf "\\$(printf %o $((${#header} & 255)))\\$(printf %o $((${#header} >> 8)))\\0\\0\\0\\0\\0\\0%s" "$header"
    head -c $((12 * $3)) /dev/zero
}
schemaless cce softmax 3 >plain
# samples COUNT: 9 samples of 2 floats, with a NaN in the first so many.
samples() {
    printf '\0\0\015\002\0\0\0\011\0\0\0\002'
    for i in 1 2 3 4 5 6 7 8 9; do
        if [ "$i" -le "$1" ]; then printf '\0\0\0\0\177\300\0\0'; else printf '\0\0\0\0\0\0\0\0'; fi
    done
}
samples 0 >whole.idx
samples 2 >two.idx
samples 7 >seven.idx
exits 0 predict --model plain --input whole.idx && [ "$(grep -c '^0 0.33333' out)" -eq 9 ]
result "predict with a model without a schema"
fails 1 "two.idx: 2 rows with missing values: row 1 (2), row 2 (2); the option 'missing' can be drop" \
    predict --model plain --input two.idx
fails 1 "seven.idx: 7 rows with missing values: row 1 (2), row 2 (2), row 3 (2), row 4 (2), row 5 (2), ...;" \
    predict --model plain --input seven.idx
fails 1 "missing mean: plain has no schema, which has the means" \
    predict --model plain --input two.idx --missing mean
exits 0 predict --model plain --input two.idx --missing drop && [ "$(wc -l <out)" -eq 7 ]
result "rows without a value can be left out"

printf 'a,b\n1,2\n3,4\n' >inputs.csv
printf 'a,b,y\n1,2,0\n3,4,1\n' >targets.csv
printf '1 1:1 2:2\n0 1:3 2:4\n' >inputs.svm
exits 0 predict --model plain --input inputs.csv && cp out of_inputs && [ "$(grep -c '^0 0.33333' out)" -eq 2 ] &&
    exits 0 predict --model plain --input inputs.svm && cmp -s out of_inputs
result "tables of inputs alone for a model without a schema"
exits 0 predict --model plain --input targets.csv --id y --format csv && grep -q '^y,prediction' out &&
    grep -q '^1,0,' out
result "with a column of ids beside them"
fails 1 "plain has 2 inputs, but the samples of targets.csv have 3 values" predict --model plain --input targets.csv
grep -q 'plain has no schema: it takes files of its inputs alone' err
result "and what such a model takes is said"
printf '"na,me",a,b\nx,1,2\n' >comma.csv
exits 0 predict --model plain --input comma.csv --id na,me --format csv && grep -q '^x,0,' out
result "the name of a column of ids is one name, whatever is in it"
printf 'a,b,y\n1,2,1\n3,4,2\n' >later.csv
fails 1 "later.csv: class 0 is '1'; plain has no schema" evaluate --model plain --data later.csv
printf 'a,b,y\n1,2,0\n3,4,1\n5,6,2\n' >all.csv
holds "classes from 0 on are those of a model without a schema" exits 0 evaluate --model plain --data all.csv

printf 'id,a,b,y\n7,1,2,no\n8,3,4,yes\n9,5,6,no\n6,7,8,yes\n' >named.csv
exits 0 train --data named.csv --target y --ignore id --epochs 1 --out named.model \
    --checkpoint named.saved --quiet
for id in 1 id; do
    exits 0 predict --model named.model --input named.csv --id $id --format csv && grep -q '^7,' out
    result "ids of a model with a schema from column $id, which is not of its inputs"
done
fails 1 "$(ls named.saved/* | head -n 1)" predict --model "$(ls named.saved/* | head -n 1)" --input named.csv
! grep -q "as PyTorch names them" err
result "a checkpoint is not called a file of PyTorch's"
mkfifo pipe
timeout 10 "$tileprop" import pipe x >out 2>err
[ $? -eq 2 ] && ! grep -q PyTorch err
result "import does not wait for a pipe that it will not read"

schemaless mse identity 2 >numbers.model
schemaless mse identity 1 >number.model
schemaless bce sigmoid 1 >binary.model
schemaless bce sigmoid 2 >labels.model
while read -r model columns; do
    exits 0 predict --model "$model.model" --input inputs.csv --format csv && head -n 1 out | grep -qx "$columns"
    result "the loss tells what outputs are: $model"
done <<TABLE
numbers prediction_0,prediction_1
binary prediction,p_0,p_1
labels prediction_0,prediction_1,p_0,p_1
TABLE
exits 0 evaluate --model number.model --data targets.csv && grep -q '^RMSE  *0.7071' out
result "few different integers are numbers for them, too"

# ----------------------------------------------------------------------------------------------------------- JSON keys

# documented SUBCOMMAND TITLE: the keys that --help lists below the title.
documented() {
    "$tileprop" "$1" --help | awk -v title="$2:" '
        $0 == title { on = 1; next }
        !NF { on = 0 }
        on && /^  [a-z]/ { sub(/^  /, ""); sub(/  .*/, ""); print }'
}

# printed FILE: the keys of its first object, in their order.
printed() {
    head -n 1 "$1" | grep -o '"[a-z0-9_]*":' | tr -d '":'
}

# as_documented SUBCOMMAND TITLE FILE: has exactly these keys, of "a or b" one.
as_documented() {
    documented "$1" "$2" >wanted && printed "$3" >keys && [ -s wanted ] && awk '
        FILENAME == "wanted" { wanted[++count] = " " $0 " "; next }
        { if (!index(wanted[++at], " " $0 " ")) exit bad = 1 }
        END { exit bad || at != count }' wanted keys
    result "$1 --help, $2: what is printed"
}

for data in "$small" "$numbers"; do
    exits 0 train $data --epochs 1 --validation 0.2 --json --log log --out keyed
    sed 1d log >epochs
    as_documented train "JSON keys" out
    as_documented train "Keys of a line of --log" epochs
    exits 0 evaluate --model keyed --data "$(echo "$data" | sed 's/--data \([^ ]*\) .*/\1/')" --json
    printed out | sort -u >keys
    { documented evaluate "JSON keys"; documented evaluate "Keys of a class, label or output"; } |
        sed 's/ or /\n/g' >wanted
    [ -s keys ] && ! grep -vxF -f wanted keys
    result "evaluate --help: what is printed"
done
exits 0 info --json
as_documented info "JSON keys" out
exits 0 cv $numbers --folds 2 --epochs 1 --json
as_documented cv "JSON keys of a candidate" out
exits 0 describe numbers.csv --json
printed out | awk '!seen[$0]++' >keys
{ documented describe "JSON keys of a line, one for each file"; documented describe "Keys of a column"; } |
    cmp -s - keys
result "describe --help: what is printed"

finish
