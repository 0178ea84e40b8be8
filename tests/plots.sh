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
says 2 "must end in .svg or .png" run.jsonl --out x.pdf
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

echo "1..$checks"
[ $failures -eq 0 ]
