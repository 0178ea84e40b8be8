#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Tests the command-line program on tables: sh tests/cli_tables.sh PATH_TO_TILEPROP. Every task from training to
# predictions, the formats of predictions, what is refused.
. "$(dirname "$0")/cli_lib.sh"

# table COUNT: flowers of three kinds, told apart by length and colour; half of the petals are a number of no meaning.
table() {
    awk -v count="$1" 'BEGIN {
        split("red blue white", colour)
        kind[1] = "rose"; kind[2] = "\"iris, blue\""; kind[3] = "daisy"
        print "name,length,width,colour,kind"
        for (i = 0; i < count; i++) {
            x = (x * 16807 + 12345) % 2147483647
            k = i % 3 + 1
            hue = colour[k == 3 ? 3 : x % 2 + 1]
            printf "n%d,%.3f,%.3f,%s,%s\n", i, k * 10 + x % 1000 / 200, x % 97 / 10, hue, kind[k]
        }
    }'
}
table 300 >flowers.csv
table 60 | awk -F, -v OFS=, '{ print $3, $1, $4, $2 }' >new.csv # other order, no target

# column N FILE: of a CSV file without quotes.
column() {
    cut -d , -f "$1" "$2"
}

# ---------------------------------------------------------------------------------------------------------- classes

exits 0 train --data flowers.csv --target kind --ignore name --validation 0.2 --out kinds --log log --json &&
    one_object out && json validation_accuracy out 'x > 0.95' && json train_samples out 'x == 240' &&
    grep -q "flowers.csv: target 'kind': 3 different texts: multiclass" err
result "classes are found, told and learnt"
holds "the log has the metric of every epoch" test "$(grep -c '"validation_accuracy":[01][.]' log)" -eq 125
holds "not every epoch is shown" test "$(grep -c '^epoch ' err)" -le 50
exits 0 evaluate --model kinds --data flowers.csv && grep -q '^iris, blue  *100 ' out && grep -q '^ROC AUC' out
result "evaluate knows the names of classes and needs no options"
exits 0 predict --model kinds --input new.csv --format csv --id name --output new.out &&
    [ "$(head -n 1 new.out)" = 'name,prediction,p_daisy,"p_iris, blue",p_rose' ] &&
    sed -n 2p new.out | grep -q '^n0,rose,[0-9]' && sed -n 3p new.out | grep -q '^n1,"iris, blue",[0-9]' &&
    [ "$(wc -l <new.out)" -eq 61 ]
result "predict: CSV with ids and names, columns in another order"
exits 0 predict --model kinds --input new.csv --format jsonl --id name && [ "$(wc -l <out)" -eq 60 ] &&
    sed -n 2p out | grep -q '^{"name":"n1","prediction":"iris, blue","p_daisy":[0-9.e-]*,"p_iris, blue":[0-9.e-]*,"p_ro'
result "predict: JSON lines"
# So many samples go through a predictor.
# repeated N FILE: its rows so many times.
repeated() {
    head -n 1 "$2"
    for _ in $(seq "$1"); do
        sed 1d "$2"
    done
}
repeated 140 new.csv >many_new.csv
repeated 28 flowers.csv >many_flowers.csv
exits 0 predict --model kinds --input many_new.csv --format csv --id name && sed 1d out >many.out &&
    [ "$(wc -l <many.out)" -eq 8400 ] && sed 1d new.out >few.out && head -n 60 many.out | cmp - few.out &&
    tail -n 60 many.out | cmp - few.out
result "predict: many samples have the predictions of few"
exits 0 evaluate --model kinds --data flowers.csv && grep -E '^(loss|log loss|macro F1)' out >few.out &&
    exits 0 evaluate --model kinds --data many_flowers.csv && grep -E '^(loss|log loss|macro F1)' out | cmp - few.out &&
    [ -s few.out ]
result "evaluate: many samples have the score of few"
exits 0 predict --model kinds --input new.csv --top 3 && sed -n 1p out | grep -q '^rose [0-9.e-]* [a-z, ]* [0-9.e-]* '
result "predict: text with names"
exits 0 predict --model kinds --input new.csv --format npy && [ "$(wc -c <out)" -eq $((128 + 60 * 3 * 4)) ] &&
    head -c 128 out | grep -qa "NUMPY.*'descr': '<f4', 'fortran_order': False, 'shape': (60, 3), }"
result "predict: a matrix"
{ head -n 1 flowers.csv; sed -n '2,61s/[^,]*$/tulip/p' flowers.csv; } | sed 's/,"iris,/,/' >tulips.csv
exits 0 predict --model kinds --input tulips.csv --format csv --id name && cmp -s out new.out
result "predict does not look at targets"
exits 0 predict --model kinds --input - --format csv --id name <new.csv && cmp -s out new.out
result "predict from standard input"
gzip -c new.csv >new.csv.gz
exits 0 predict --model kinds --input - --format csv --id name <new.csv.gz && cmp -s out new.out &&
    { head -c 40 new.csv.gz; sleep 0.5; tail -c +41 new.csv.gz; } |
    exits 0 predict --model kinds --input - --format csv --id name && cmp -s out new.out
