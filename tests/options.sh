#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Configures tileprop with options that would change the bits of its results, given in every way there is: that fails,
# and the message names the option. Of link-time optimisation by clang it tells what it means.
# Usage: options.sh SOURCE_DIR; CC is the compiler.
set -u

source=$1
: "${CC:=cc}"
export CC
unset CFLAGS LDFLAGS
. "$source/tests/scratch.sh"

configure() {
    cmake -D TILEPROP_DIR="$source" -D BUILD_TESTING=OFF -D TILEPROP_BUILD_BENCH=OFF "$@" >out 2>err
}

# refuses MESSAGE CMAKE_ARGUMENT...: CMake breaks its lines anywhere.
refuses() {
    message=$1
    shift
    ! configure "$@" && tr -s ' \n' ' ' <err | grep -qF -e "tileprop refuses $message"
    result "$* is refused: $message"
}

# seen NAME OPTION...: the header does not compile with the options, and names one of them.
seen() {
    name=$1
    shift
    ! $CC "$@" -fsyntax-only -x c "$source/src/core/arithmetic.h" >out 2>err && grep -q "tileprop refuses .*$name" err
    result "core/arithmetic.h does not compile with $*"
}

alone="-S $source -B alone"
inside="-S $source/tests/parent -B inside"
# shellcheck disable=SC2086 # lists of words
{
    configure $alone -D CMAKE_BUILD_TYPE=Release -D CMAKE_C_FLAGS="-O3 -std=c99 -fno-associative-math -fno-fast-math"
    result "options that change nothing are accepted"
    configure $alone -D CMAKE_C_FLAGS= && configure $inside
    result "no options are accepted"
    if $CC --version | grep -q clang; then
        configure $alone -D CMAKE_C_FLAGS=-flto &&
            tr -s ' \n' ' ' <err | grep -q "libtileprop.a can be linked by Clang [0-9.]* alone"
        result "CMake says who can link an archive that has no machine code"
    fi

    for option in $(grep '^-' "$source/tools/cmake/refused.txt"); do
        refuses "$option, which CMAKE_C_FLAGS has" $alone -D CMAKE_C_FLAGS="-g $option"
    done
    for variable in CMAKE_C_FLAGS CMAKE_C_FLAGS_RELEASE CMAKE_EXE_LINKER_FLAGS CMAKE_SHARED_LINKER_FLAGS_RELEASE; do
        refuses "-ffast-math, which $variable has" $alone -D CMAKE_C_FLAGS= -D $variable="-ffast-math -g"
        configure $alone -D $variable=
    done
    refuses "-Ofast, which COMPILE_OPTIONS has" $inside -D EARLY_OPTIONS='$<$<COMPILE_LANGUAGE:C>:-Ofast>'
    CFLAGS=-ffast-math refuses "-ffast-math, which CMAKE_C_FLAGS has" -S "$source" -B environment

    # What the compiler is told behind CMake's back is seen by its macros.
    refuses "-ffast-math, and" $alone -D CMAKE_C_FLAGS=-D__FAST_MATH__
    refuses "-ffast-math, and" $alone -D CMAKE_C_FLAGS= -D CMAKE_C_FLAGS_RELEASE=-D__FAST_MATH__
    refuses "-ffast-math, and" $inside -D EARLY_OPTIONS='$<$<COMPILE_LANGUAGE:C>:-D__FAST_MATH__>'
    printf '#!/bin/sh\nexec %s -ffinite-math-only "$@"\n' "$CC" >compiler
    chmod +x compiler
    refuses "-ffinite-math-only" -S "$source" -B wrapped -D CMAKE_C_COMPILER="$work/compiler"
}

for option in -ffast-math -Ofast -ffinite-math-only -fshort-enums; do
    seen "$option" "$option"
done
if ! $CC --version | grep -q clang; then
    for option in -funsafe-math-optimizations -freciprocal-math -fno-signed-zeros -fsingle-precision-constant; do
        seen "$option" "$option"
    done
    seen -fassociative-math -fassociative-math -fno-signed-zeros -fno-trapping-math
fi
case $($CC -dumpmachine) in
x86_64*)
    if $CC --version | grep -q clang; then
        seen -ffp-eval-method -ffp-eval-method=double
    else
        seen -mfpmath=387 -mfpmath=387
    fi
    ;;
esac

echo "1..$checks"
[ $failures -eq 0 ]
