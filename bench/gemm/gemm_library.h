/* SPDX-License-Identifier: BSD-3-Clause */
/* How a worker lets its library multiply. */
#ifndef TP_BENCH_GEMM_LIBRARY_H
#define TP_BENCH_GEMM_LIBRARY_H

#include "gemm_shape.h"
#include "library.h"

#include <stdint.h>

struct gemm_operands {
    float *a, *b, *c;
    uint16_t *a_bf16, *b_bf16; /* the same numbers, if the shape is for bf16; else NULL */
    void *workspace;
    size_t workspace_size;
};

struct gemm_library {
    const struct bench_library *library;
    size_t (*workspace_size)(const struct gemm_shape *shape); /* NULL: needs none */
    void (*multiply)(const struct gemm_shape *shape, const struct gemm_operands *x);
    void (*close)(void); /* NULL: nothing to do */
};

/* NULL if the name is unknown. */
const struct gemm_library *gemm_library_find(const char *name);

#endif
