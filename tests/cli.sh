#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Tests the command-line program: sh tests/cli.sh PATH_TO_TILEPROP. One TAP line per check; fails if any check fails.
# Here: options, results, the same bytes. cli_files.sh: outputs; cli_signals.sh: how a run ends; cli_text.sh: terminals
# and names.
. "$(dirname "$0")/cli_lib.sh"

# ------------------------------------------------------------------------------------------------- program, info, help

fails 2 "Usage: tileprop SUBCOMMAND"
fails 2 "unknown subcommand 'trian'; did you mean 'train'?" trian
fails 2 "unknown subcommand 'xyzzyxyzzy'" xyzzyxyzzy
holds "no suggestion for what resembles nothing" test -z "$(grep 'did you mean' err)"
exits 0 --help && head -n 1 out | grep -q '^Example: ' && [ ! -s err ]
result "--help begins with an example, on standard output"
exits 0 --version && grep -qx 'tileprop [0-9.]*' out
result "--version"
for subcommand in train evaluate predict plot convert info; do
    exits 0 $subcommand --help && head -n 1 out | grep -q "^Example: tileprop $subcommand" && [ ! -s err ]
    result "$subcommand --help begins with an example, on standard output"
    holds "help of $subcommand fits in 79 columns" test -z "$(grep -E '.{80}' out)"
    [ $subcommand != plot ] || continue # it takes files, and no threads
    fails 2 "did you mean '--threads'?" $subcommand --thread-s 2
    [ $subcommand = convert ] || fails 2 "unexpected argument 'surplus'" $subcommand surplus
    fails 2 "--threads '0': must be an integer from 1 to 4096" $subcommand --threads 0
done
exits 0 train --seed 77 --help && grep -q '(default 1)' out
result "help shows defaults, not what was given before it"

exits 0 info --threads 2 && grep -q '^isa  ' out && grep -q '^threads     2 ' out &&
    grep -q '^threading   OpenMP$' out
result "info"
OMP_NUM_THREADS=3 OMP_THREAD_LIMIT=2 exits 0 info && grep -q '^threads     2 ' out
result "the default number of threads is within OMP_THREAD_LIMIT"
isas=$(sed -n 's/^usable *//p' out)
holds "info lists usable instruction sets" test -n "$isas"
ways=$(sed -n 's/^bf16 .*(of \(.*\))$/\1/p' out)
case $ways in *"$isas") true ;; *) false ;; esac
result "info lists ways to multiply bf16, and instruction sets last"
allowed=
for way in $ways; do
    if ! exits 0 info --json --isa $way && [ $way = amx ] && grep -q '"amx" cannot be used: the system' err; then
        skip "the processor has amx, but the system does not let programs use it: nothing here tries it"
        continue
    fi
    allowed="$allowed $way"
    grep -q "\"bf16\":\"$way\"" out
    result "info --isa $way"
done
exits 0 info --json
chosen=$(sed -n 's/.*"bf16":"\([a-z0-9]*\)".*/\1/p' out)
case "$allowed " in *" $chosen "*) true ;; *) false ;; esac
result "what info says is used for bf16 can be used"
for way in amx avx512bf16 neon avx2; do
    case " $ways " in *" $way "*) continue ;; esac
    fails 2 "\"$way\" is unknown or cannot run here; usable: $ways" info --isa $way
done
exits 0 info --json --isa scalar --threads 1 && one_object out && grep -q '"isa":"scalar","threads":1,' out
result "info --json"
for subcommand in info "train $small" "evaluate --model m --data data" "predict --model m --input i"; do
    fails 2 "usable: $ways" $subcommand --isa mmx
done
fails 2 "did you mean --isa scalar?" info --isa scaler
TILEPROP_ISA=mmx fails 2 "usable: $ways" info
"$tileprop" info >/dev/full 2>err
[ $? -eq 1 ] && grep -q 'cannot write standard output: No space left on device' err
result "a full standard output is an error"

# -------------------------------------------------------------------------------------------------------------- train

