#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Tests what the command-line program does to files: sh tests/cli_files.sh PATH_TO_TILEPROP. Outputs are reserved before
# the work, appear as a whole, and are never a file that is read.
. "$(dirname "$0")/cli_lib.sh"

exits 0 train $small --epochs 2 --out model
result "a model to begin with"
gzip -dc data/t10k-images-idx3-ubyte.gz >input

# ------------------------------------------------------------------------------------------------- before the training

# untrained FRAGMENT ARGUMENT...: fails without having trained.
untrained() {
    fails 1 "$@"
    holds "and before training" test -z "$(grep -s '^epoch' err)"
}

ln -s nowhere dangling
ln -s loop loop
: >file
untrained "nowhere/m: cannot open its directory: No such file or directory" train $small --out nowhere/m
untrained "data: is a directory" train --data missing --out data
untrained "file/m: cannot open its directory: Not a directory" train $small --out file/m
untrained "dangling: is a symbolic link to nothing" train $small --out dangling
untrained "loop: " train $small --out loop
untrained "new/: " train $small --out new/
untrained "/dev/null: is not a regular file" train $small --out /dev/null
untrained "File name too long" train $small --out "$(printf '%0256d' 0)"
untrained "nowhere/l: No such file or directory" train $small --log nowhere/l
exits 0 train $small --epochs 1 --out "$(printf '%0255d' 0)" && is_model "$(printf '%0255d' 0)"
result "a name of 255 bytes"
echo old >log
echo old >kept
exits 1 train --data missing --log log --out kept && [ "$(cat log kept)" = "old
old" ] && exits 2 train $small --class-weights 1,2 --log log --out kept && [ "$(cat log kept)" = "old
old" ] && no_leftovers
result "what is refused leaves the log, the old model and no temporary file"

# unprivileged COMMAND...: as a user who is not root.
unprivileged() {
    if [ "$(id -u)" -eq 0 ]; then
        setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
    else
        "$@"
    fi
}

mkdir blind closed
chmod 333 blind
chmod 555 closed
[ "$(id -u)" -ne 0 ] || chown 65534:65534 blind closed
unprivileged "$tileprop" train $small --epochs 1 --out blind/m >out 2>err && is_model blind/m
result "a directory that may be written but not read"
unprivileged "$tileprop" train $small --epochs 1 --out closed/m >out 2>err
[ $? -eq 1 ] && grep -q 'closed/m: .*Permission denied' err && ! grep -q '^epoch' err
result "a directory that may not be written"
chmod 755 blind closed

deep='
    for (1 .. 50) { my $name = "d" x 100; mkdir $name; chdir $name or die "chdir: $!"; }
    exec @ARGV or die "exec: $!"'
(mkdir deep && cd deep && perl -e "$deep" "$tileprop" train --data "$work/data" --hidden 8 --epochs 1 --out m --log l) \
    >out 2>err && find deep -name m -size +1 | grep -q . && no_leftovers deep
result "a working directory deeper than any path"

# With a directory that holds 1000 names of its own process.
sh -c 'mkdir crowded && cd crowded && i=0 && while [ $i -lt 1000 ]; do
        : >.tileprop-$$-$i.tmp
        i=$((i + 1))
    done
    cd .. && exec "$@"' sh "$tileprop" train $small --epochs 1 --out crowded/m >out 2>err && is_model crowded/m
result "a directory with a thousand old temporary files"
rm -r crowded

# ----------------------------------------------------------------------------------------------------- what can happen

rm -f log
mkdir moving
"$tileprop" train $small --epochs 4000000 --out moving/m --log log >out 2>err &
wait_for [ -s log ]
mv moving moved
mkdir moving
kill -TERM $!
wait $!
[ $? -eq 143 ] && is_model moved/m && [ ! -e moving/m ] && no_leftovers
result "a directory that is moved while the model is trained"
rm -f log
"$tileprop" train $small --epochs 4000000 --out moved/m --log log >out 2>err &
wait_for [ -s log ]
mv moved moving/elsewhere
kill -TERM $!
wait $!
grep -q "^tileprop: note: .*moving/elsewhere" err
result "and a note says where it is"

# mounted SHELL COMMANDS: in a namespace where they may mount.
mounted() {
    unshare -rm sh -c "$1" sh "$tileprop" >out 2>err
}
if unshare -rm true 2>/dev/null; then
    mounted 'touch source target && mount --bind source target && "$1" train --data data --epochs 1 --out target' &&
        is_model source && grep -q '^model       target$' out && no_leftovers
    result "a file that is a mount point"
    mkdir full
    mounted 'mount -t tmpfs -o size=64k none full && cp model full/m &&
        { "$1" train --data data --hidden 512 --epochs 1 --out full/m; echo "exit $?"; } &&
        cmp model full/m && ls -A full'
    grep -qx 'exit 1' out && grep -q 'full/m: .*No space left' err && grep -q '^test  .*accuracy' out &&
        ! grep -q '^model ' out && [ "$(tail -n 1 out)" = m ]
    result "a full disk: the result is printed, the old model stays, no temporary file does"
    mounted 'mount -t tmpfs -o size=12k none full && echo old >full/p &&
        { "$1" predict --model model --input input --top 4 --output full/p; echo "exit $?"; } &&
        cat full/p && ls -A full'
    [ "$(cat out)" = "exit 1
old
p" ] && [ "$(grep -c 'full/p: .*No space left' err)" -eq 1 ] && [ "$(wc -l <err)" -eq 1 ]
    result "a full disk: predict leaves the old file, and says so once"
else
    skip "full disks and mount points: this user may not mount"
fi

# limited ARGUMENT...: files of at most 8 KiB.
limited() {
    sh -c 'ulimit -f 16; exec "$@"' sh "$tileprop" "$@" >out 2>err
}
rm -f log
limited train --data data --hidden none --epochs 80 --out limited --log log --quiet
[ $? -eq 1 ] && grep -q 'cannot write log: File too large' err && is_model limited && grep -q '^model       limited' out
result "a log that grows too large: the model is saved"
limited train $small --epochs 1 --quiet --out limited2
[ $? -eq 1 ] && grep -q 'limited2: .*File too large' err && grep -q '^test ' out && [ ! -e limited2 ] && no_leftovers
result "a model that is too large: the result is printed"
echo old >p
limited predict --model model --input input --top 4 --output p
[ $? -eq 1 ] && grep -q 'p: .*File too large' err && [ "$(cat p)" = old ] && no_leftovers
result "predictions that are too large leave the old file"
exits 1 train $small --epochs 1 --log /dev/full --out saved && grep -q 'cannot write /dev/full: No space left' err &&
    grep -q '^model       saved' out && is_model saved
result "a log on a full disk: model and result are there"

# ------------------------------------------------------------------------------------------------- what a file keeps

echo old >p
chmod 640 p
ln p other
[ "$(id -u)" -ne 0 ] || chown 65534:65534 p
before=$(stat -c '%a %u %g' p)
exits 0 predict --model model --input input --output p && [ "$(wc -l <p)" -eq 200 ] &&
    [ "$(stat -c '%a %u %g' p)" = "$before" ] && [ "$(cat other)" = old ]
result "a replaced file keeps its permissions and owner; its other names keep the old contents"
ln -s p link
exits 0 predict --model model --input input --output link && [ -L link ] && [ "$(wc -l <p)" -eq 200 ]
result "a symbolic link stays"
exits 0 predict --model model --input input && cp out printed
exits 0 predict --model model --input input --output /dev/null && [ ! -s out ] &&
    "$tileprop" predict --model model --input input --output /dev/stdout 2>err | cmp -s - printed
result "predict writes to devices and pipes"
mkfifo pipe
cat pipe >piped &
exits 0 predict --model model --input input --output pipe && wait && cmp -s piped printed
result "and to pipes with a name"

# ------------------------------------------------------------------------------------------------ every pair of files

# other_name KIND FILE: another way to FILE, in the variable name.
other_name() {
    rm -f alias
    case $1 in
    same) name=$2 ;;
    spelt) name=./data/../$2 ;;
    absolute) name=$work/$2 ;;
    hard) ln "$2" alias && name="alias" ;;
    soft) ln -s "$2" alias && name="alias" ;;
    esac
}

