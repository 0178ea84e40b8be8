#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Tests checkpoints of the command-line program, how runs end, and which epoch they keep: sh tests/cli_resume.sh
# PATH_TO_TILEPROP.
. "$(dirname "$0")/cli_lib.sh"

# checkpoints DIRECTORY: the names, the newest last.
checkpoints() {
    (cd "$1" && find . -name 'step-*.safetensors' | sort | sed 's/^..//')
}

# state FILE...: what is in all of them.
state() {
    find "$@" -type f -exec cksum {} + | sort
}

run="--data numbers.csv --target y --hidden 24,16 --batch 32 --epochs 1500 --validation 0.2 --keep best --patience 1400
    --ema 0.9 --seed 7"
# shellcheck disable=SC2086 # lists of words
exits 0 train $run --threads 1 --out whole --log whole.log --json && cp out whole.json
result "a run that is never stopped"

# --------------------------------------------------------------------------------------------------- stop and resume

# find_newest: the name of the newest checkpoint in $newest, without another process.
find_newest() {
    for newest in runs/step-*; do :; done
}

# begin OPTION...: resumes the run in the background; returns when it has written a checkpoint, or ended.
# shellcheck disable=SC2086
begin() {
    find_newest
    before=$newest
    env --default-signal=INT,USR1,USR2 "$tileprop" train $run --resume runs --every 20 --log log --json "$@" \
        >out 2>err &
    pid=$!
    while [ "$newest" = "$before" ] && kill -0 $pid 2>/dev/null; do
        find_newest
    done
}

# stops SIGNAL CODE OPTION...: ends a resumed run by the signal; again if it has ended before that.
stops() {
    signal=$1
    stop_code=$2
    shift 2
    rm -rf saved
    mkdir -p saved runs
    cp -R runs saved
    [ ! -e log ] || cp log saved
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        begin "$@"
        kill -"$signal" $pid 2>/dev/null
        wait $pid
        code=$?
        [ $code -eq 0 ] || break
        rm -rf runs log
        cp -R saved/. .
    done
    [ $code -eq "$stop_code" ]
}

# shellcheck disable=SC2086
{
    stops TERM 75 --threads 1 --isa scalar --out resumed && one_object out && json signal out 'x == 15' &&
        grep -q '^tileprop: runs has no checkpoint yet: this run starts$' err && [ ! -e resumed ]
    result "without a checkpoint a run starts; SIGTERM stops it for now, and no model is saved"
    taken=runs/$(checkpoints runs | tail -n 1)
    grep -qF "\"checkpoint\":\"$taken\"" out && no_leftovers
    result "the report names the checkpoint"
    printf x >runs/.tileprop-0123456789abcdef.tmp
    printf x >runs/.tileprop-of-mine
    printf '{"epoch":' >>log
    stops USR1 75 --threads 3 --out resumed && json signal out 'x == 10' && json resumed_steps out 'x > 0' &&
        grep -qF "tileprop: going on after step " err && grep -qF " with $taken" err
    result "SIGUSR1 does likewise; the run goes on from the newest checkpoint"
    [ "$(cd runs && echo .tileprop-*)" = .tileprop-of-mine ] && rm runs/.tileprop-of-mine
    result "what was left half written is removed, and nothing else"
    stops USR2 75 --threads 2 --isa scalar --out resumed && json signal out 'x == 12' && [ ! -e resumed ]
    result "SIGUSR2 does likewise"
    [ "$(checkpoints runs | wc -l)" -eq 3 ]
    result "three checkpoints stay"
    printf '{"epoch":1500}\n' >>log
    exits 0 train $run --resume runs --every 20 --log log --threads 2 --out resumed --json && cmp resumed whole
    result "the model of a run that was stopped has the same bytes as that of one that was not"
    holds "and its log the same lines but for times" same_log log whole.log
    for key in validation_loss validation_r2 kept_epoch epochs steps; do
        [ "$(grep -o "\"$key\":[^,]*" out)" = "$(grep -o "\"$key\":[^,]*" whole.json)" ]
        result "and its result the same $key"
    done
    exits 0 train $run --resume runs --log log --out again --json && cmp again whole && same_log log whole.log &&
        json steps out 'x == 7500' && json resumed_steps out 'x == 7500' && grep -q '"train_loss":null' out &&
        [ "$(grep -o '"validation_r2":[^,]*' out)" = "$(grep -o '"validation_r2":[^,]*' whole.json)" ]
    result "a complete run that is resumed saves its model again"
    checkpoints runs >before
    cp "runs/$(head -n 1 before)" runs/step-000000000001.safetensors
    exits 0 train $run --resume runs --out again && checkpoints runs | cmp -s - before
    result "one checkpoint more, as a kill before it is removed leaves it, goes"
}

