#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The reference pages: target docs makes them without a warning, they have the text of the header's comments, and a
# symbol without a comment, or a comment that names what is not there, is an error.
# Usage: docs.sh SOURCE_DIR BUILD_DIR
set -u

source=$1
build=$2
header=$source/include/tileprop/tileprop.h
. "$source/tests/scratch.sh"

if ! command -v doxygen >/dev/null; then
    echo "SKIPPED: reference pages, because doxygen is not installed"
    exit 0
fi

# page FILE TEXT: who reads the page finds the text, however its lines are broken.
page() {
    case $1 in
    *.html) sed 's/<[^>]*>//g; s/&lt;/</g; s/&gt;/>/g' "$build/docs/$1" ;;
    *) LC_ALL=C man -l "$build/docs/$1" ;;
    esac 2>err | tr '\n' ' ' | sed 's/  */ /g' >text
    echo "$1 has no: $2" >out
    grep -qF -- "$2" text
}

# every_constant DOCS: there is a page for each. Doxygen leaves out those without a comment, and does not warn.
every_constant() {
    constants=$(sed -nE 's|^    (TP_[A-Z0-9_]+)( = [0-9a-z]+)?,?( */\*.*)?$|\1|p' "$header")
    [ "$(echo "$constants" | wc -l)" -ge 50 ] || return 1
    for constant in $constants; do
        [ -e "$1/man/man3/$constant.3" ] || echo "$constant has no comment"
    done >out
    [ ! -s out ]
}

# refused SED_SCRIPT SYMBOL: with the header changed so doxygen fails, or leaves it out, and the message names it.
refused() {
    rm -rf other
    mkdir other
    sed "$1" "$header" >other/tileprop.h
    cmp -s "$header" other/tileprop.h && return 1
    { cat "$build/Doxyfile.docs"
      printf '%s = "%s"\n' INPUT "$PWD/other/tileprop.h" OUTPUT_DIRECTORY "$PWD/other"; } |
        doxygen - >out 2>err && every_constant other && return 1
    grep -q "$2" out err
}

cmake --build "$build" --target docs >out 2>err
result "target docs"
for kind in html/tileprop_8h.html man/man3/tileprop.h.3; do
    page $kind "With a training workspace, x must stay unchanged until the following tp_backward."
    result "$kind: a function"
    page $kind "a data set has no files for the requested split"
    result "$kind: an enum constant behind which its comment is"
    page $kind "logsumexp(z) - sum_j y_j z_j, sum_j y_j = 1; needs TP_ACTIVATION_SOFTMAX as last activation"
    result "$kind: an enum constant before which it is"
    page $kind "layers.<l>.weight f32 [n_{l-1}, n_l], l from 0"
    result "$kind: a table"
    page $kind 'Control characters and bytes that are not UTF-8 are shown as \xNN.'
    result "$kind: a backslash"
done
man -l "$build/docs/man/man3/tileprop.h.3" 2>err | tee out | grep -q '^  *Adam, AdamW  *2: m, then s$'
result "the rows of a table are lines"
for kind in html/structtp__layer.html man/man3/tp_layer.3; do
    page $kind "p, 0 <= p < 1 (tp_workspace_set_dropout); must be 0 in the last layer"
    result "$kind: a field"
done
page html/index.html "Memory. Each object has its own destroy function"
result "the main page"
every_constant "$build/docs"
result "every enum constant"

refused '/^\/\* The version of the library that was linked/d' tp_version
result "a function without a comment is refused"
refused 's/^\(    size_t width; *\)\/\*.*/\1/' width
result "a field without a comment is refused"
refused 's/^\(    TP_INIT_ZERO, *\)\/\*.*/\1/' TP_INIT_ZERO
result "an enum constant without a comment is refused"
refused 's/^\(\/\* Loss of the last \)tp_forward/\1tp_forwards/' tp_forwards
result "a name that is not there is refused"

echo "1..$checks"
[ $failures -eq 0 ]