fails 2 "--data D is missing" train --epochs 1
fails 2 "--data needs an argument: D" train --data
fails 2 "unknown or ambiguous option '--bacth'; did you mean '--batch'?" train --bacth 3
fails 2 "unknown or ambiguous option '--qqqqqqqq'" train --qqqqqqqq=3
fails 2 "unknown option '-x'" train -x
fails 2 "--json takes no argument" train --json=1
fails 2 "--batch '0': must be an integer from 1 to 1048576" train $small --batch 0
fails 2 "--batch '1048577': must be an integer from 1 to 1048576" train $small --batch 1048577
fails 2 "--batch '12x': must be an integer" train $small --batch 12x
fails 2 "--epochs '-1': must be an integer from 1" train $small --epochs -1
fails 2 "--seed '18446744073709551616': must be an integer from 0" train $small --seed 18446744073709551616
fails 2 "--lr '0': must be a number greater than 0" train $small --lr 0
fails 2 "--lr '1e-60': must be a number greater than 0" train $small --lr 1e-60
fails 2 "--lr 'nan': must be a number greater than 0" train $small --lr nan
fails 2 "--weight-decay '1e99': must be a number of at least 0" train $small --weight-decay 1e99
fails 2 "--validation '1': must be a number of at least 0 and less than 1" train $small --validation 1
fails 2 "--dropout '1': must be a number of at least 0 and less than 1" train $small --dropout 1
fails 2 "--loss 'cee': must be one of mse, bce, cce, mae, huber, poisson; did you mean 'cce'?" train $small --loss cee
fails 2 "--activation 'softmax': must be one of identity, relu" train $small --activation softmax
fails 2 "--huber-delta '0': must be a number greater than 0" train $small --loss huber --huber-delta 0
fails 2 "--huber-delta 'inf': must be a number greater than 0" train $small --loss huber --huber-delta inf
fails 2 "--huber-delta 2: is for regression; the task of data is multiclass" train $small --huber-delta 2
fails 2 "--huber-delta 2: is for --loss huber, not mse" train $numbers --huber-delta 2
fails 2 "--label-smoothing '1': must be a number of at least 0 and less than 1" train $small --label-smoothing 1
fails 2 "--label-smoothing '-0.1': must be a number of at least 0" train $small --label-smoothing -0.1
fails 2 "--label-smoothing 0.1: is for classes and labels; the task of numbers.csv is regression" \
    train $numbers --label-smoothing 0.1
fails 2 "--class-weights '1,-2,1,1': must be 'balanced' or NAME=X,... or up to 1024 values with commas between them" \
    train $small --class-weights 1,-2,1,1
for weights in '' '1,' ',1' '1,,1' 1,nan 1,inf '1 2' 1,1e39; do
    fails 2 "--class-weights '$weights': must be 'balanced' or NAME=X,... or up to 1024" \
        train $small --class-weights "$weights"
done
fails 2 "--class-weights: 3 weights for 4 classes" train $small --class-weights 1,2,3
fails 2 "--optimizer 'adma'" train $small --optimizer adma
fails 2 "--hidden '3,,4': must be 'none' or up to 63 integers from 1 to 1048576" train $small --hidden 3,,4
fails 2 "--hidden '5,': must be" train $small --hidden 5,
fails 2 "--out '': must be not empty" train $small --out ''
fails 2 "--warmup 999: must be less than the 130 steps of the run" train $small --warmup 999
fails 2 "--validation 0.001: of 400 samples, that leaves nothing to validate on" train $small --validation 0.001
fails 1 "nowhere: " train --data nowhere

exits 0 train $small --out model && grep -q '^test .*accuracy' out && grep -q '^training .*accuracy' out &&
    ! grep -q '^validation' out
result "train prints a summary"
holds "a line per epoch on standard error" test "$(grep -c '^epoch ' err)" -eq 10
holds "no terminal controls when standard error is a file" test -z "$(tr -d '[:print:]\n' <err)"
exits 0 train $small --out again --quiet && [ ! -s err ] && [ -s out ] && cmp -s model again
result "--quiet is quiet, and a second run gives the same bytes"
exits 0 train $small --epochs 1 && grep -q 'the model will not be saved' err
result "train without --out says so"

exits 0 train $small --epochs 20 --json --validation 0.1 --log log --out model && one_object out &&
    json accuracy out 'x > 0.95' && json loss out 'x < 0.3' && json validation_accuracy out 'x > 0.9' &&
    json train_samples out 'x == 360' && json seconds out 'x > 0' && json samples_per_second out 'x > 0' &&
    grep -q '"isa":"[a-z0-9]*","threads":[0-9]*,' out && json steps out 'x == 240' && json epochs out 'x == 20' &&
    json signal out 'x == 0' && grep -q '"model":"model"' out
