#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Tests convert: sh tests/cli_convert.sh PATH_TO_TILEPROP. What it writes trains the same parameters as its source.
# shellcheck source=tests/cli_lib.sh
. "$(dirname "$0")/cli_lib.sh"

# The parameters of a model, as hexadecimal digits.
parameters() {
    perl -e '
        local $/;
        open my $file, "<:raw", $ARGV[0] or die;
        my $text = <$file>;
        my $size = unpack "Q<", $text;
        my $header = substr $text, 8, $size;
        while ($header =~ /"layers\.\d+\.\w+":\{[^}]*"data_offsets":\[(\d+),(\d+)\]/g) {
            print unpack("H*", substr $text, 8 + $size + $1, $2 - $1), "\n";
        }' "$1"
}

# The offset of each member of an archive that is not a multiple of 64.
misplaced() {
    perl -e '
        local $/;
        open my $file, "<:raw", $ARGV[0] or die;
        my $text = <$file>;
        my $members = 0;
        while ($text =~ /PK\x03\x04.{22}(..)(..)/gs) {
            my $begin = $+[0] + unpack("v", $1) + unpack("v", $2);
            print "$begin\n" if $begin % 64 || substr($text, $begin, 6) ne "\x93NUMPY";
            $members++;
        }
        print "no members\n" unless $members;' "$1"
}

# train FILE MODEL OPTION...
train() {
    data=$1
    model=$2
    shift 2
    exits 0 train --data "$data" --hidden 8 --epochs 2 --batch 16 --out "$model" "$@" &&
        parameters "$model" >"$model.hex" &&
        [ -s "$model.hex" ]
}

# same COLUMNS [OPTION...]: the conversion and the training from the table have the options, the other training only
# those behind the columns.
same() {
    columns=$1
    shift
    # shellcheck disable=SC2086 # options
    exits 0 convert table.csv same.npz $columns && train table.csv a $columns "$@" && train same.npz b "$@" &&
        cmp a.hex b.hex
    result "a table as NPZ trains the same parameters: $columns $*"
}

awk 'BEGIN {
    print "x,y,n,size,kind"
    for (i = 0; i < 90; i++)
        printf "%.3f,%.17g,%d,%s,%s\n", i * 37 % 100 / 80, i * 53 % 100 / 90, i * 7 % 3, i % 7 * 2 ".5",
            i % 3 == 0 ? "red" : i % 3 == 1 ? "gr\303\274n" : "blue"
}' >table.csv

if ! exits 0 convert table.csv probe.npz || ! exits 0 describe probe.npz; then
    skip "the program was built without libzip and reads no NPZ"
    echo "1..$checks"
    exit
fi
holds "an archive of aligned members" test -z "$(misplaced probe.npz)"
same ""
same "--target size --ignore kind"
same "--target x,size --ignore kind" --task regression
same "--target n --ignore kind"
same "--target n --ignore kind" --task regression
same "--target n" --scaling none
same "--target n"
same "--categories n" --validation 0.3

awk 'BEGIN {
    print "id,x,w,color,size,kind"
    for (i = 0; i < 120; i++)
        printf "r%d,%s,%g,%s,%g,%s\n", i, i % 11 == 3 ? "" : i * 37 % 100 / 80, 1 + i % 4,
            i % 13 == 5 ? "NA" : i % 3 == 0 ? "red" : i % 3 == 1 ? "green" : "blue", i * i % 17, (i * 7 % 19 > 9)
}' >gaps.csv
exits 0 convert gaps.csv gaps.npz --weight w --id id
for missing in mean drop; do
    train gaps.csv a --weight w --id id --missing $missing --validation 0.3 &&
        train gaps.npz b --weight w --missing $missing --validation 0.3 && cmp a.hex b.hex
    result "missing values and weights train the same: --missing $missing"