# clashes FRAGMENT FILE KINDS OPTION ARGUMENT...: as the value of OPTION the file is refused, and stays, whatever it is
# called.
clashes() {
    fragment=$1
    file=$2
    kinds=$3
    option=$4
    shift 4
    cp "$file" before
    list=$(find . | sort)
    refused=0
    for kind in $kinds; do
        other_name "$kind" "$file"
        if exits 2 "$@" "$option" "$name" && grep -qF -e "$option $name: is $fragment" err && [ ! -s out ] &&
            cmp -s "$file" before; then
            refused=$((refused + 1))
        fi
    done
    rm -f alias
    # shellcheck disable=SC2086 # a list
    set -- "$option" "$1" $kinds
    [ $refused -eq $(($# - 2)) ] && [ "$(find . | sort)" = "$list" ]
    result "$2 $1 must not be $fragment: $file"
}

all="same spelt absolute hard soft"
clashes "the file of --model" model "$all" --output predict --model model --input input
clashes "the file of --input" input "$all" --output predict --model model --input input
clashes "the file of --init" model "$all" --log train $small --init model
clashes "the file of --init" model "$all" --log train $small --init model --out new
clashes "the file of --out" model "$all" --log train $small --out model
clashes "standard output" out "$all" --log train $small
clashes "standard output" out "$all" --out train $small
ln err alias
for option in --out --log; do
    fails 2 "$option alias: is standard error, too" train $small $option alias
done
rm alias

# Every name that a file of a data set can have, as IDX files are named.
mkdir names
for half in train t10k; do
    for part in images-idx3 images.idx3 labels-idx1 labels.idx1; do
        for ending in '' .gz; do
            file=names/$half-$part-ubyte$ending
            echo contents >"$file"
            for option in --out --log; do
                clashes "the data set's " "$file" "$all" $option train --data names
            done
        done
    done
done
clashes "the data set's " names/train-images-idx3-ubyte "same soft" --log train --data "$work/names/"

# Two outputs of which neither is there.
rm -f new
ln -s new soft
ln -s "$work" here
for log in new ./new "$work/new" here/new soft data/../new; do
    exits 2 train $small --out new --log "$log" && grep -qF -e "--log $log: is the file of --out, too" err &&
        [ ! -e new ] && no_leftovers
    result "--log $log must not be --out new"
done
rm soft
: >new
exits 0 train $small --epochs 1 --out new --log data/new && is_model new && [ -s data/new ]
result "the same name elsewhere is another file"
rm data/new

# What may be: going on with a model in its own place, and one device for all.
ln model second
for out in model ./model second; do
    exits 0 train $small --epochs 1 --init model --out "$out" && ! same_tensors model second && is_model model &&
        is_model "$out"
    result "--init model --out $out goes on in place"
    ln -f model second
done
exits 0 train $small --epochs 1 --log /dev/null && "$tileprop" train $small --epochs 1 --log /dev/null >/dev/null 2>&1
result "/dev/null is no file"

# -------------------------------------------------------------------------------------------- models that do not fit

# sparse FILE INPUTS OUTPUTS: a model of that size, parameters and all, of which the disk holds the header only.
sparse() {
    weights=$(($2 * $3 * 4))
    end=$((weights + $3 * 4))
    metadata=$(head -c 100000 model | tr -d '\0' | sed -n 's/.*"__metadata__":{\(.*\),"note[.]config.*/\1/p' |
        sed 's/"sha256":"[0-9a-f]*",*//; s/,$//')
    tensors="\"layers.0.bias\":{\"dtype\":\"F32\",\"shape\":[$3],\"data_offsets\":[0,$(($3 * 4))]}"
    tensors="$tensors,\"layers.0.weight\":{\"dtype\":\"F32\",\"shape\":[$2,$3],\"data_offsets\":[$(($3 * 4)),$end]}"
    header="{\"__metadata__\":{$metadata},$tensors}"
    length=${#header}
    printf "$(printf '\\%03o\\%03o\\0\\0\\0\\0\\0\\0' $((length & 255)) $((length >> 8)))" >"$1"
    printf '%s' "$header" >>"$1"
    truncate -s $((8 + length + end)) "$1"
}

exits 0 train --data data --hidden none --epochs 1 --out model
sparse huge 64 4
exits 0 predict --model huge --input input && [ "$(grep -c '^tileprop: note: huge' err)" -eq 1 ]
result "a model without digest is read, with one note"
sparse huge 1000000 4000
[ "$(stat -c %s huge)" -gt 15000000000 ]
result "a model of 16 GB"
for command in "predict --input input" "evaluate --data data"; do
    began=$(date +%s)
    fails 1 "huge has 1000000 inputs, but the samples of " $command --model huge
    holds "at once" test $(($(date +%s) - began)) -lt 3
done
fails 1 "huge has 1000000 inputs, but the samples of data have 64 values" train --data data --init huge

finish
