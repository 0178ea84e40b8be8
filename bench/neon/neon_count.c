/* SPDX-License-Identifier: BSD-3-Clause */
/* The program whose instructions tools/neon_count.sh counts: products of two cubes by a library's cblas_sgemm.
 * Usage: neon_count LIBRARY SIZE PRODUCTS */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROW_MAJOR = 101, NO_TRANSPOSE = 111 }; /* of CBLAS */

typedef void cblas_sgemm_fn(int order, int transpose_a, int transpose_b, int m, int n, int k, float alpha,
                            const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc);

static int fail(const char *what) {
    fprintf(stderr, "neon_count: %s\n", what);
    return 1;
}

static int multiply(cblas_sgemm_fn *sgemm, int size, int products, float *memory) {
    const size_t elements = (size_t)size * (size_t)size;
    float *const a = memory, *const b = a + elements, *const c = b + elements;
    for (size_t i = 0; i < elements; i++)
        a[i] = b[i] = 1;
    for (int p = 0; p < products; p++)
        sgemm(ROW_MAJOR, NO_TRANSPOSE, NO_TRANSPOSE, size, size, size, 1, a, size, b, size, 0, c, size);
    for (size_t i = 0; i < elements; i++)
        if (c[i] != (float)size)
            return fail("wrong product");
    return 0;
}

int main(int argc, char **argv) {
    const int size = argc == 4 ? atoi(argv[2]) : 0, products = argc == 4 ? atoi(argv[3]) : 0;
    if (size < 1 || products < 1)
        return fail("usage: neon_count LIBRARY SIZE PRODUCTS");
    void *const library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return fail(dlerror());
    cblas_sgemm_fn *const sgemm = (cblas_sgemm_fn *)dlsym(library, "cblas_sgemm");
    float *const memory = calloc(3 * (size_t)size * (size_t)size, sizeof *memory);
    const int status = sgemm && memory ? multiply(sgemm, size, products, memory) : fail("no cblas_sgemm or no memory");
    free(memory);
    return status;
}
