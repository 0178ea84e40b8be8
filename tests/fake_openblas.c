/* SPDX-License-Identifier: BSD-3-Clause */
/* What bench_gemm needs of OpenBLAS. $FAKE makes its product "wrong" in one element, or lets the process "end". */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *openblas_get_config(void);
const char *openblas_get_corename(void);
void openblas_set_num_threads(int threads);
void cblas_sgemm(int order, int transpose_a, int transpose_b, int m, int n, int k, float alpha, const float *a, int lda,
                 const float *b, int ldb, float beta, float *c, int ldc);

const char *openblas_get_config(void) {
    return "OpenBLAS 9.8.7 FAKE";
}

const char *openblas_get_corename(void) {
    const char *core = getenv("OPENBLAS_CORETYPE");
    return core ? core : "none";
}

void openblas_set_num_threads(int threads) {
    (void)threads;
}

void cblas_sgemm(int order, int transpose_a, int transpose_b, int m, int n, int k, float alpha, const float *a, int lda,
                 const float *b, int ldb, float beta, float *c, int ldc) {
    const char *fake = getenv("FAKE");
    if (order != 101 || alpha != 1 || beta != 0 || (fake && !strcmp(fake, "end")))
        _exit(1);
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            float sum = 0;
            for (int p = 0; p < k; p++)
                sum += (transpose_a == 112 ? a[p * lda + i] : a[i * lda + p]) *
                       (transpose_b == 112 ? b[j * ldb + p] : b[p * ldb + j]);
            c[i * ldc + j] = sum;
        }
    if (fake && !strcmp(fake, "wrong"))
        c[(m - 1) * ldc + n - 1] *= 1.001f;
}