result "--json gives one object with the expected values"
loss=$(sed 's/^{"loss":\([^,]*\),.*/\1/' out)
holds "loss is that of the test set if there is one" grep -q "\"test_loss\":$loss," out
[ "$(wc -l <log)" -eq 21 ] && [ "$(grep -c '^{"epoch":[0-9]*,"epochs":20,.*"validation_loss":[0-9.].*}$' log)" -eq 20 ]
result "--log has one object per epoch, after the configuration"

for none in '' 0; do
    exits 0 train $small --epochs 1 --hidden none --out a && exits 0 train $small --epochs 1 --hidden "$none" --out b &&
        cmp -s a b
    result "--hidden '$none' is --hidden none"
done
mkdir half
cp data/train-* half
cp data/t10k-images-idx3-ubyte.gz half
fails 1 "neither t10k-labels-idx1-ubyte nor t10k-labels-idx1-ubyte.gz is there" train --data half
exits 0 train --data notest --hidden none --json --epochs 2 && grep -q '"test_loss":null,"test_accuracy":null' out &&
    json parameters out 'x == 260' && json accuracy out 'x >= 0' && grep -q 'no test set: notest' err
result "without test files and hidden layers"
fails 1 "is the first that is not finite" train $numbers --optimizer sgd --lr 1e38 --out diverged
holds "nothing is saved after divergence" test ! -e diverged
exits 0 train $small --lr 1e-30 --optimizer sgd --init model --out resumed &&
    same_tensors model resumed
result "--init starts from the saved model"
exits 0 train $small --activation relu --loss cce --epochs 1 --init model
result "--init with options that agree"
fails 2 "--hidden contradicts the model of --init model" train --data data --init model --hidden 24,17
fails 2 "--hidden contradicts the model of --init model" train --data data --init model --hidden 24,16,8
fails 2 "--loss contradicts the model of --init model, which has its own" train --data data --init model --loss bce
fails 2 "--activation contradicts the model of --init model" train --data data --init model --activation tanh
fails 2 "--dropout contradicts the model of --init model" train --data data --init model --dropout 0.5
fails 2 "--precision contradicts the model of --init model" train --data data --init model --precision bf16
fails 2 "--scaling contradicts --init" train --data data --init model --scaling unit
fails 2 "--init-weights contradicts --init" train --data data --init model --init-weights zero
fails 2 "--huber-delta contradicts the model of --init model" train --data data --init model --huber-delta 1
exits 0 train $numbers --loss huber --huber-delta 0.1 --out huber &&
    exits 0 train --data numbers.csv --hidden 24,16 --epochs 1 --init huber --loss huber --huber-delta 0.1 &&
    exits 0 train --data numbers.csv --epochs 1 --init huber && exits 0 evaluate --model huber --data numbers.csv
result "--init takes --huber-delta from the saved model"
fails 2 "--huber-delta contradicts the model of --init huber" train --data numbers.csv --init huber --huber-delta 0.2
fails 2 "--label-smoothing contradicts the model" train --data data --init model --label-smoothing 0.1
fails 1 "no-model" train --data data --init no-model

# Every option that takes effect changes the model.
"$tileprop" train $small --epochs 4 --quiet --out base >out 2>err
while read -r options; do
    exits 0 train $small --epochs 4 --out changed $options && ! same_tensors base changed
    result "train $options"
done <<TABLE
--hidden 24
--activation tanh
--activation elu
--activation softplus
--activation silu
--activation gelu
--activation exp
--dropout 0.1
--loss bce
--label-smoothing 0.1
--class-weights 1,2,0,0.5
--init-weights glorot_normal
--precision bf16
--scaling standard
--optimizer sgd
--optimizer momentum
--optimizer nesterov
--weight-decay 0.01
--optimizer adamw --weight-decay 0.01
--lr 0.01
--schedule constant
--schedule step
--schedule exponential
--warmup 5
--clip 0.01
--batch 31
--epochs 5
--seed 2
--no-shuffle
--validation 0.1
TABLE
# differ NAME A B: models of two option strings.
differ() {
    exits 0 train $small --epochs 4 --out a $2 && exits 0 train $small --epochs 4 --out b $3 &&
        ! same_tensors a b
    result "$1"
}
exits 0 train $small --epochs 4 --class-weights 1,1,1,1 --out same && same_tensors base same
result "class weights of 1 change nothing"
small_images=$small
small=$numbers
differ "--loss mae" "--loss mse" "--loss mae"
differ "--loss huber" "--loss mse" "--loss huber"
differ "--huber-delta" "--loss huber" "--loss huber --huber-delta 0.1"
small=$small_images
differ "--momentum" "--optimizer momentum" "--optimizer momentum --momentum 0.5"
differ "--step-every" "--schedule step --step-every 1" "--schedule step --step-every 2"
differ "--step-factor" "--schedule step --step-every 1" "--schedule step --step-every 1 --step-factor 0.1"
differ "--final-factor" "--schedule exponential" "--schedule exponential --final-factor 0.1"
differ "--final-factor of cosine" "--schedule cosine" "--schedule cosine --final-factor 0.1"
exits 0 train $small --epochs 4 --schedule exponential --log log &&
    sed -n '$s/.*"learning_rate":\([0-9.e-]*\),.*/\1/p' log | awk '{ exit !($1 > 1.05e-5 && $1 < 1.15e-5) }'