result "predict from standard input, gzipped: a file, and a pipe that is filled slowly"
head -c 200 new.csv.gz >cut.gz
fails 1 "standard input: truncated gzip data" predict --model kinds --input - <cut.gz
awk 'BEGIN { srand(1); for (i = 0; i < 3000; i++) print int(2 * rand()), "1:" rand(), "2:" rand() }' >pairs.svm
exits 0 describe pairs.svm && sed 's/pairs.svm/-/' out >expected && gzip -c pairs.svm | exits 0 describe - &&
    cmp -s expected out
result "libsvm from standard input, gzipped"
exits 0 train --data - --target kind --ignore name --quiet --out piped <flowers.csv &&
    exits 0 train --data flowers.csv --target 5 --ignore 1 --quiet --out kinds &&
    same_tensors piped kinds
result "train from standard input, and columns by number: the same bytes"
exits 0 train --data flowers.csv --target kind --ignore name --test flowers.csv --epochs 2 --json &&
    json test_accuracy out 'x > 0.2' && json epochs out 'x == 2'
result "--test is a file"

# ------------------------------------------------------------------------------------------- other tasks, class weights

sed 's/"iris, blue"/rose/' flowers.csv >two.csv
exits 0 train --data two.csv --ignore name --out two --json && json parameters out 'x == 701' &&
    json accuracy out 'x > 0.95'
result "two classes are one output"
exits 0 predict --model two --input new.csv --format csv && [ "$(head -n 1 out)" = "prediction,p_daisy,p_rose" ] &&
    awk -F, 'NR > 1 && ($2 + $3 < 0.99999 || $2 + $3 > 1.00001 || ($1 == "rose") != ($3 >= 0.5)) { exit 1 }' out
result "two classes: both probabilities"
exits 0 train --data two.csv --ignore name --quiet --out plain && exits 0 train --data two.csv --ignore name --quiet \
    --class-weights balanced --out balanced && exits 0 train --data two.csv --ignore name --quiet \
    --class-weights 1.5,0.75 --out given && same_tensors balanced given && ! same_tensors balanced plain
result "balanced weights are n / (k n_c)"
exits 0 train --data two.csv --ignore name --quiet --class-weights rose=0.75,daisy=1.5 --out named &&
    cmp -s given named
result "weights of classes by their names, in any order"
sed 's/rose/ro=se/' two.csv >sign.csv
exits 0 train --data sign.csv --ignore name --quiet --class-weights ro=se=0.75,daisy=1.5 --epochs 2
result "a name with '=' in it"
exits 0 train --data flowers.csv --ignore name --quiet --epochs 2 --class-weights "iris, blue=0.5,daisy=3" \
    --out named && exits 0 train --data flowers.csv --ignore name --quiet --epochs 2 --class-weights 3,0.5,1 \
    --out given && cmp -s given named
result "a class that is not named has weight 1"
fails 2 "--class-weights: flowers.csv has no class 'ros'; did you mean 'rose'?" \
    train --data flowers.csv --class-weights daisy=1,ros=2
fails 2 "--class-weights: flowers.csv has no class 'tulip'" train --data flowers.csv --class-weights tulip=1
fails 2 "--class-weights: class 'rose' is there twice" train --data flowers.csv --class-weights rose=1,rose=2
for value in rose=x rose=1,2 rose= rose=-1 "rose=1,"; do
    fails 2 "--class-weights '$value': must be 'balanced' or NAME=X,... or up to 1024" \
        train --data flowers.csv --class-weights $value
done
fails 2 "--class-weights: numbers.csv has no classes" train --data numbers.csv --class-weights a=1

exits 0 train --data numbers.csv --validation 0.25 --out numbers --json --log log && json validation_r2 out 'x > 0.9' &&
    json r2 out 'x > 0.9' && grep -q '"train_r2":0[.]9' log && grep -q 'regression' err
result "regression: R2"
exits 0 predict --model numbers --input numbers.csv --format csv && [ "$(head -n 1 out)" = y ] &&
    paste -d , numbers.csv out | awk -F, 'NR > 1 && ($4 - $5 > 5 || $5 - $4 > 5) { exit 1 }'
result "predictions are in the units of the target"
exits 0 evaluate --model numbers --data numbers.csv && grep -q '^RMSE ' out && grep -q '^y  *0[.]9' out
result "evaluate of regression"

