/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_BENCH_GEMM_MEASURE_H
#define TP_BENCH_GEMM_MEASURE_H

#include "field.h"
#include "gemm_shape.h"

struct gemm_row {
    struct gemm_shape shape;
    struct bench_scores scores;
};

/* Measures one shape. False if memory ran out or tileprop's worker ended. */
bool gemm_measure(struct bench_field *field, const struct gemm_shape *shape, struct gemm_row *row);

#endif
