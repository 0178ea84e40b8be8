#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Compares the Fortran modules with the C header: every enum constant has the same value, every struct the same size and
# fields at the same places, and every function is there, both in tileprop_c and, with arrays, in tileprop.
# Usage: interface.sh SOURCE_DIR MODULE_DIR; CC, CFLAGS and FC as the library was built with.
set -eu

source=$1
modules=$2
: "${CC:=cc}" "${CFLAGS:=}" "${FC:=gfortran}"
header=$source/include/tileprop/tileprop.h
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

generate() {
    awk -v language="$1" -f "$source/tests/fortran/interface.awk" "$header"
}

declarations() {
    # The functions that take the size of a struct are for the default functions that wrap them.
    c_functions=$(sed -n 's/^TP_API [^(]*[ *]\(tp_[a-z0-9_]*\)(.*/\1/p' "$header")
    wrappers=$(sed -n 's/^TP_INLINE [^(]*[ *]\(tp_[a-z0-9_]*\)(.*/\1/p' "$header")
    for name in $c_functions; do
        echo "    use tileprop_c, only: c_$name => $name"
    done
    for name in $c_functions $wrappers; do
        case $name in
        *_options_init | tp_model_get_*options) ;;
        *) echo "    use tileprop, only: f_$name => $name" ;;
        esac
    done
}

{
    printf '#include <stdio.h>\n#include <tileprop/tileprop.h>\nint main(void) {\n'
    generate c
    echo '}'
} >interface.c
{
    printf 'program interface\n    use, intrinsic :: iso_c_binding\n    use tileprop_types\n'
    declarations
    printf '    implicit none\n'
    for struct in $(generate list | tail -n 1); do
        echo "    type($struct), target :: a_$struct"
    done
    generate fortran
    cat <<'FUNCTION'
contains
    function from(first, field) result(bytes)
        type(c_ptr), intent(in) :: first, field
        integer(c_intptr_t) :: bytes
        bytes = transfer(field, bytes) - transfer(first, bytes)
    end function
end program
FUNCTION
} >interface.f90
# shellcheck disable=SC2086 # a list of flags
$CC $CFLAGS -std=c11 -I "$source/include" interface.c -o from_c
# -w: nothing calls the functions.
$FC -w -fsyntax-only -I "$modules" interface.f90
grep -v '=> tp_' interface.f90 >values.f90
$FC -w -I "$modules" values.f90 -o from_fortran
./from_c >c.txt
./from_fortran >fortran.txt
diff c.txt fortran.txt
lines=$(wc -l <c.txt)
functions=$(grep -c '=> tp_' interface.f90)
if [ "$lines" -lt 290 ] || [ "$functions" -lt 120 ]; then
    echo "only $lines values and $functions functions were found in $header" >&2
    exit 1
fi
echo "$lines values and $functions functions are the same"