done
train gaps.csv c --ignore w --id id --missing drop --validation 0.3 && ! cmp -s a.hex c.hex
result "the weights count"
exits 0 convert gaps.csv less.npz --weight w --id id --missing drop && train less.npz b --weight w --validation 0.3 &&
    cmp a.hex b.hex
result "rows with missing values are left out"
fails 1 "20 rows with missing values: row 4 ('x'), row 6 ('color=blue')" train --data gaps.npz
exits 0 predict --model b --input gaps.npz --id id --format csv --missing mean && sed -n '1p;5p' out >first-rows &&
    grep -q '^id,prediction' first-rows && grep -q '^r3,' first-rows
result "ids are kept"
exits 0 convert gaps.npz again.npz --weight w --id id && cmp gaps.npz again.npz
result "NPZ with weights, ids, categories and missing values becomes the same NPZ"
sed '1s/.*/targets,x,w,color,size,kind/' gaps.csv >taken.csv
sed 1d table.csv | awk -F, -v OFS=, '{ print $0, NR % 3 + 1, "r" NR }' >bare.csv
exits 0 convert bare.csv bare.npz --no-header --target 5 --weight 6 --id 7 && train bare.csv a --no-header --target 5 \
    --weight 6 --id 7 && train bare.npz b --weight 6 && cmp a.hex b.hex && exits 0 evaluate --model b --data bare.npz &&
    exits 0 predict --model b --input bare.npz --id 7 --format csv && sed -n 3p out | grep -q '^r2,'
result "without names, weights and ids are arrays with the numbers that the options have"
fails 2 "--missing 'mean': must be one of keep, drop; did you mean 'keep'?" convert gaps.csv bad.npz --missing mean
fails 1 "--id targets: an array of an NPZ file cannot have this name" convert taken.csv bad.npz --id targets

exits 0 convert data images.npz && train data a && train images.npz b && cmp a.hex b.hex
result "images stay images, and are divided by 255"

exits 0 convert table.csv first.npz && exits 0 convert first.npz second.npz &&
    cmp first.npz second.npz
result "NPZ becomes the same NPZ"
exits 0 convert table.csv --categories n --out names.npz && exits 0 describe --json names.npz &&
    grep -q '"name":"n=0".*"name":"n=2".*"name":"kind".*"categories":\["blue","gr.*n","red"\]' out
result "names of categories and classes"

if command -v unzip >/dev/null; then
    holds "unzip finds no error" unzip -tq first.npz
else
    skip "no unzip"
fi
if /usr/bin/python3 -c 'import numpy' 2>/dev/null; then
    holds "NumPy reads it" /usr/bin/python3 -c '
import numpy
z = numpy.load("first.npz")
assert z["inputs"].shape == (90, 4) and z["inputs"].dtype == numpy.float64
assert list(z["targets"][:3]) == ["red", "gr\u00fcn", "blue"]
assert list(z["names"]) == ["x", "y", "n", "size", "kind"]'
else
    skip "no NumPy"
fi

echo old >kept.npz
fails 1 "does not fit" convert table.csv --task regression kept.npz
holds "after an error the old file stays" test "$(cat kept.npz)" = old
cp table.csv table.npz
fails 2 "--out table.npz: is the file of --data, too" convert table.npz table.npz
fails 2 "--out 'new.csv': must be a name that ends in .npz" convert table.csv new.csv
exits 0 convert --out options.npz --data table.csv && cmp options.npz first.npz
result "options name the same files"
fails 2 "--out FILE is missing" convert table.csv
fails 2 "--data D is missing" convert --out kept.npz
fails 2 "unexpected argument 'kept.npz', as there is --data table.csv" convert --data table.csv kept.npz
fails 2 "unexpected argument 'other.npz', as there is --out kept.npz" convert table.csv other.npz --out kept.npz
fails 2 "unexpected argument 'c'" convert a b.npz c
printf 'x,c\n1,\377\n2,b\n' >latin.csv
fails 1 "is not UTF-8" convert latin.csv latin.npz

echo "1..$checks"
[ $failures -eq 0 ]