# SIGKILL at any time.
# shellcheck disable=SC2086
{
    rm -rf runs log resumed
    kills=0
    code=1
    while [ $code -ne 0 ] && [ $kills -lt 8 ]; do
        kills=$((kills + 1))
        timeout -s KILL 0.0$((4 + kills * 7 % 6)) "$tileprop" train $run --resume runs --every $kills --log log \
            --threads $((kills % 3 + 1)) --out resumed --quiet >out 2>err
        code=$?
    done 2>/dev/null
    exits 0 train $run --resume runs --log log --out resumed && cmp resumed whole && same_log log whole.log &&
        no_leftovers runs
    result "nor do $kills kills change a byte"
}

# ------------------------------------------------------------------------------------------------------------ refused

# unchanged CODE FRAGMENT OPTION...: refused, and the directory and the log stay as they are.
# shellcheck disable=SC2086
unchanged() {
    state runs log >before
    fails "$1" "$2" train $run --log log "$3" "$4" "$5" "$6"
    state runs log | cmp -s - before
    result "and nothing is changed"
}

numbers 200 4 >other.csv
unchanged 1 "is of another run: optimizer.learning_rate is 0.001 there and 0.5 here" --resume runs --lr 0.5
unchanged 1 "train.epochs is 1500 there and 1501 here" --resume runs --epochs 1501
unchanged 1 "is of another run: output_mean is " --resume runs --data other.csv
# shellcheck disable=SC2086
{
    mkdir changed
    cp data/* changed
    printf '\377' | dd of=changed/train-images-idx3-ubyte bs=1 seek=2000 conv=notrunc 2>/dev/null
    exits 0 train $small --resume images --log images.log --quiet
    fails 1 "is of another run: data is " train $small --resume images --data changed
    fails 1 "is of another run: data is " train $small --resume images --validation 0.1
}
unchanged 2 "--checkpoint runs: has checkpoints of a run; --resume runs goes on with it" --checkpoint runs --every 1
unchanged 2 "--checkpoint other: --resume runs keeps its checkpoints in its own directory" --resume runs \
    --checkpoint other
unchanged 1 "nowhere/runs: cannot make the directory: No such file" --resume nowhere/runs --every 1
for every in 0 -1 x 1x 5epoch5 99999999999 ''; do
    unchanged 2 "--every '$every': must be " --resume runs --every "$every"
done
for option in "every 5" "keep-checkpoints 2"; do
    # shellcheck disable=SC2086
    fails 2 "--${option% *}: needs --checkpoint, the directory where checkpoints are kept" train $small --$option
done
fails 2 "did you mean '--keep-checkpoints'?" train --data data --keep 3
cp log log.whole
sed -i 4d log
unchanged 1 "--log log: has no line of epoch 3, which runs/step-000000007500.safetensors has" --resume runs --every 1
cp log.whole log
rm log
fails 1 "--log log: has no line of epoch 1, which " train $run --log log --resume runs
holds "no log is made then" test ! -e log
cp log.whole log

exec 9<runs
if flock -n 9; then
    fails 75 "runs: another run keeps its checkpoints there at the moment" train $run --log log --resume runs
else
    skip "directories cannot be locked"
fi
exec 9<&-

# ------------------------------------------------------------------------------------------------------------ damaged

# damage FILE: one byte in its middle.
damage() {
    printf '\377' | dd of="$1" bs=1 seek=$(($(wc -c <"$1") / 2)) conv=notrunc 2>/dev/null
}

# shellcheck disable=SC2086
{
    newest=runs/$(checkpoints runs | tail -n 1)
    older=runs/$(checkpoints runs | tail -n 2 | head -n 1)
    damage "$newest"
    exits 0 train $run --resume runs --log log --out resumed && cmp resumed whole && same_log log whole.log &&
        grep -qF "note: this checkpoint cannot be read: $newest: damaged" err && grep -qF " with $older" err
    result "a damaged newest checkpoint: the one before it"
    exits 0 train $run --resume runs --log log --out resumed && ! grep -q 'cannot be read' err
    result "which is replaced"
    mv "$newest" runs/step-000000009999.safetensors
    damage runs/step-000000009999.safetensors
    exits 0 train $run --resume runs --keep-checkpoints 1 --out resumed && cmp resumed whole &&
        [ "$(checkpoints runs)" = step-000000007500.safetensors ]
    result "one that could not be read goes when a newer one than it was resumed from is complete"
    mkdir runs/step-000000009999.safetensors
    unchanged 1 "runs/step-000000009999.safetensors: is a directory" --resume runs --every 1
    grep -q "runs: the run goes on when it can be read; if it is moved away, from the checkpoint before it" err
    result "one that the system does not let us read is not passed over"
    rmdir runs/step-000000009999.safetensors
    damage "$newest"
    unchanged 1 "runs: has checkpoints, but none that can be read" --resume runs --every 1
}

# ------------------------------------------------------------------------------------------------------------ signals

rm -rf runs log
# shellcheck disable=SC2086
stops INT 130 --out stopped && json signal out 'x == 2' && [ -s stopped ] && [ "$(checkpoints runs | wc -l)" -ge 1 ]
result "SIGINT leaves a checkpoint and saves the model"
# shellcheck disable=SC2086
exits 0 train $run --resume runs --log log --out resumed && cmp resumed whole && same_log log whole.log
result "from which the run goes on"

# A run that is stuck in writing its log to a pipe that nobody reads.
rm -rf runs log stopped
mkfifo log
# shellcheck disable=SC2217 # it holds the pipe open
sleep 100 <log &
reader=$!
# shellcheck disable=SC2086
"$tileprop" train $small --epochs 4000000 --out stopped --log log --checkpoint runs --every 1h --quiet >out 2>err &
pid=$!
wait_for is_waiting $pid
kill -TERM $pid
kill -TERM $pid
sleep 0.6
kill -0 $pid
result "a second signal that comes at once does not kill"
kill -USR1 $pid
wait $pid 2>/dev/null
[ $? -eq 138 ] && [ ! -e stopped ] && [ ! -s out ]
result "a later one does"
kill $reader
wait $reader 2>/dev/null
rm -f log .tileprop-*

# ---------------------------------------------------------------------------------------------------------- intervals

# kept NAMES OPTION...: steps of the checkpoints after a run of 10 epochs of 13 steps.
# shellcheck disable=SC2086
kept() {
    steps=$1
    shift
    rm -rf runs
    exits 0 train $small --checkpoint runs "$@" && [ "$(checkpoints runs | tr -dc '0-9\n' | xargs)" = "$steps" ]
    result "$* keeps $steps"
}

kept 000000000130 --every 1h
kept 000000000130 --keep-checkpoints 1
kept "000000000065 000000000130" --every 5epochs
kept "000000000070 000000000130" --every 70steps

# -------------------------------------------------------------------------------------------------------- a full disk

# The model has 8 KB, a checkpoint three times as many.
# shellcheck disable=SC2086
{
    rm -rf runs
    (ulimit -f 32 && exits 0 train $small --checkpoint runs --out model --threads 1) &&
        grep -q 'note: no checkpoint of step 130: runs/step-000000000130.safetensors: cannot write: File too' err &&
        is_model model
    result "a checkpoint that cannot be written does not end a run that saves its model"
    holds "nor does it leave anything" test -z "$(ls -A runs)"
    (ulimit -f 32 && exits 1 train $small --checkpoint runs --threads 1) && grep -q '^test ' out
    result "without a model it is a failure at the end"
    rm -rf runs
    mkdir runs
    rm -f log
    (ulimit -f 32 && exec env --default-signal=INT "$tileprop" train $small --epochs 4000000 --checkpoint runs \
        --every 1h --log log --threads 1 >out 2>err) &
    pid=$!
    wait_for [ -s log ]
    kill -TERM $pid
    wait $pid
    [ $? -eq 1 ] && grep -q '^stopped     by signal 15' out
    result "and when the run is to be resumed"
}

long="$small --hidden none --epochs 4000000 --every 10 --log log --threads 1"

# limited_log: a run whose log must not grow beyond 8 KB until a checkpoint was refused, and is then told to stop.
# shellcheck disable=SC2086
limited_log() {
    prlimit --fsize=8192:unlimited "$tileprop" train $long --checkpoint runs --quiet >out 2>err &
    pid=$!
    wait_for grep -qs 'note: no checkpoint of step .*: log: File too large' err
    prlimit --pid $pid --fsize=unlimited
    kill -TERM $pid
    wait $pid
}

# goes_on: the run goes on, with the log, and is told to stop again.
# shellcheck disable=SC2086
goes_on() {
    rm err
    "$tileprop" train $long --resume runs >out 2>err &
    pid=$!
    wait_for grep -qs 'going on after step' err
    kill -TERM $pid
    wait $pid
}

if command -v prlimit >/dev/null; then
    rm -rf runs log err
    limited_log
    [ $? -eq 75 ] && sed -n 's/.*"epoch":\([0-9]*\),.*/\1/p' log | awk '$1 != NR { exit 1 }'
    result "lines of a log that cannot be written wait, and checkpoints for them"
    goes_on
    [ $? -eq 75 ]
    result "and the run can go on"
else
    skip "prlimit is not installed"
fi

# --------------------------------------------------------------------------------------------------------- divergence

# shellcheck disable=SC2086
{
    grows="--data numbers.csv --target y --hidden 24,16 --batch 32 --epochs 1000 --optimizer sgd --schedule constant
        --lr 3000 --warmup 6000"
    exits 1 train $grows --checkpoint grown --every 1 --out diverged
    grep -q 'what is saved is the model after epoch' err && ! json diverged out 'x == 0'
    result "a run that diverges"
    exits 1 train $grows --resume grown --every 1 --out again && grep -q 'what is saved is the model after ' err &&
        [ -s again ]
    result "saves a good model also after it was resumed"
}

# ------------------------------------------------------------------------------------- the best epoch, when to stop

# least KEY LOG: the epoch where it is least.
least() {
    sed -n "s/.*\"epoch\":\\([0-9]*\\),.*\"$1\":\\([-0-9.e+]*\\)[,}].*/\\1 \\2/p" "$2" |
        awk 'NR == 1 || $2 < best { best = $2; epoch = $1 } END { print epoch, best }'
}

# shellcheck disable=SC2086
{
    learns="--data numbers.csv --target y --hidden 24,16 --batch 32 --validation 0.2 --lr 0.05 --schedule constant"
    exits 0 train $learns --epochs 3000 --patience 5 --keep best --log log --out best --json
    epoch=$(least validation_loss log | cut -d ' ' -f 1)
    grep -q '"end":"patience"' out && json kept_epoch out "x == $epoch" && json epochs out "x == $epoch + 5" &&
        json validation_loss out "x == $(least validation_loss log | cut -d ' ' -f 2)"
    result "--patience ends, --keep best keeps and reports the best epoch"
    exits 0 train $learns --epochs 3000 --patience 5 --keep best
    grep -q "^ended       after epoch $((epoch + 5)): 5 epochs were no better than epoch $epoch\$" out &&
        grep -q "^kept        epoch $epoch of $((epoch + 5)), whose validation loss is the best\$" out
    result "and says so"
    exits 0 train $learns --epochs 3000 --patience 5 --min-delta 0.5 --json && json epochs out "x < $epoch + 5"
    result "--min-delta asks for more"
    exits 0 train $small --epochs 40 --patience 3 --monitor accuracy --json && grep -q '"end":"patience"' out &&
        grep -qF 'note: --patience: without held-out samples it watches the accuracy of training' err
    result "--monitor accuracy, on training"
    exits 0 train $learns --epochs 60 --schedule plateau --plateau 2 --step-factor 0.25 --log log --quiet &&
        [ "$(grep -o '"learning_rate":[^,]*' log | uniq | wc -l)" -ge 3 ] &&
        [ "$(grep -o '"learning_rate":[^,]*' log | sed -n '$s/.*://p' | awk '{ print ($1 < 0.0126) }')" -eq 1 ]
    result "--schedule plateau reduces the rate"
    exits 0 train $learns --epochs 20 --ema 0.9 --out averaged --json && exits 0 train $learns --epochs 20 --out last &&
        ! cmp -s averaged last
    result "--ema saves averages"
    fails 2 "--keep best: the best epoch is that of held-out samples: it needs --validation" train $small --keep best
    fails 2 "--monitor accuracy: is for classes and labels" train $learns --monitor accuracy
    fails 2 "--keep best: the best epoch is that of held-out samples: train has them" cv --data numbers.csv --target y \
        --keep best
    exits 0 cv --data numbers.csv --target y --epochs 200 --hidden 8 --folds 2 --patience 2 --ema 0.5 --lr 0.1 --json
    result "cv takes these options"
}

finish
