#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Programs that were compiled for other versions of the header, with the shared library of this one: with fewer fields
# at the end of structs they work as before, with more they are refused by a status.
# Usage: versions.sh SOURCE_DIR LIBRARY_DIR; CC and CFLAGS as the library was built with.
set -eu

source=$1
libraries=$2
: "${CC:=cc}" "${CFLAGS:=}"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# header NAME SED_SCRIPT: a header of another version.
header() {
    mkdir -p "$scratch/$1/tileprop"
    sed "$2" "$source/include/tileprop/tileprop.h" >"$scratch/$1/tileprop/tileprop.h"
}

# build NAME HEADERS SOURCE
build() {
    # shellcheck disable=SC2086 # flags
    $CC $CFLAGS -std=c11 -I "$2" "$3" -L "$libraries" -ltileprop "-Wl,-rpath,$libraries" -o "$scratch/$1.program"
}

# The last field of each options struct and of a layer goes, with what makes up for its size.
older='/^    const float \*class_weights; .*training samples/,/\*\//d'
for field in 'void \*message_user' 'float dropout' 'uint32_t reserved' 'float label_smoothing' \
    'int threads; .*0: the context' 'float final_factor'; do
    older="$older
/^    $field/d"
done
header older "$older"
header later 's/^} \(tp_[a-z]*_options\|tp_layer\|tp_data\|tp_targets\|tp_epilogue\);/    int of_a_later_version;\
&/'
if [ "$(diff "$source/include/tileprop/tileprop.h" "$scratch/older/tileprop/tileprop.h" | grep -c '^<')" -lt 8 ] ||
    [ "$(grep -c of_a_later_version "$scratch/later/tileprop/tileprop.h")" -lt 9 ]; then
    echo "the headers of other versions are not what they should be" >&2
    exit 1
fi

build now "$source/include" "$source/tests/consumer/xor.c"
build older "$scratch/older" "$source/tests/consumer/xor.c"
build later "$scratch/later" "$source/tests/consumer/later.c"
"$scratch/now.program" >"$scratch/now"
"$scratch/older.program" >"$scratch/older.out"
cmp "$scratch/now" "$scratch/older.out"
echo "fewer fields: $(cat "$scratch/now")"
"$scratch/later.program"
