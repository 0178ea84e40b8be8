/* SPDX-License-Identifier: BSD-3-Clause */
/* The ways to compute a product: one ordered table, the first row that fits is taken. */
#ifndef TP_GEMM_ROUTES_H
#define TP_GEMM_ROUTES_H

#include "gemm/job.h"

struct tp_route {
    const char *name, *when;
    bool transposed; /* C^T = B^T A^T is computed */
    bool blocks;     /* by Goto's loops, with a plan (gemm/plan.h) */
    bool (*fits)(const struct tp_gemm *gemm);
    void (*run)(const struct tp_job *job);
};

#define TP_ROUTES 14
extern const struct tp_route tp_routes[TP_ROUTES];

/* m and n are not 0. */
const struct tp_route *tp_route_of(const struct tp_gemm *gemm);

/* What they run. */
void tp_run_lanes(const struct tp_job *job);  /* lanes.c: canonical sums */
void tp_run_panels(const struct tp_job *job); /* panels.c: Goto's loops */
void tp_run_small(const struct tp_job *job);  /* small.c: operands in place, no blocks */
void tp_run_start(const struct tp_job *job);  /* small.c: no products */
void tp_run_bf16(const struct tp_job *job);   /* bf16.c: operands rounded into panels */
void tp_run_ger(const struct tp_job *job);    /* skinny.c: one k step */
void tp_run_dot(const struct tp_job *job);    /* skinny.c: few rows, B by columns */
void tp_run_axpy(const struct tp_job *job);   /* skinny.c: one or two rows, B by rows */

#endif
