#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# A program that was linked with another BLAS runs on libtileprop_cblas.so through LD_PRELOAD: results, and the errors
# of the default handler. The other BLAS is a stub that computes nothing, so a program that is right did not use it.
# The declarations are those of the installed cblas.h, if there is one.
# Usage: cblas_program.sh LIBRARY; CC and CFLAGS as the library was built with.
set -eu

library=$(realpath "$1")
: "${CC:=cc}" "${CFLAGS:=}"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
ln -s "$library" preloaded.so # LD_PRELOAD is split at blanks and colons

cat >prototypes.h <<'END'
enum CBLAS_ORDER { CblasRowMajor = 101, CblasColMajor = 102 };
enum CBLAS_TRANSPOSE { CblasNoTrans = 111, CblasTrans = 112, CblasConjTrans = 113 };
void cblas_sgemm(enum CBLAS_ORDER order, enum CBLAS_TRANSPOSE ta, enum CBLAS_TRANSPOSE tb, int m, int n, int k,
                 float alpha, const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc);
END

cat >program.c <<'END'
#ifdef OWN_PROTOTYPES
#include "prototypes.h"
#else
#include <cblas.h>
#endif

static const float a[] = {1, 2, 3, 4, 5, 6}, b[] = {1, 0, 2, 0, 1, 3};

static int right(const float *c, float c0, float c1, float c2, float c3) {
    return c[0] == c0 && c[1] == c1 && c[2] == c2 && c[3] == c3;
}

/* With an argument, a call with a bad m: of a row-major product for "row", else of a column-major one. */
int main(int argc, char **argv) {
    float c[4] = {1, 1, 1, 1}, d[4] = {1, 1, 1, 1};
    if (argc > 1)
        cblas_sgemm(argv[1][0] == 'r' ? CblasRowMajor : CblasColMajor, CblasNoTrans, CblasNoTrans, -1, 2, 3, 1, a, 3, b,
                    3, 0, c, 2);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, 2, 2, 3, 1, a, 3, b, 3, 0, c, 2);
    cblas_sgemm(CblasColMajor, CblasNoTrans, CblasConjTrans, 2, 2, 3, 2, a, 2, b, 2, 1, d, 2);
    return right(c, 7, 11, 16, 23) && right(d, 25, 33, 31, 37) ? 0 : 1;
}
END

cat >stub.c <<'END'
void cblas_sgemm(void);
void cblas_sgemm(void) {}
END

fail() {
    echo "$1" >&2
    exit 1
}

prototypes=
echo '#include <cblas.h>' | $CC -E - >/dev/null 2>&1 || prototypes=-DOWN_PROTOTYPES
echo "declarations: ${prototypes:-cblas.h}"
# shellcheck disable=SC2086 # lists of flags
$CC $CFLAGS -shared -fPIC stub.c -o libstub.so
# shellcheck disable=SC2086
$CC $CFLAGS $prototypes program.c -o program -L . -Xlinker -rpath -Xlinker "$scratch" -lstub

# A sanitizer's runtime wants to be the first library of all.
preloaded() {
    env ASAN_OPTIONS=verify_asan_link_order=0 LD_PRELOAD=./preloaded.so "$@"
}

if ./program; then
    fail "the program works without the library, so it shows nothing"
fi
preloaded ./program || fail "the program does not work with the library"

# expect_error TEXT COMMAND...: status 255 and the text on stderr.
expect_error() {
    text=$1
    shift
    status=0
    preloaded "$@" 2>message || status=$?
    [ $status -eq 255 ] || fail "$*: status $status instead of 255"
    [ "$(cat message)" = "$text" ] || fail "$*: printed
$(cat message)
instead of
$text"
}

for order in row column; do
    expect_error "Parameter 4 to routine cblas_sgemm was incorrect
Illegal M setting, -1" ./program $order
done
usable=$(TILEPROP_ISA=nonesuch preloaded ./program 2>&1 | sed 's/.*usable: //')
unknown="TILEPROP_ISA: instruction set \"nonesuch\" is unknown or cannot run here"
expect_error "libtileprop_cblas: $unknown; usable: $usable" \
    env TILEPROP_ISA=nonesuch ./program
for isa in $usable; do
    TILEPROP_ISA=$isa preloaded ./program || fail "the program does not work with TILEPROP_ISA=$isa"
done
[ -n "$usable" ] || fail "no instruction set is usable"
