#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The range test of learning rates: what it tells follows from the losses, is the same everywhere, and only the picture
# is written.
#   sh tests/cli_find_lr.sh PATH_TO_TILEPROP
# shellcheck source=tests/cli_lib.sh
. "$(dirname "$0")/cli_lib.sh"

# list KEY FILE: the elements of a list, one a line.
list() {
    sed -n "s/.*\"$1\":\[\([^]]*\)\].*/\1/p" "$2" | tr ',' '\n'
}

# curve FILE: lines "rate loss smoothed", one for each step.
curve() {
    list rates "$1" >curve.rates
    list losses "$1" >curve.losses
    list smoothed_losses "$1" | paste curve.rates curve.losses -
}

# follows FILE STEPS: the means are those of the losses, and what is told is what they say.
follows() {
    curve "$1" | awk -v minimum="$(sed 's/.*"minimum_rate":\([^,]*\),.*/\1/' "$1")" \
        -v steepest="$(sed 's/.*"steepest_rate":\([^,]*\),.*/\1/' "$1")" -v steps="$2" '
        function near(a, b) { return a - b < 1e-6 * b && b - a < 1e-6 * b }
        { part = steps / 10; weight = (1 - 1 / part) * weight + 1 / part; sum = (1 - 1 / part) * sum + $2 / part
          rate[NR] = $1; mean[NR] = $3; bad = bad || !near($3, sum / weight)
          bad = bad || !near($1, 1e-7 * exp((NR - 1) / (steps - 1) * log(1e8)))
          if (NR > part && (!least || $3 < mean[least])) least = NR
          risen = NR > part && $3 > 4 * mean[least]; early = early || (risen && last != NR); last = NR + 1 - risen }
        END {
            for (i = part + 1; i <= least && i + part <= NR; i++)
                if (mean[i - part] - mean[i + part] > most) { most = mean[i - part] - mean[i + part]; steep = i }
            exit bad || early || NR < 50 || rate[least] != minimum || rate[steep] != steepest || !(risen || NR == steps)
        }'
}

# ------------------------------------------------------------------------------------------------------- what it tells

holds "the test succeeds" exits 0 train $small --find-lr
holds "and has a table of rates" [ "$(grep -cE '^ +[0-9.]+(e-[0-9]+)? +[0-9]+\.[0-9]{4}$' out)" -ge 9 ]
holds "of 80 columns" [ "$(wc -L <out)" -le 80 ]
suggested=$(sed -n 's/^suggested  *--lr \([0-9.e-]*\),.*/\1/p' out)
holds "and a suggestion" test -n "$suggested"
holds "that diverged, without an error" grep -q '^stopped .* of 100 steps: the smoothed loss was over 4 times' out
exits 0 train $small --find-lr --json && one_object out
result "JSON"
cp out images.json
json planned_steps out 'x == 100' && json steps out 'x < 100' && grep -q '"diverged":true' out
result "as many steps as make 100"
holds "what it tells follows from the losses" follows images.json 100
json suggested_rate out "(x - $suggested) ^ 2 < (0.05 * $suggested) ^ 2"
result "the suggestion is the same"
minimum=$(sed 's/.*"minimum_rate":\([^,]*\),.*/\1/' out)
json suggested_rate out "(x - $minimum / 10) ^ 2 < 1e-20"
result "and a tenth of the minimum"
exits 0 train $small --lr "$suggested" --json && json accuracy out 'x > 0.95'
result "with it, the network learns"
exits 0 train $numbers --find-lr --json --optimizer sgd
result "regression, another optimizer"
holds "and what that tells" follows out 100
numbers 1200 5 >more.csv
for batch in 1 4; do
    exits 0 train --data more.csv --target y --hidden 4 --batch $batch --find-lr --json
    json planned_steps out "x == ($batch == 1 ? 1000 : 300)" && follows out $((batch == 1 ? 1000 : 300))
    result "batches of $batch: the steps of an epoch, at most 1000"
done

# -------------------------------------------------------------------------------------------------- the same everywhere

