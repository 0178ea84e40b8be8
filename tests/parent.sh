#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Builds tileprop inside the project in tests/parent/, which sets everything that it inherits to something else, with a
# compiler that warns about more. Looks whether results have the same bits, installs it into relative and absolute
# places, and gives its targets an option that its sources must refuse.
# Usage: parent.sh SOURCE_DIR LIBRARY_DIR; CC as the library in LIBRARY_DIR was built with.
set -u

source=$1
libraries=$2
: "${CC:=cc}"
export CC
. "$source/tests/scratch.sh"

# configure OPTION...: of the project in the directory parent.
configure() {
    cmake -G "Unix Makefiles" -S "$source/tests/parent" -B parent -D TILEPROP_DIR="$source" "$@" >out 2>err
}

# Bits of a model that was trained on XOR.
same_bits() {
    "$1" "$1.model" >out 2>err && cmp "$1.model" expected.model
}

# uses LIBRARIES: programs are built with what is installed there, and run.
uses() {
    rm -rf consumer package
    cp -R "$source/tests/consumer" consumer
    export PKG_CONFIG_PATH="$1/pkgconfig"
    make -s -C consumer LDFLAGS="-Wl,-rpath,$1" && consumer/xor &&
        cmake -S "$source/tests/consumer" -B package -D tileprop_DIR="$1/cmake/tileprop" \
            -D COMPONENT=static -D TARGET=tileprop_static &&
        cmake --build package && package/xor
}

# installs LIBRARIES HEADERS: each relative to the prefix, or absolute; if both are relative, the tree is moved then.
installs() {
    prefix=$work/prefix
    rm -rf "$prefix" moved libraries headers
    cmake -D CMAKE_INSTALL_PREFIX="$prefix" -D CMAKE_INSTALL_LIBDIR="$1" -D CMAKE_INSTALL_INCLUDEDIR="$2" parent &&
        cmake --install parent || return 1
    case $1$2 in
    */*) ;;
    *) mv "$prefix" moved && prefix=$work/moved ;;
    esac
    case $1 in
    /*) uses "$1" ;;
    *) uses "$prefix/$1" ;;
    esac
}

$CC -I "$source/include" "$source/tests/consumer/xor.c" -o xor -L "$libraries" -Wl,-rpath,"$libraries" -ltileprop &&
    ./xor expected.model >out 2>err
result "the library that was built alone trains a model to compare with"

configure -D CMAKE_C_FLAGS="-O1 -funsigned-char -frounding-math" && cmake --build parent -j 2 >out 2>&1 &&
    ! grep -i warning out
result "everything is compiled inside another project, without a warning"
for library in shared static; do
    same_bits parent/xor_tileprop_$library
    result "a program with the $library library computes the same bits"
done
if command -v clang-16 >/dev/null; then
    clang-16 -fopenmp -I "$source/include" "$source/tests/consumer/xor.c" -o parent/xor_clang \
        parent/tileprop/src/libtileprop.a -lsleef -ljansson -lmd -lz -lm >out 2>err && same_bits parent/xor_clang
    result "clang links the archive, which was compiled with link-time optimisation"
fi
built=parent/tileprop/src
# shellcheck disable=SC2046 # a list of files
CBLAS=$built/libtileprop_cblas.so sh "$source/tools/check_symbols.sh" "$source/include/tileprop/tileprop.h" \
    $built/libtileprop.so $built/libtileprop.a $(find $built/CMakeFiles -path '*/isa/*.o') >out 2>err
result "no other names are visible"
parent/tileprop/tileprop info >out 2>err
result "the command-line program runs"

for libdir in lib "$work/libraries"; do
    for includedir in include "$work/headers"; do
        installs "$libdir" "$includedir" >out 2>err
        result "installed with libraries in ${libdir#"$work"}, headers in ${includedir#"$work"}"
    done
done

objects=$(find $built -name '*.c.o' | sed 's|.*\.dir/||; s|\.c\.o$|.o|')
# shellcheck disable=SC2086 # a list of files
configure -D LATE_OPTIONS="-ffast-math;-fsyntax-only" && ! make -s -C $built -k -j 2 $objects >out 2>err &&
    [ "$(grep -c 'error: .*tileprop refuses -ffast-math' err)" -eq "$(echo "$objects" | wc -l)" ]
result "every source refuses -ffast-math"

echo "1..$checks"
[ $failures -eq 0 ]
