/* SPDX-License-Identifier: BSD-3-Clause */
/* The blocks of one thread's part of a product. */
#ifndef TP_GEMM_PLAN_H
#define TP_GEMM_PLAN_H

#include "gemm/reading.h"

struct tp_plan {
    const struct tp_reading *reading;
    bool pack_a;       /* into panels; else read in place */
    size_t width;      /* columns of a panel of B */
    size_t mc, nc, kc; /* blocks */
    bool c_cached;     /* C stays in the first-level cache */
    size_t ahead;      /* what is prefetched while a row of B is read: so many floats after it */
};

struct tp_plan tp_plan_of(const struct tp_part *part);

#endif