# told OPTION...: without what differs.
told() {
    exits 0 train $small --dropout 0.2 --find-lr --json "$@" && sed 's/,"seconds":.*//' out
}
told --isa scalar --threads 1 >scalar
told --threads 3 >best
holds "instruction sets and threads do not count" cmp scalar best
told --seed 2 >seed
holds "the seed does" test "$(cksum <scalar)" != "$(cksum <seed)"
for option in "--optimizer sgd" "--weight-decay 1" "--clip 0.01" "--no-shuffle" "--class-weights 1,2,0,0.5"; do
    # shellcheck disable=SC2086 # an option and its value
    told $option >option
    holds "and so does $option" test "$(cksum <scalar)" != "$(cksum <option)"
done

# --------------------------------------------------------------------------------------------------------- divergence

awk 'BEGIN { print "a,b,y"; for (i = 0; i < 64; i++) print i % 9 "e18," i % 7 "e18," i % 5 / 9 }' >huge.csv
exits 0 train --data huge.csv --scaling none --optimizer sgd --find-lr &&
    grep -q '^stopped .* of 100 steps: the loss was no longer finite' out && grep -q '^suggested  *nothing' out
result "losses that are not finite end it"
exits 0 train --data huge.csv --scaling none --optimizer sgd --find-lr --json && one_object out &&
    grep -q '"suggested_rate":null,"steepest_rate":null,"minimum_rate":null,"minimum_loss":null,"steps":[0-9],' out
result "and in JSON"
exits 0 train $small --class-weights 0,0,0,0 --find-lr && ! grep -q '^stopped' out &&
    grep -q '^suggested  *nothing: the loss did not fall' out
result "losses that do not fall"
awk 'BEGIN { print "a,y"; for (i = 0; i < 224; i++) print i % 9 "," (i == 40 ? 999 : i % 9 + i % 2) }' >outlier.csv
exits 0 train --data outlier.csv --target y --task regression --no-shuffle --find-lr --json && follows out 100
result "an outlier at the beginning is no divergence"

# -------------------------------------------------------------------------------------------------- options and files

exits 0 train $small --find-lr --json --lr 3 --schedule cosine --warmup 9999 --epochs 2 --test none \
    --out none/model --log log --quiet
result "options of another training"
sed 's/,"seconds":.*//' out >other
sed 's/,"seconds":.*//' images.json >same
holds "change nothing" cmp other same
for option in lr schedule warmup epochs test out log; do
    holds "a note says that --$option is not used" grep -q "it does not use --$option$" err
done
holds "nothing is written" test ! -e none -a ! -e log
exits 0 train --data notest --find-lr && ! grep -q test err
result "no test set is looked for"
exits 0 train $small --out start && cksum start >before && exits 0 train --data data --init start --find-lr
result "from a saved model"
cksum start | cmp -s before -
result "which stays as it is"
fails 2 "--plot x.svg: is for --find-lr" train $small --plot x.svg
fails 2 "must be a name that ends in .svg or .png" train --data none --find-lr --plot x.pdf
cp numbers.csv numbers.svg
fails 2 "is the file of --data, too" train --data numbers.svg --find-lr --plot ./numbers.svg

# ---------------------------------------------------------------------------------------------------------- the picture

mkdir empty
# shellcheck disable=SC2086 # a list of options
PATH=$work/empty "$tileprop" train $small --find-lr --plot none.svg >out 2>err
[ $? -eq 1 ] && grep -q gnuplot err && grep -q '^suggested' out && [ ! -e none.svg ]
result "without gnuplot there are the numbers, and a message"
if command -v gnuplot >/dev/null; then
    exits 0 train $small --find-lr --plot rates.svg --width 600 && ! grep -q warning err &&
        grep -q '<svg[^>]*' rates.svg && grep -q 'width="600"' rates.svg && grep -q '</svg>' rates.svg
    result "a picture"
    for text in "learning rate" smoothed "steepest: " "minimum: " "suggested: $suggested"; do
        grep -qF ">$text" rates.svg
        result "it has the text $text"
    done
    exits 0 train --data huge.csv --scaling none --optimizer sgd --find-lr --plot huge.png && [ -s huge.png ]
    result "a picture of losses that did not fall"
else
    skip "gnuplot is not installed"
fi
holds "no temporary files" no_leftovers
finish
