# SPDX-License-Identifier: BSD-3-Clause
# Sourced by the tests of the command-line program, cli*.sh, with its path as first argument: a scratch directory to run
# in, data to train on, and checks.
set -u
export LC_ALL=C
unset TILEPROP_ISA NO_COLOR

[ $# -eq 1 ] || { echo "usage: $0 PATH_TO_TILEPROP" >&2; exit 2; }
. "$(dirname "$0")/tap.sh"
base=$(mktemp -d) || exit 2
trap 'rm -rf "$base"' EXIT
# A path that must reach every program as it is: evaluated once more, it would make a file.
work="$base/a 'b' \"c\" \$(touch evaluated); *"
mkdir "$work" || exit 2
cp "$1" "$work/tileprop" || exit 2
export tileprop="$work/tileprop"
chmod 755 "$base"
cd "$work" || exit 2

# ---------------------------------------------------------------------------------------------------------- reporting

skip() {
    checks=$((checks + 1))
    echo "ok $checks - # SKIP $1"
    echo "${0##*/}: SKIPPED: $1" >&2
}

# takes SUM_OF_INDICES: is this combination to be tested? As tests/support/stride.h.
takes() {
    [ "${TILEPROP_TEST_LONG:-}" = 1 ] || [ $(($1 % ${TILEPROP_TEST_STRIDE:-1})) -eq 0 ]
}

# exits CODE ARGUMENT...: runs the program into the files out and err.
exits() {
    wanted=$1
    shift
    "$tileprop" "$@" >out 2>err
    [ $? -eq "$wanted" ]
}

# fails CODE FRAGMENT ARGUMENT...: exit code, message on standard error, nothing on standard output.
fails() {
    code=$1
    fragment=$2
    shift 2
    exits "$code" "$@" && grep -qF -e "$fragment" err && [ ! -s out ]
    result "'$*' exits $code and says: $fragment"
}

# holds NAME COMMAND...
holds() {
    name=$1
    shift
    "$@" >/dev/null
    result "$name"
}

# Compares field $1 of a one-line JSON file $2 with an awk condition on x, as in 'json accuracy out "x > 0.9"'.
json() {
    sed -n "s/^{.*\"$1\":\\([-0-9.e+]*\\)[,}].*/\\1/p" "$2" | awk "{ x = \$1; seen = 1 } END { exit !(seen && ($3)) }"
}

# One line that looks like an object.
one_line() {
    [ "$(wc -l <"$1")" -eq 1 ] && grep -q '^{.*}$' "$1"
}

# One object; really parsed if there is something to parse it with.
one_object() {
    one_line "$1" || return 1
    ! command -v python3 >/dev/null || python3 -c 'import json, sys; json.load(open(sys.argv[1]))' "$1" 2>>err
}

# tensors FILE: what a model's file has behind its header, which has notes about the training.
tensors() {
    perl -e 'local $/; open my $file, "<:raw", $ARGV[0] or die; $_ = <$file>; print substr $_, 8 + unpack "Q<"' "$1"
}

# same_tensors A B: of two models.
same_tensors() {
    tensors "$1" >first.tensors && tensors "$2" >second.tensors && cmp -s first.tensors second.tensors
}

# --------------------------------------------------------------------------------------------------------------- data

# be32 NUMBER...: 32-bit big-endian integers as printf escapes.
be32() {
    for number; do
        printf '\\%03o\\%03o\\%03o\\%03o' $((number >> 24 & 255)) $((number >> 16 & 255)) $((number >> 8 & 255)) \
            $((number & 255))
    done
}

# images COUNT SEED: 8 x 8 bytes; two bright rows in noise, which two being the class, sample number modulo 4.
images() {
    printf "$(printf '\\000\\000\\010\\003'; be32 "$1" 8 8; awk -v count="$1" -v x="$2" 'BEGIN {
        for (i = 0; i < count; i++)
            for (p = 0; p < 64; p++) {
                x = x * 16807 % 2147483647
                printf "\\%03o", x % 100 + (int(p / 16) == i % 4 ? 100 : 0)
            }
    }')"
}

# labels COUNT CLASSES
labels() {
    printf "$(printf '\\000\\000\\010\\001'; be32 "$1"; awk -v count="$1" -v classes="$2" 'BEGIN {
        for (i = 0; i < count; i++)
            printf "\\%03o", i % classes
    }')"
}

# zeros TYPE SIZE: IDX file of one sample with 64 zeros of SIZE bytes; TYPE is the octal type byte.
zeros() {
    printf "\\000\\000\\$1\\002$(be32 1 64)"
    head -c $((64 * $2)) /dev/zero
}

# numbers COUNT SEED: a table with a target y of numbers.
numbers() {
    awk -v count="$1" -v x="$2" 'function random() {
        x = x * 16807 % 2147483647
        return x / 2147483647
    }
    BEGIN {
        print "a,b,c,y"
        for (i = 0; i < count; i++) {
            a = random(); b = random(); c = random()
            printf "%.6f,%.6f,%.6f,%.6f\n", a, b, c, 100 + 20 * a - 10 * b * c
        }
    }'
}

mkdir data notest
numbers 200 3 >numbers.csv
images 400 1 >data/train-images-idx3-ubyte
labels 400 4 >data/train-labels-idx1-ubyte
images 200 2 | gzip >data/t10k-images-idx3-ubyte.gz
labels 200 4 | gzip >data/t10k-labels-idx1-ubyte.gz
cp data/train-* notest
: >out
: >err
# shellcheck disable=SC2034 # for the scripts that source this
numbers="--data numbers.csv --target y --hidden 24,16 --batch 32 --epochs 10"
# shellcheck disable=SC2034
small="--data data --hidden 24,16 --batch 32 --epochs 10"

# -------------------------------------------------------------------------------------------------- files, processes

# no_leftovers [DIRECTORY]: no temporary file.
no_leftovers() {
    [ -z "$(find "${1:-.}" -name '.tileprop-*')" ]
}

# is_model FILE
is_model() {
    "$tileprop" evaluate --threads 1 --model "$1" --data data >/dev/null 2>err
}

# lines LOG: it without times.
lines() {
    sed -E 's/"(seconds|samples_per_second)":[^,}]*//g' "$1"
}

# same_log LOG OTHER
same_log() {
    lines "$1" >first.lines
    lines "$2" >second.lines
    cmp -s first.lines second.lines
}

# wait_for COMMAND...: until it succeeds, for a minute at most.
wait_for() {
    tenths=0
    until "$@" || [ $tenths -eq 600 ]; do
        tenths=$((tenths + 1))
        sleep 0.1
    done
}

# is_waiting PID: it has used no processor time for a while, but some before.
is_waiting() {
    before=$(cut -d ' ' -f 14,15 "/proc/$1/stat")
    sleep 0.2
    [ "$before" != "0 0" ] && [ "$before" = "$(cut -d ' ' -f 14,15 "/proc/$1/stat")" ] &&
        grep -q '^State:.*S' "/proc/$1/status"
}

# The last line of every script.
finish() {
    holds "no path was evaluated" test -z "$(find "$base" -name evaluated)"
    echo "1..$checks"
    [ $failures -eq 0 ] || echo "${0##*/}: $failures of $checks checks failed" >&2
    [ $failures -eq 0 ]
}