# Counts: the rates of scikit-learn 1.2, PoissonRegressor(alpha=0, tol=1e-12), for the first five rows.
awk 'BEGIN {
    print "a,b,n"
    for (i = 0; i < 60; i++) {
        x = (x * 16807 + 12345) % 2147483647
        print i % 5 "," i % 7 "," int(x % 5 * (i % 5 + 2) / (i % 7 + 2))
    }
}' >counts.csv
as_counts="--task regression --loss poisson --hidden none"
exits 0 train --data counts.csv $as_counts --optimizer sgd --lr 0.3 --schedule constant --batch 60 --epochs 1000 \
    --out counts --json && json loss out 'x > 0.2249621 && x < 0.2249623'
result "counts: the loss has no term of the counts alone"
exits 0 predict --model counts --input counts.csv --format csv && [ "$(head -n 1 out)" = n ] && awk '
    BEGIN { split("1.8058053 1.9076329 2.0152024 2.1288377 2.2488807", rate) }
    NR > 1 && NR < 7 && ($1 < rate[NR - 1] - 1e-5 || $1 > rate[NR - 1] + 1e-5) { exit 1 }' out
result "counts: predictions are the rates of scikit-learn"
exits 0 evaluate --model counts --data counts.csv --json && json r2 out 'x > 0.333 && x < 0.334' &&
    json rmse out 'x > 1.7163 && x < 1.7164' && exits 0 cv --data counts.csv $as_counts --epochs 2
result "counts: metrics are those of regression"
sed '7s/,[0-9]*$/,-1/' counts.csv >debts.csv
for command in "train $as_counts" "evaluate --model counts"; do
    fails 1 "target 0 of sample 5 is -1; with loss poisson it must be finite and at least 0" $command --data debts.csv
done
fails 2 "--label-smoothing 0.1: is for classes and labels; the task of counts.csv is regression" \
    train --data counts.csv $as_counts --label-smoothing 0.1

awk -F, -v OFS=, 'NR == 1 { print "a,b,long,broad"; next } { print $2, $3, ($2 > 20), ($3 > 5) }' \
    flowers.csv >labels.csv
exits 0 train --data labels.csv --target long,broad --out labels --json && json accuracy out 'x > 0.9' &&
    exits 0 predict --model labels --input labels.csv --format csv &&
    [ "$(head -n 1 out)" = long,broad,p_long,p_broad ] && grep -q '^1,0,' out && grep -q '^0,1,' out
result "several labels"
exits 0 evaluate --model labels --data labels.csv && grep -q '^all correct' out && grep -q '^broad ' out
result "evaluate of labels"

# ----------------------------------------------------------------------------------------------------------- refusals

awk 'BEGIN { print "x,y"; for (i = 0; i < 40; i++) print i "," i % 5 }' >digits.csv

# refuses FILE OPTIONS MESSAGE HELP: what the options, which the message refuses, become with the help is accepted.
refuses() {
    # shellcheck disable=SC2086 # options
    exits 2 train --data "$1" $2 && grep -q -e "$3\$" err && exits 0 train --data "$1" --epochs 1 --quiet $4
    result "'$2' is refused for $1: $3, which is right"
}
refuses flowers.csv "--loss mse" "does not fit the task multiclass of flowers.csv; what does: --loss cce, --loss bce" \
    "--loss bce"
refuses numbers.csv "--loss cce" \
    "--loss mse, --loss mae, --loss huber, --loss poisson; if the targets are classes: --task multiclass" \
    "--loss huber"
refuses two.csv "--loss cce" "does not fit the task binary of two.csv; what does: --loss bce" "--loss bce"
refuses digits.csv "--loss mse" "--loss cce, --loss bce; if the targets are no classes: --task regression" \
    "--loss mse --task regression"
refuses numbers.csv "--loss bce --huber-delta 2" "what does: --loss huber; if the .*" "--loss huber --huber-delta 2"
refuses numbers.csv "--loss cce --label-smoothing 0.1" "--loss poisson without --label-smoothing; if the .*" \
    "--loss mse"
refuses flowers.csv "--loss huber --huber-delta 2" "--loss cce, --loss bce without --huber-delta" "--loss cce"
refuses flowers.csv "--huber-delta 2" "--huber-delta 2: is for regression; the task of flowers.csv is multiclass" ""
refuses labels.csv "--target long,broad --loss cce" "the task multilabel of labels.csv; what does: --loss bce" \
    "--target long,broad --loss bce"
refuses flowers.csv "--loss cross-entropy" "; did you mean 'cce'?; without it the task of the data decides" ""
fails 1 "task regression does not fit; the one that does is multiclass" train --data flowers.csv --task regression
fails 1 "target: no column 'knd' among 5; the nearest: 'kind'" train --data flowers.csv --target knd
fails 2 "--class-weights: numbers.csv has no classes" train --data numbers.csv --class-weights 1,2
fails 2 "--class-weights: numbers.csv has no classes" train --data numbers.csv --class-weights balanced
fails 2 "--target contradicts --init, which takes columns and task" \
    train --data flowers.csv --target kind --init kinds
