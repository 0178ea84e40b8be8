#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Checks the rules that can be checked by reading: layout of files, licence lines, forbidden calls and compiler flags,
# and which folder of src/ may include which (see src/README.md).
set -eu

cd "$(dirname "$0")/.."

# Prints the rule's name before the lines that break it, nothing if there are none.
expect_none() {
    sed "1i\\
$1:"
}

check_layout() {
    echo "$files" | xargs grep -nE '[[:blank:]]+$' | expect_none "blanks at the end of a line"
    echo "$files" | grep -v Makefile | xargs grep -n "$(printf '\t')" | expect_none "tab"
    echo "$files" | grep -v '\.md$' | xargs grep -nE '^.{121}' | expect_none "more than 120 columns"
    for file in $files; do
        [ -z "$(tail -c 1 "$file")" ] || echo "$file"
    done | expect_none "no newline at the end of the file"
    for file in $sources; do
        head -n 2 "$file" | grep -q 'SPDX-License-Identifier: BSD-3-Clause' || echo "$file"
    done | expect_none "no SPDX line"
}

# The options that CMake refuses from others may not be set here either; messages may name them.
check_arithmetic() {
    refused=$(sed '/^#/d' tools/cmake/refused.txt | paste -s -d '|')
    printf '%s\n' "$build_files" "$library" |
        xargs grep -nE -e "$refused|fast-math|-march=native|GCC optimize" |
        grep -v -e '^src/core/arithmetic\.h:.*"tileprop refuses ' -e '^src/.*".* linked with -ffast-math' |
        expect_none "flag or pragma that breaks the arithmetic contract"
    echo "$library" | xargs grep -nE '_mm[0-9]*_(mask_|maskz_)?r(cp|sqrt)|vr(ecp|sqrt)[es]q?_' |
        expect_none "approximation that differs between machines"
}

check_calls() {
    echo "$library" | grep -v '^src/core/parallel\.c$' | xargs grep -nE '<omp\.h>|#pragma omp' |
        expect_none "OpenMP outside src/core/parallel.c"
    # cblas_xerbla is defined to print and to exit.
    echo "$library" | grep -v '^src/cblas/xerbla\.c$' |
        xargs grep -nE '\<(v?f?printf|f?puts|f?putc|putchar|perror|exit|_exit|abort|raise|signal)\(' |
        expect_none "the library must not print or exit"
    echo "$library" | grep -v '^src/core/memory\.c$' |
        xargs grep -nE '\<(malloc|calloc|realloc|aligned_alloc|posix_memalign|strn?dup|v?asprintf)\(' |
        expect_none "allocation outside src/core/memory.c"
}

# Folder of src/, and what its files may include besides the public header and system headers. The assembly of tiles is
# included by a macro, the only one, whose definition counts as the include.
check_includes() {
    kernels='kernels/(kernels\.h|bf16_exact\.h|[a-z]+\.def)'
    grep -rnE '^ *# *include' src | grep -vE '# *include *("[^"]+"|<[^>]+>) *(/\*.*)?$' |
        grep -vE '^src/kernels/asm_strip\.h:[0-9]+:#include TILE_ASM$' | expect_none "include by a macro"
    while read -r folder allowed; do
        grep -rnE '^ *# *(include *"|define +TILE_ASM\>)' "src/$folder" |
            grep -vE "\"(tileprop/tileprop\.h|$allowed)\"" |
            expect_none "src/$folder may include only $allowed"
    done <<TABLE
core    core/.*|kernels/[a-z]+\.def
cpu     (core|cpu)/.*|$kernels
kernels kernels/.*
isa     (isa|kernels)/.*|cpu/cpu\.h
gemm    (core|cpu|gemm)/.*|$kernels
table   (core|table)/.*
net     (core|cpu|gemm|net|table)/.*|$kernels
io      (core|net|table|io)/.*
cblas   (core|cblas)/.*
mpi     tileprop/tileprop_mpi\.h
TABLE
}

# The names of files have no blanks.
files=$(find CMakeLists.txt CMakePresets.json README.md CONTRIBUTING.md CHANGELOG.md LICENSE \
    .clang-format .clang-tidy .editorconfig .gitignore .ci include src bench tests tools \
    -type f ! -name '*.png' ! -name '*.abi')
sources=$(echo "$files" |
    grep -E '\.(c|h|hpp|cpp|def|f90|inc|cmake|in|sh|py|awk|md)$|^\.(clang|editor)|CMakeLists\.txt$|Makefile$|\.ci/run$')
build_files=$(echo "$files" | grep -E '\.cmake$|\.in$|CMakeLists\.txt$|CMakePresets\.json$|Makefile$')
library=$(echo "$files" | grep -E '^src/.*\.[ch]$')

problems=$(check_layout; check_arithmetic; check_calls; check_includes)
if [ -n "$problems" ]; then
    printf '%s\n' "$problems" >&2
    exit 1
fi
