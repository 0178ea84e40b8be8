#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Pictures: they appear whole, in the size that was asked for, with the names in them, and no name is a command.
#   sh tests/plots.sh PATH_TO_TILEPROP
set -u
export LC_ALL=C
tileprop=$(realpath "$1")
source=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=tests/scratch.sh
. "$source/tests/scratch.sh"

# epochs FILE: a log of five epochs.
epochs() {
    awk 'BEGIN { for (i = 1; i <= 5; i++)
        printf "{\"epoch\":%d,\"learning_rate\":%g,\"train_loss\":%g,\"train_accuracy\":%g,%s%g,%s}\n",
            i, 0.1 / i, 1 / i, 1 - 1 / i, "\"validation_loss\":", 1.1 / i,
            "\"validation_accuracy\":null,\"more\":[\"x\"]" }' >"$1"
}

# says CODE FRAGMENT ARGUMENT...
says() {
    code=$1
    fragment=$2
    shift 2
    PATH=$search "$tileprop" plot "$@" >out 2>err
    [ $? -eq "$code" ] && grep -qF -e "$fragment" err
    result "plot $* exits $code and says: $fragment"
}

# The width in the header of a PNG file.
png_width() {
    [ "$(head -c 4 "$1" | tail -c 3)" = PNG ] && od -A n -t u1 -j 16 -N 4 "$1" |
        awk '{ print (($1 * 256 + $2) * 256 + $3) * 256 + $4 }'
}

search=$PATH
epochs run.jsonl
cp run.jsonl run.svg
says 2 "RUN.jsonl is missing" --out x.svg
says 2 "--out FILE is missing" run.jsonl
says 2 "must be a name that ends in .svg or .png" run.jsonl --out x.pdf
says 1 "none.jsonl: No such file" none.jsonl --out x.svg
says 2 "is the file to read ./run.svg, too" ./run.svg --out run.svg
cp run.jsonl broken.jsonl
echo '{"epoch":' >>broken.jsonl
says 1 "broken.jsonl: line 6 is no epoch of a log" run.jsonl broken.jsonl --out x.svg
echo '{"epoch":"6"}' | cat run.jsonl - >broken.jsonl
says 1 "broken.jsonl: line 6 is no epoch of a log" broken.jsonl --out x.svg
: >empty.jsonl
says 1 "empty.jsonl: has no epochs" empty.jsonl --out x.svg
mkdir nothing
echo old >old.svg
search=$work/nothing
says 1 "cannot run gnuplot" run.jsonl --out old.svg
printf '#!/bin/sh\nhead -c 100\nexit 1\n' >nothing/gnuplot
chmod 755 nothing/gnuplot
search=$work/nothing:$PATH
says 1 "gnuplot failed; no picture was made" run.jsonl --out old.svg
[ "$(cat old.svg)" = old ] && [ ! -e x.svg ] && [ ! -e x.pdf ]
result "without a picture the old file stays"

if command -v gnuplot >/dev/null; then
    for width in 600 1200; do
        "$tileprop" plot run.jsonl --out "$width.png" --width $width >out 2>err && [ ! -s err ] &&
            [ "$(png_width $width.png)" = $width ]
        result "a PNG picture $width pixels wide"
    done
    # shellcheck disable=SC2016 # as it is
    evil='a `touch one` "; system "touch two" $(touch three) %s {x} ü.jsonl'
    epochs "$evil"
    sed -i '1i {"config":{"version":"1"}}' "$evil"
    "$tileprop" plot "$evil" run.jsonl --out curves.svg --width 1000 >out 2>err && [ ! -s err ] &&
        grep -q '<svg[^>]*' curves.svg && grep -q 'width="1000"' curves.svg && grep -q '</svg>' curves.svg
    result "an SVG picture"
    ! command -v python3 >/dev/null ||
        python3 -c 'import sys, xml.dom.minidom as x; x.parse(sys.argv[1])' curves.svg 2>err
    result "is XML"
    for text in loss accuracy "learning rate" "training run" "training a \`touch one\`"; do
        grep -qF ">$text" curves.svg
        result "has the text $text"
    done
    [ ! -e one ] && [ ! -e two ] && [ ! -e three ]
    result "no name of a file was run"
else
    echo "plots.sh: SKIPPED: gnuplot is not installed" >&2
fi

# ---- evaluate

# table COUNT LAST: rows of two numbers and what awk's expression LAST makes of c = 0, 1, 2.
table() {
    awk -v rows="$1" "BEGIN {
        for (i = 0; i < rows; i++) { c = i % 3; print c + i % 7 / 9 \",\" c - i % 5 / 8 \",\" $2 }
    }"
}

# draws NAME TARGETS FILE OPTION...: trains on NAME.csv, and evaluates with a picture in FILE.
draws() {
    name=$1
    targets=$2
    picture=$3
    shift 3
    "$tileprop" train --data "$name.csv" --target "$targets" --epochs 5 --out "$name.model" --quiet >out 2>err &&
        "$tileprop" evaluate --model "$name.model" --data "$name.csv" --plot "$picture" "$@" >out 2>err
}

# shellcheck disable=SC2016 # as it is
{ echo "a,b,class"; table 60 'c "%s`touch ran`"'; } >classes.csv
{ echo "a,b,two"; table 60 '(c > 1)'; } >binary.csv
{ echo "a,b,number,other"; table 60 'c * 1.5 + i / 70 "," 2 - c + i / 90'; } >numbers.csv
{ echo "a,b,x,y,z"; table 60 '(c > 0) "," (c > 1) "," (i % 2)'; } >labels.csv
if command -v gnuplot >/dev/null; then
    draws classes class classes.svg --width 600
    result "classes: confusion and curves"
    grep -q 'width="600"' classes.svg && grep -q 'true class' classes.svg && grep -q 'Precision and recall' classes.svg
    result "classes: both are in the picture, in its width"
    grep -q '0%s`touch' classes.svg && [ ! -e ran ]
    result "a class whose name looks like commands"
    draws binary two binary.svg
    result "two classes"
    [ "$(grep -c '<text' binary.svg)" -gt 20 ] && grep -q 'ROC' binary.svg
    result "two classes: one curve"
    draws numbers number,other numbers.png --width 500
    result "numbers: predicted against true"
    [ "$(png_width numbers.png)" -eq 500 ]
    result "numbers: the width"
    draws labels x,y,z labels.svg
    result "labels: curves"
    grep -q 'Precision and recall' labels.svg && ! grep -q 'true class' labels.svg
    result "labels: no confusion"
    "$tileprop" evaluate --model labels.model --data labels.csv --plot labels.csv >out 2>err
    [ $? -eq 2 ] && grep -q 'labels.csv' err && grep -q '^a,b,x,y,z$' labels.csv
    result "the data is not drawn over"
    mkdir empty
    PATH=$work/empty "$tileprop" evaluate --model labels.model --data labels.csv --plot none.svg >out 2>err
    [ $? -eq 1 ] && grep -q gnuplot err && grep -q '^loss' out && [ ! -e none.svg ]
    result "without gnuplot there are the numbers, and a message"
fi

echo "1..$checks"
[ $failures -eq 0 ]