result "the exponential schedule falls to a hundredth unless told"
exits 0 train $small --epochs 4 --optimizer sgd --out a && exits 0 train $small --epochs 4 --optimizer sgd --lr 0.1 \
    --out b && cmp -s a b
result "the learning rate of sgd is 0.1 unless given"
exits 0 train $small --epochs 3 --schedule step --step-every 3 --out a &&
    exits 0 train $small --epochs 3 --schedule constant --out b && same_tensors a b
result "--step-every counts epochs"

# ------------------------------------------------------------------------------------------------------ the same bytes

row=0
while read -r options; do
    row=$((row + 1))
    case $options in *mse* | *huber*) small=$numbers ;; *) small=$small_images ;; esac
    exits 0 train $small --epochs 3 $options --isa scalar --threads 1 --out base
    result "train $options --isa scalar --threads 1"
    case $options in *bf16*) paths=$allowed ;; *) paths=$isas ;; esac
    for isa in $paths; do
        row=$((row + 1))
        for threads in 1 2 3; do
            takes $((row + threads)) || continue
            rm -f same
            exits 0 train $small --epochs 3 $options --isa $isa --threads $threads --out same && cmp -s base same
            result "train $options: same bytes with --isa $isa --threads $threads"
        done
    done
done <<TABLE
--loss cce --clip 1
--loss bce --activation sigmoid --optimizer nesterov --scaling standard
--loss mse --activation tanh --optimizer adamw --weight-decay 0.1
--loss huber --huber-delta 0.25
--loss bce --label-smoothing 0.1 --class-weights 1,2,3,4.5
--loss cce --activation gelu --dropout 0.3
--precision bf16 --dropout 0.3
TABLE
small=$small_images

# ---------------------------------------------------------------------------------------------------- evaluate, predict

fails 2 "--model FILE is missing" evaluate --data data
fails 2 "--data D is missing" evaluate --model model
fails 2 "--split 'tset': must be one of train, test; did you mean 'test'?" \
    evaluate --model model --data data --split tset
fails 1 "no-model" evaluate --model no-model --data data
fails 1 "nowhere: " evaluate --model model --data nowhere
fails 1 "t10k-images-idx3-ubyte" evaluate --model model --data notest
head -c 100 model >"cut"
fails 1 "cut" evaluate --model cut --data data
exits 0 evaluate --model model --data data && [ ! -s err ] && grep -q '^accuracy  ..* (.* of 200)$' out &&
    grep -q '^confusion matrix' out && grep -q '^class  *support  *precision  *recall  *f1  *auc$' out &&
    [ "$(grep -c '^[0-3] *50  *[01][.]' out)" -eq 4 ]
result "evaluate"
exits 0 evaluate --model model --data data --json && one_object out && json accuracy out 'x > 0.95' &&
    json samples out 'x == 200' && json loss out 'x < 0.3' &&
    grep -q '"confusion":\[\[[0-9]*,[0-9]*,[0-9]*,[0-9]*\],' out &&
    grep -q '"classes":\[{"class":"0","support":50.0,"precision":[0-9.]*,"recall":[0-9.]*,"f1":' out
result "evaluate --json"
exits 0 evaluate --model model --data data --split train --threads 1 --isa scalar && grep -q ' of 400)$' out
result "evaluate --split train"

mkdir halved
cp data/t10k-images-idx3-ubyte.gz halved
labels 200 2 >halved/t10k-labels-idx1-ubyte
exits 0 evaluate --model model --data halved && grep -q '^0  *50  *0  *50  *0$' out &&
    grep -q '^0  *100  *1.0000  *0.5000 ' out && grep -q '^2  *0  *0.0000  *- ' out
result "evaluate: rows are targets; precision and recall differ when every second label is wrong"
exits 0 evaluate --model model --data halved --json &&
    grep -q '{"class":"2","support":0.0,"precision":0.0,"recall":null,' out
