#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Builds everything with TILEPROP_OPENMP=OFF and a CMake that finds no OpenMP. Nothing of OpenMP is in the libraries,
# the program, the installed files and the packages; models and predictions have the bits of the normal build.
# Usage: no_openmp.sh SOURCE_DIR LIBRARY_DIR PROGRAM; CC as the library in LIBRARY_DIR was built with.
set -u

source=$1
libraries=$2
program=$3
: "${CC:=cc}"
export CC
. "$source/tests/scratch.sh"

configure() {
    cmake -S "$source" -B build -D CMAKE_BUILD_TYPE=Release -D CMAKE_DISABLE_FIND_PACKAGE_OpenMP=ON "$@" >out 2>err
}

# is_free FILE...: of OpenMP. The names of a file that nm cannot read would be none.
is_free() {
    for file; do
        nm --dynamic "$file" >names 2>/dev/null
        nm "$file" >>names 2>/dev/null
        grep -qE 'tp_|tileprop' names && ! grep -iE '\<(gomp|omp|__?kmp)[a-z]*_' names >>out || return 1
    done
}

needs_none() {
    for file; do
        ldd "$file" >libraries && grep -q libsleef libraries && ! grep -E 'lib(gomp|i?omp)' libraries >>out || return 1
    done
}

# train PROGRAM MODEL OPTION...: and what the model says of test images.
train() {
    trained=$1
    model=$2
    shift 2
    "$trained" train --data fashion-mnist --hidden 48,32 --optimizer adamw --epochs 1 --batch 500 --out "$model" "$@" \
        >out 2>err && "$trained" predict --model "$model" --top 2 --output "$model.txt" \
        --input /usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz >>out 2>>err
}

! configure && tr -s ' \n' ' ' <err | grep -q "needs a C compiler with OpenMP.*TILEPROP_OPENMP=OFF does without"
result "where there is no OpenMP, CMake says how to build without it"
options="-D TILEPROP_OPENMP=OFF -D TILEPROP_BUILD_CBLAS=ON"
! command -v gfortran >/dev/null || options="$options -D TILEPROP_BUILD_FORTRAN=ON"
# shellcheck disable=SC2086 # a list of options
configure $options -D TILEPROP_WERROR=ON && grep -q "No tests are built" out &&
    grep -q "No benchmarks are built" out && cmake --build build -j 2 >>out 2>>err
result "everything but tests and benchmarks is built without it"

# is_free and needs_none do see OpenMP.
! is_free "$libraries/libtileprop.so" && ! is_free "$libraries/libtileprop.a" && ! needs_none "$program"
result "the normal build has it"
built=build/src
# shellcheck disable=SC2046 # files
is_free $(find $built -name 'libtileprop*.so' -o -name 'libtileprop*.a') build/tileprop &&
    [ -e $built/libtileprop_cblas.so ]
result "libraries and program know no name of OpenMP"
needs_none $built/libtileprop.so $built/libtileprop_cblas.so build/tileprop
result "and need no library of it"
OMP_NUM_THREADS=4 build/tileprop info --threads 5 >out 2>err && grep -q '^threads     1 ' out &&
    grep -q '^threading   none$' out && "$program" info | grep -q '^threading   OpenMP$' &&
    [ "$(grep '^threads' out)" = "$("$program" info --threads 1 | grep '^threads')" ]
result "the program says that it has one thread, and no other number of processors"

cmake --install build --prefix "$work/prefix" >out 2>err && ! grep -rIniE 'fopenmp|gomp|lomp|openmp::' prefix \
    --include='*.pc' --include='*.cmake' >>out
result "what is installed for pkg-config and CMake does not ask for it"
PKG_CONFIG_PATH=$(dirname "$(find "$work/prefix" -name tileprop.pc)")
export PKG_CONFIG_PATH
# shellcheck disable=SC2046 # lists of flags
$CC "$source/tests/consumer/one_thread.c" -o one_thread $(pkg-config --static --cflags tileprop) \
    "$(find prefix -name libtileprop.a)" $(pkg-config --static --libs tileprop | sed 's/-ltileprop//') >out 2>err &&
    needs_none one_thread && ./one_thread >>out 2>>err
result "who asks for more threads gets one"

$CC -I "$source/include" "$source/tests/consumer/xor.c" -o expected -L "$libraries" -Wl,-rpath,"$libraries" \
    -ltileprop >out 2>err && ./expected expected.model >>out 2>>err
result "the normal library trains a model to compare with"
# shellcheck disable=SC2046 # lists of flags
$CC "$source/tests/consumer/xor.c" -o xor $(pkg-config --cflags --libs tileprop) \
    -Wl,-rpath,"$(dirname "$(find "$work/prefix" -name libtileprop.so)")" >out 2>err && needs_none xor &&
    ./xor xor.model >>out 2>>err && cmp xor.model expected.model >>out 2>>err
result "the library without OpenMP trains the same bits"
train "$program" one --threads 1 && train "$program" two --threads 2 && train build/tileprop alone --threads 2 &&
    cmp one alone >>out && cmp two alone >>out && cmp one.txt alone.txt >>out
result "so does the program, and it predicts the same"

if command -v dpkg-shlibdeps >/dev/null; then
    (cd build && cpack -B "$work/packages") >out 2>err && for package in packages/*.deb; do
        dpkg-deb -f "$package" Depends Suggests
    done >out 2>>err && grep -q libsleef out && ! grep -qE 'libgomp|libomp' out
    result "no Debian package depends on it"
fi

configure -D CMAKE_DISABLE_FIND_PACKAGE_OpenMP=OFF && cmake --build build -j 2 >>out 2>>err &&
    ldd build/bench/bench_gemm | grep -qE 'lib(gomp|i?omp)'
result "benchmarks, which use OpenMP themselves, are built with it where there is one"

echo "1..$checks"
[ $failures -eq 0 ]