fails 2 "--plot 'x.pdf': must be a name that ends in .svg or .png" \
    evaluate --model kinds --data flowers.csv --plot x.pdf
holds "before anything is measured" test ! -s out
fails 2 "--id name: is for --format csv and jsonl, not text" predict --model kinds --input new.csv --id name
fails 2 "--top 2: is for --format text, not csv" predict --model kinds --input new.csv --format csv --top 2
fails 2 "--top 4: kinds tells 3 classes apart" predict --model kinds --input new.csv --top 4
column 1,2,4 new.csv >narrow.csv
fails 1 "narrow.csv: has no column 'colour', a feature of the model" predict --model kinds --input narrow.csv
fails 1 "new.csv: has no column 'kind', a target of the model" evaluate --model kinds --data new.csv
sed '3s/^[^,]*/NA/; 9s/^[^,]*//' new.csv >gaps.csv
fails 1 "gaps.csv: 2 rows with missing values: line 3 ('width'), line 9 ('width')" \
    predict --model kinds --input gaps.csv
exits 0 predict --model kinds --input gaps.csv --missing mean && [ "$(wc -l <out)" -eq 60 ]
result "--missing mean"
exits 0 predict --model kinds --input gaps.csv --missing drop && [ "$(wc -l <out)" -eq 58 ] &&
    grep -q '2 of 60 rows have missing values and are left out' err
result "--missing drop"
exits 0 train --data flowers.csv --ignore name --quiet --out same --epochs 3 &&
    exits 0 train --data flowers.csv --init same --quiet --out further --epochs 3 && ! same_tensors same further &&
    exits 0 evaluate --model further --data flowers.csv
result "--init takes columns from the model"
sed '5s/^[^,]*/1e39/' new.csv >far.csv
fails 1 "far.csv: the predictions for 1 of 60 rows are not finite: row 3" \
    predict --model kinds --input far.csv --format csv
echo old >kept
fails 1 "not finite" predict --model kinds --input far.csv --output kept
holds "an old file stays" test "$(cat kept)" = old
fails 2 "--output new.csv: is the file of --input, too" predict --model kinds --input new.csv --output new.csv
fails 2 "--out flowers.csv: is the file of --data, too" train --data flowers.csv --out flowers.csv
fails 2 "--out two.csv: is the file of --test, too" train --data flowers.csv --test two.csv --out two.csv

# --- layers of a model that stay

awk 'BEGIN { print "a,b,y"; for (i = 0; i < 40; i++) print i % 7 "," i % 5 "," (i % 7 > i % 5 ? "more" : "less") }' \
    >kept.csv
exits 0 train --data kept.csv --hidden 5,4 --epochs 2 --out base --quiet
for layers in 1 2; do
    exits 0 train --data kept.csv --init base --freeze $layers --epochs 3 --out kept$layers --quiet
done
exits 0 train --data kept.csv --init base --epochs 3 --out kept0 --quiet
! same_tensors kept0 kept1 && ! same_tensors kept1 kept2 && ! same_tensors kept2 base
result "--freeze N: other layers learn"
fails 2 "needs --init" train --data kept.csv --freeze 1
fails 2 "less than the 3 layers" train --data kept.csv --init base --freeze 3

fails 1 "targets 'cloud' is the name of an array; a csv file has none" train --data kept.csv --targets cloud
awk 'BEGIN { print "name,a,y"; for (i = 0; i < 30; i++) print "n" i "," i "," i % 2 }' >ids.csv
exits 0 train --data ids.csv --epochs 1
holds "a feature that names rows is noticed" grep -q "column 'name': the texts of all 30 training rows differ" err
exits 0 train --data ids.csv --epochs 1 --id name
holds "unless it is an id" sh -c '! grep -q "texts of all" err'

# --- columns without names, and one that was not there in training

awk 'BEGIN { for (i = 0; i < 40; i++) print i % 7 "," i % 5 "," (i % 7 > i % 5) }' >plain.csv
exits 0 train --data plain.csv --task binary --epochs 20 --out plain --quiet
cut -d , -f 1,2 plain.csv >features.csv
awk '{ print 1000 + NR "," $0 }' features.csv >first.csv
awk -F , '{ print $1 "," 1000 + NR "," $2 }' features.csv >middle.csv
awk '{ print $0 "," 1000 + NR }' features.csv >last.csv
exits 0 predict --model plain --input features.csv --format csv
mv out expected
for place in first:1 middle:2 last:3; do
    exits 0 predict --model plain --input "${place%:*}.csv" --id "${place#*:}" --format csv
    cut -d , -f 2- out >without
    holds "an id that is the ${place%:*} column is no feature" cmp without expected
done

finish
