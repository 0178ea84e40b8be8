/* SPDX-License-Identifier: BSD-3-Clause */
/* One thread's part of a product, and what all routes do with a part that is finished. */
#ifndef TP_GEMM_JOB_H
#define TP_GEMM_JOB_H

#include "gemm/scratch.h"

/* The rows and columns that a call works on, of C or, if transposed, of C^T = B^T A^T; c and what concerns it, the bias
 * and the epilogue, are still those of C. */
struct tp_job {
    const struct tp_gemm *g;
    bool transposed;
    struct tp_range rows, columns;
    float *scratch;
};

static inline struct tp_place tp_job_place(const struct tp_job *job) {
    return (struct tp_place){job->rows.begin, job->columns.begin, job->rows.end - job->rows.begin,
                             job->columns.end - job->columns.begin};
}

static inline const float *tp_element(const struct tp_operand *x, size_t row, size_t column) {
    return x->p + row * x->row_step + column * x->column_step;
}

/* The epilogue on c: rows i.., columns j.. of the finished product. */
void tp_gemm_finish(const struct tp_gemm *gemm, float *c, size_t ldc, const struct tp_place *place);

/* What a piece of C^T, at this place of C^T, starts from: into piece, rows ld apart. Returns how kernels start then. */
enum tp_start tp_begin_transposed(const struct tp_gemm *gemm, enum tp_start start, float *piece, size_t ld,
                                  const struct tp_place *place);

/* Such a piece into C; the epilogue if it is finished. */
void tp_end_transposed(const struct tp_gemm *gemm, const float *piece, size_t ld, const struct tp_place *place,
                       bool finished);

/* Rows are cut into as few strips as they need, as even as can be: those before higher are one row higher. */
struct tp_cut {
    size_t height, higher;
};

struct tp_cut tp_cut_rows(size_t rows, size_t mr);

static inline size_t tp_height_at(const struct tp_cut *cut, size_t row) {
    return cut->height + (row < cut->higher);
}

#endif
