/* SPDX-License-Identifier: BSD-3-Clause */
/* Files of matrix shapes: lines "name M N K transA transB" with 0 or 1 for the last two; # begins a comment. */
#ifndef TP_BENCH_GEMM_SHAPE_H
#define TP_BENCH_GEMM_SHAPE_H

#include <stdbool.h>
#include <stddef.h>

#define GEMM_LARGEST 65536 /* of m, n and k */

/* C = op(A) op(B), row-major and contiguous; op(A): m x k, op(B): k x n. */
struct gemm_shape {
    char group[32]; /* the file's name without folder and suffix */
    char name[32];
    size_t m, n, k;
    bool transpose_a, transpose_b;
    bool bf16; /* of elements that are bf16 numbers; libraries without such a product multiply them as f32 */
};

struct gemm_shapes {
    struct gemm_shape *shape; /* to be freed */
    size_t count;
};

/* Appends the shapes of a file that need at most so many GFLOP; false with a message on standard error. */
bool gemm_shapes_read(struct gemm_shapes *shapes, const char *path, double limit);

double gemm_shape_gflop(const struct gemm_shape *shape);

#endif
