#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Looks whether the C++ header calls every function of the C header, and whether the compiler warns of a status that a
# program ignores.
# Usage: interface.sh SOURCE_DIR CXX; without a compiler, says that the other tests of C++ do not run.
set -eu

source=$1
cxx=$2
header=$source/include/tileprop/tileprop.h

# Its names, without comments.
called=$(awk '{ text = text $0 "\n" }
    END {
        while (match(text, /\/\*([^*]|\*+[^*\/])*\*+\//))
            text = substr(text, 1, RSTART - 1) " " substr(text, RSTART + RLENGTH)
        print text
    }' "$source/include/tileprop/tileprop.hpp" | grep -oE '\<tp_[a-z0-9_]+\>' | sort -u)
functions=$(sed -nE 's/^TP_(API|INLINE) [^(]*[ *](tp_[a-z0-9_]*)\(.*/\2/p' "$header")
count=0
missing=
for name in $functions; do
    case $name in
    *_options_init | tp_model_get_*options) continue ;; # inline functions, which know the sizes, call them
    esac
    count=$((count + 1))
    echo "$called" | grep -qx "$name" || missing="$missing $name"
done
if [ -n "$missing" ]; then
    echo "tileprop.hpp does not call:$missing" >&2
    exit 1
fi
if [ $count -lt 75 ]; then
    echo "only $count functions were found in $header" >&2
    exit 1
fi
echo "all of $count functions are called"
if [ -z "${cxx%%*NOTFOUND}" ]; then
    echo "SKIPPED: C++: there is no compiler, only names were looked at"
    exit 0
fi
ignores='#include <tileprop/tileprop.hpp>
void save(tileprop::nothrow::model &model) { model.save("file"); }'
warnings=$(echo "$ignores" | "$cxx" -std=c++17 -fsyntax-only -I "$source/include" -x c++ - 2>&1)
echo "$warnings" | grep -q nodiscard || {
    echo "a program can ignore a status without a warning: $warnings" >&2
    exit 1
}
