/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The part of the CBLAS interface that libtileprop_cblas.so has, as the standard declares it with 32-bit integers.
 * Programs are compiled with the cblas.h that they have always used.
 */
#ifndef TP_CBLAS_CBLAS_H
#define TP_CBLAS_CBLAS_H

#include "tileprop/tileprop.h"

typedef enum CBLAS_LAYOUT { CblasRowMajor = 101, CblasColMajor = 102 } CBLAS_LAYOUT;
typedef enum CBLAS_TRANSPOSE { CblasNoTrans = 111, CblasTrans = 112, CblasConjTrans = 113 } CBLAS_TRANSPOSE;

/*
 * C = alpha op(A) op(B) + beta C, with the arithmetic of tp_sgemm, of which a column-major product is the transposed
 * problem (so there alpha multiplies B before the chain begins). beta = 0 never reads C; alpha = 0 or k = 0 never reads
 * A and B; then beta = 1 does not write C either.
 *
 * cblas_sgemm has no context, so the process has one, made by the first call; it honours TILEPROP_ISA. Each call uses
 * at most as many threads as a context would by default at that moment. Any number of threads may call at once. Each
 * thread that calls keeps a workspace, which grows to the largest product so far, of some MB at most per OpenMP thread,
 * and is released when the thread ends.
 *
 * Errors go to cblas_xerbla, and C is left as it was. Beyond the reference implementation, NULL for a matrix that would
 * be used is an error in parameter 8, 10 or 13; and 0 for the parameter, with a message that says why, reports that
 * there is no memory or that TILEPROP_ISA names nothing that this machine can run.
 */
TP_API void cblas_sgemm(CBLAS_LAYOUT layout, CBLAS_TRANSPOSE transpose_a, CBLAS_TRANSPOSE transpose_b, int m, int n,
                        int k, float alpha, const float *a, int lda, const float *b, int ldb, float beta, float *c,
                        int ldc);

/*
 * The default prints a message and ends the process with status -1, as the reference implementation does. A program may
 * define its own. The parameter is counted from 1, but as in the reference implementation a row-major product is
 * checked as the column-major product of the operands in reverse order: a handler then gets 5 for m, 4 for n, 10 and 11
 * for a and lda, 8 and 9 for b and ldb. The default handler undoes that before it prints.
 */
TP_API void cblas_xerbla(int parameter, const char *routine, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
