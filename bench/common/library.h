/* SPDX-License-Identifier: BSD-3-Clause */
/* The libraries that can be measured, seen from inside a worker: one process loads one of them. */
#ifndef TP_BENCH_LIBRARY_H
#define TP_BENCH_LIBRARY_H

#include "tileprop/tileprop.h"

struct bench_library_info {
    char version[64];
    char core[32]; /* what the library itself says that it runs on */
    char path[128];
    char problem[160]; /* why the library cannot be used */
};

struct bench_library {
    const char *name;
    const char *files[3];         /* patterns, tried in this order; none: it is linked into this program */
    const char *variable;         /* environment variable that chooses the core, read before main */
    const char *avx512, *avx2;    /* its values; for other instruction sets the library decides */
    const char *amx, *avx512bf16; /* where it has others for products in bf16 */
    const char *script;           /* in Python, is the worker then; files[0] is the interpreter */

    /* Finds the functions in the loaded library; false if something is missing. */
    bool (*open)(void *handle, const char *isa, int threads, struct bench_library_info *info);
};

/* NULL if the name is unknown. */
const struct bench_library *bench_library_find(const char *name);

/* Tells every library through its environment variable which core to use. */
void bench_library_set_cores(const char *isa);

/* The core to ask for, or NULL. */
const char *bench_library_core(const struct bench_library *library, const char *isa);

/* The library's handle, from file if that is not empty; NULL if it is absent, info->problem then says why. */
void *bench_library_load(const struct bench_library *library, const char *file, struct bench_library_info *info);

/* Loads and opens. False if it is absent or unusable. */
bool bench_library_open(const struct bench_library *library, const char *file, const char *isa, int threads,
                        struct bench_library_info *info);

/* Writes why the library cannot be used; false. */
bool bench_library_lacks(struct bench_library_info *info, const char *what);

extern const struct bench_library bench_tileprop, bench_openblas, bench_blis, bench_onednn, bench_fann, bench_torch,
    bench_sklearn;

/* What open has found. */
enum { BENCH_ROW_MAJOR = 101, BENCH_NO_TRANSPOSE = 111, BENCH_TRANSPOSE = 112 }; /* of CBLAS */

typedef void bench_cblas_sgemm_fn(int order, int transpose_a, int transpose_b, int m, int n, int k, float alpha,
                                  const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc);
extern bench_cblas_sgemm_fn *bench_cblas_sgemm; /* of OpenBLAS or BLIS */

typedef int bench_dnnl_sgemm_fn(char transpose_a, char transpose_b, int64_t m, int64_t n, int64_t k, float alpha,
                                const float *a, int64_t lda, const float *b, int64_t ldb, float beta, float *c,
                                int64_t ldc); /* row-major; the same in versions 1 to 3 */
extern bench_dnnl_sgemm_fn *bench_dnnl_sgemm;

typedef int bench_dnnl_bf16gemm_fn(char transpose_a, char transpose_b, int64_t m, int64_t n, int64_t k, float alpha,
                                   const uint16_t *a, int64_t lda, const uint16_t *b, int64_t ldb, float beta, float *c,
                                   int64_t ldc);
extern bench_dnnl_bf16gemm_fn *bench_dnnl_bf16gemm; /* exported by versions 1 and 2, though not declared; or NULL */

extern void *bench_fann_handle;
extern tp_context *bench_context; /* of tileprop */

#endif