result "evaluate --json: null where there is nothing to divide by"

mkdir wide short odd trailing
for set in wide short odd trailing; do cp data/* $set; done
gzip -d wide/t10k-*.gz
labels 200 5 >wide/t10k-labels-idx1-ubyte
fails 1 "'4' is none of the classes of the model" evaluate --model model --data wide
fails 1 "'4' is none of the classes of the model" train --data wide
head -c 5000 data/train-images-idx3-ubyte >short/train-images-idx3-ubyte
fails 1 "short/train-images-idx3-ubyte: truncated" train --data short --out unsaved
holds "nothing is saved after a data error" test ! -e unsaved
labels 399 4 >odd/train-labels-idx1-ubyte
fails 1 "399 labels for 400 images" train --data odd
echo surplus >>trailing/train-labels-idx1-ubyte
fails 1 "trailing bytes" train --data trailing

gzip -dc data/t10k-images-idx3-ubyte.gz >input.idx
fails 2 "--input D is missing" predict --model model
fails 1 "no-input" predict --model model --input no-input
fails 1 "has 1 columns; without names there must be 65 as in training, or the 64 features" \
    predict --model model --input data/train-labels-idx1-ubyte
fails 2 "--top 5: model tells 4 classes apart" predict --model model --input input.idx --top 5
fails 1 "nowhere/p: cannot open its directory: No such file or directory" \
    predict --model model --input input.idx --output nowhere/p
fails 1 "cannot write /dev/full: No space left on device" predict --model model --input input.idx --output /dev/full
exits 0 predict --model model --input input.idx && [ ! -s err ] && [ "$(wc -l <out)" -eq 200 ] &&
    awk '{ right += $1 == (NR - 1) % 4; sane += $2 > 0.25 && $2 <= 1 } END { exit !(right > 190 && sane == NR) }' out
result "predict prints classes and probabilities"
cp out predicted
exits 0 predict --model model --input data/t10k-images-idx3-ubyte.gz --output written && [ ! -s out ] &&
    cmp -s written predicted
result "predict --output, from a gzipped file"
exits 0 predict --model model --input input.idx --top 4 --isa scalar --threads 1 &&
    awk 'NF != 8 || $2 < $4 || $4 < $6 || $6 < $8 || $2 + $4 + $6 + $8 < 0.9999 { exit 1 }
        $1 + $3 + $5 + $7 != 6 { exit 1 }' out
result "predict --top 4 prints all classes, best first"
cut -d ' ' -f 1,2 out | cmp -s - predicted
result "the first of --top is the prediction"
zeros 010 1 >bytes.idx
exits 0 predict --model model --input bytes.idx && [ "$(wc -l <out)" -eq 1 ] && cp out of_bytes
for type in '011 1' '013 2' '014 4' '015 4' '016 8'; do
    zeros $type >zeros.idx
    exits 0 predict --model model --input zeros.idx && cmp -s out of_bytes
    result "predict from elements of type $type"
done
{ zeros 016 8 | head -c 20; printf '\177\357\377\377\377\377\377\377'; zeros 016 8 | tail -c +21; } |
    head -c 524 >beyond.idx
fails 1 "beyond.idx: the predictions for 1 of 1 rows are not finite: row 0" predict --model model --input beyond.idx
mkdir single
images 40 3 >single/train-images-idx3-ubyte
labels 40 1 >single/train-labels-idx1-ubyte
cp single/train-images-idx3-ubyte single/t10k-images-idx3-ubyte
cp single/train-labels-idx1-ubyte single/t10k-labels-idx1-ubyte
exits 0 train --data single --hidden none --epochs 2 --out one && grep -q 'there is nothing to tell apart' err &&
    exits 0 predict --model one --input input.idx && [ "$(grep -cE '^[01] [0-9.e-]+$' out)" -eq 200 ]
result "a single class"

# ------------------------------------------------------------------------------------------------------ Fashion-MNIST

if ! takes 1; then
    skip "Fashion-MNIST: the release builds train on it"
elif [ -d /usr/share/datasets/fashion-mnist ]; then
    exits 0 train --data fashion-mnist --hidden 32 --epochs 1 --json && json accuracy out 'x > 0.75' &&
        json train_samples out 'x == 60000'
    result "one epoch of Fashion-MNIST"
else
    skip "Fashion-MNIST: the package dataset-fashion-mnist is not installed"
fi

finish
