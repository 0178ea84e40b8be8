#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Tests what people see of the command-line program: sh tests/cli_text.sh PATH_TO_TILEPROP. Terminals, and names that
# are not made for them.
. "$(dirname "$0")/cli_lib.sh"

# --------------------------------------------------------------------------------------------------------------- names

escape=$(printf '\033')
# Colour, two forged lines, DEL, a control character in UTF-8, a byte that is not UTF-8; and UTF-8 that people can read.
name=$(printf 'm\033[31m\nforged\r\177\302\233\377\303\274\342\202\254')
shown='m\x1b[31m\x0aforged\x0d\x7f\xc2\x9b\xff'$(printf '\303\274\342\202\254')
plain=$(printf 'm\033[31m\nforged\r\177\302\233\303\274') # as JSON can have it

# clean FILE...: has no control characters.
clean() {
    ! cat "$@" | grep -q '[[:cntrl:]]' && ! cat "$@" | grep -qF -e "$(printf '\302\233')" -e "$(printf '\377')"
}

# shows CODE ARGUMENT...: the name is on one line of standard error, escaped.
shows() {
    exits "$@" && grep -qF -e "$shown" err && clean out err
    result "shows a name escaped: $(printf '%s ' "$@" | sed "s/$escape.*/.../; q")"
}

exits 0 train $small --epochs 1 --out "$name" && grep -qxF "model       $shown" out && clean out err
result "the result names the model escaped, and UTF-8 as it is"
exits 0 train $small --epochs 1 --json --out "$name" && grep -qF 'forged\\x0d' out && clean out && one_object out
result "JSON names a model that is not UTF-8 escaped"
exits 0 train $small --epochs 1 --json --out "$plain" && clean out && one_object out &&
    grep -qF "m\\u001B[31m\\nforged\\r\\u007f\\u009b$(printf '\303\274')\"" out
result "JSON names a model that is UTF-8 as JSON can"
! command -v python3 >/dev/null || plain=$plain python3 -c '
import json, os
assert json.load(open("out", encoding="utf-8"))["model"] == os.environb[b"plain"].decode()' 2>>err
result "and what is parsed is the name"
shows 2 "$name"
shows 2 train "--$name"
shows 2 train "$name"
shows 2 train --data data --loss "$name"
shows 2 train --data data --batch "$name"
shows 1 train --data "$name"
shows 1 train --data data --init "$name-no"
shows 1 train --data data --out "$name-no/m"
shows 1 train --data data --log "$name-no/l"
shows 2 train --data data --epochs 1 --out "$name" --log "./$name"
shows 1 evaluate --model "$name-no" --data data
shows 1 predict --model "$name" --input "$name-no"
shows 2 predict --model "$name" --input data/train-images-idx3-ubyte --top 9
shows 2 info --isa "$name"
mkdir "d$name"
cp data/train-* "d$name"
shows 0 train --data "d$name" --epochs 1
long=$(printf '%0250d' 0)
exits 1 train $small --out "$long/$long/$long/$long/m" && grep -q '/m: .*: No such file or directory$' err
result "a long path does not hide the reason"

# ------------------------------------------------------------------------------------------------------------- terminal

# The path of the program is not pasted into the command, but left to the shell.
# on_terminal OPTION...: trains under the command $under; what the terminal received is in the file screen.
on_terminal() {
    script -qefc "stty cols $columns; $under \"\$tileprop\" train $small --epochs 5 $* >out" screen \
        </dev/null >/dev/null 2>err
}
columns=80
under=
if script -qec true /dev/null </dev/null >/dev/null 2>&1; then
    TERM=xterm on_terminal
    grep -q 'epoch [0-9]*/5 .*\[.*>.*\].* [0-9]*%  loss .* samples/s  ETA [0-9]*:[0-9][0-9]' screen &&
        grep -q "$escape\[32m" screen && tr '\r' '\n' <screen | grep -q '^epoch 5/5  loss'
    result "a terminal gets a coloured bar and a line per epoch"
    TERM=xterm NO_COLOR=1 on_terminal
    grep -q 'ETA' screen && ! grep -q "$escape" screen
    result "NO_COLOR removes the colour, not the bar"
    # overwritten: what is to be seen in the end of lines that are rewritten after a carriage return.
    overwritten() {
        awk '{
            count = split($0, letter, ""); at = most = 0; split("", shown)
            for (i = 1; i <= count; i++)
                if (letter[i] == "\r") at = 0
                else { shown[++at] = letter[i]; if (at > most) most = at }
            for (i = 1; i <= most; i++) printf "%s", shown[i]
            print ""
        }'
    }
    # widest: the columns of the longest line that is there to stay.
    widest() {
        sed '1d; $d' screen | tr '\r' '\n' | grep -E '^(tileprop: training|epoch)' | awk '{
            if (length > widest) widest = length } END { print widest + 0 }'
    }
    for columns in 80 40; do
        TERM=xterm NO_COLOR=1 on_terminal --validation 0.25 --epochs 10
        [ "$(widest)" -gt 30 ] && [ "$(widest)" -lt $columns ]
        result "no line of a run wraps in $columns columns"
        tr '\r' '\n' <screen >lines
        grep -q '^epoch 10/10  .*validation .*accuracy 0' lines && ! grep -q '^epoch [0-9/]*  .*samples/s$' lines
        result "$columns columns: the metric of the validation stays, the speed goes"
    done
    columns=80
    rm -f screen
    under='env --default-signal=INT sh -c '\''echo $$ >pid; exec "$@"'\'' sh'
    TERM=xterm on_terminal --hidden 2000,2000 --batch 1 &
    wait_for grep -qs ETA screen
    kill -INT "$(cat pid)"
    wait $!
    under=
    tr '\r\n' '@@' <screen | grep -q 'ETA [0-9:]*@  *@@*Script done' && grep -q '^stopped' out
    result "the bar is removed when Ctrl-C stops the run"
    # The terminal itself shows ^C and sends the signal.
    rm -f screen keys
    mkfifo keys
    under='env --default-signal=INT sh -c '\''exec "$@"'\'' sh'
    TERM=xterm NO_COLOR=1
    export TERM NO_COLOR
    long="--hidden 2000,2000 --batch 1 --epochs 9"
    script -qefc "stty cols 80; $under \"\$tileprop\" train $small $long >out" screen <keys >/dev/null 2>err &
    exec 3>keys
    wait_for grep -qs ETA screen
    printf '\003' >&3
    wait $!
    exec 3>&-
    unset TERM NO_COLOR
    under=
    grep -qF '^C' screen && grep -q '^stopped' out &&
        ! overwritten <screen | grep -qF '^C'
    result "nothing is left of the ^C"
    columns=40
    TERM=xterm NO_COLOR=1 on_terminal
    tr '\r' '\n' <screen | grep '%  loss' >err && ! grep -q '.\{40\}' err && ! grep -qF '[' err
    result "a narrow terminal gets no bar, and lines that do not wrap"
    columns=80
    TERM=dumb on_terminal
    ! grep -q 'ETA' screen && ! grep -q "$escape" screen && [ "$(grep -c '^epoch ' screen)" -eq 5 ]
    result "a dumb terminal gets lines only"
    TERM=xterm on_terminal --quiet
    ! grep -q 'ETA' screen && ! grep -q "^epoch" screen && grep -q '^test' out
    result "--quiet removes the bar"
else
    skip "the terminal: no program script (package bsdutils), or no pseudo-terminals"
fi

finish
