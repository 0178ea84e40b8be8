/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What one instruction set provides: struct tp_isa, a const table that is always full. Every kernel works on raw f32
 * arrays of any alignment and gives the same bits in every table.
 */
#ifndef TP_KERNELS_KERNELS_H
#define TP_KERNELS_KERNELS_H

#include "kernels/bf16.h"
#include "kernels/tuning.h"
#include "tileprop/tileprop.h"

/* Lanes of the canonical sum (vec.h) and elements per partial sum of squares. */
#define TP_SUM_LANES 16
#define TP_SUM_CHUNK 4096

/* Floats of a cache line. */
#define TP_LINE 16

/* Rows a multiple of so many floats apart, 4 KiB, fall into few cache sets: read in place, they evict each other. */
#define TP_CONFLICT 1024

/* How the accumulators begin. */
enum tp_start {
    TP_START_ZERO,
    TP_START_C,    /* partial sums of the k block before, or C with beta = 1 */
    TP_START_BETA, /* beta * C */
    TP_START_BIAS  /* bias[j] in every row */
};

/*
 * A strip of C: m <= MR rows of any n columns, row distance ldc, = start + A B over k steps; element (i, j) is one
 * chain of fma(a[i,k], b[k,j], acc), k ascending.
 *
 *   A[i,k] at a[i * a_row + k * a_step], one of them 1; rows beyond m are not read
 *   B[k,j] at b[j / width * b_panel + k * b_step + j % width], width <= NR a multiple of lanes
 *
 * Packed operands have a_row = 1, a_step = m and b_step = width; in place b_panel = width. Columns beyond n are read,
 * up to a whole vector, and dropped, only if b_padded. strips such strips follow each other, each a_strip floats of A
 * and m rows of C after the one before.
 *
 * If b_copy is not NULL, which is for NR of no more than TP_LINE, the rows of B that are read are also written there,
 * as panels b_copy_panel floats apart; n is a multiple of width, strips is 1, next_rows 0 and b_uncached true.
 *
 * The caches are asked for what lies b_ahead floats after each row of B that is read, unless processors do that well
 * enough themselves, which they do not if b_uncached: the first strip does not find B in the caches near it. They may
 * be asked, tile by tile, for what is needed later: what lies b_next floats after next_rows of the tile's rows of B, of
 * the first strip from k = next_first on, of each other from where the one before has ended; then, if prefetch_c is
 * not NULL, the place of the next tile in prefetch_c, rows ldprefetch apart: C itself, or where C goes next. A row or
 * two more than that may be asked for.
 */
struct tp_strip {
    size_t m, n, k, strips;
    const float *a, *b;
    size_t a_row, a_step, a_strip, b_step, b_panel, b_ahead, width;
    ptrdiff_t b_next;
    size_t next_first, next_rows;
    bool b_padded, b_uncached;
    float *b_copy;
    size_t b_copy_panel;
    float *c;
    size_t ldc;
    const float *prefetch_c;
    size_t ldprefetch;
    enum tp_start start;
    float beta;
    const float *bias; /* n values */
};

typedef void tp_gemm_strip_fn(const struct tp_strip *strip);

/*
 * Skinny products, m x n over k steps, in place: C = start + A B, element by element the same chain. A[i,k] is at
 * a[i * a_row + k * a_step], and a_row or a_step is 1.
 *
 * gemm_ger: k = 1, from 0; B[0,j] at b[j].
 * gemm_dot: m <= TP_DOTS_ROWS, n >= lanes, k >= TP_DOTS_STEPS; B[k,j] at b[j * b_step + k]. If m > TP_DOTS_APART,
 * a_row is 1: more rows of A that lie apart would crowd the sets of a cache together with those of B.
 * gemm_axpy: m <= TP_AXPY_ROWS; B[k,j] at b[k * b_step + j]. C is passed over once for some rows of B.
 *
 * gemm_lanes: another sum than the chain: C[i,j] is the canonical sum (map.h) over k, whose lane l takes the steps l,
 * l + 16, .. from 0 as a chain, and then + bias[j], rounded once more, if start is TP_START_BIAS; else TP_START_ZERO.
 * n <= TP_LANES_COLUMNS; a_step = 1; B[k,j] at b[j * b_step + k].
 */
struct tp_skinny {
    size_t m, n, k;
    const float *a, *b;
    size_t a_row, a_step, b_step;
    float *c;
    size_t ldc;
    enum tp_start start;
    float beta;
    const float *bias; /* n values */
};

typedef void tp_skinny_fn(const struct tp_skinny *product);

#define TP_DOTS_ROWS 11
#define TP_DOTS_APART 3
#define TP_DOTS_STEPS 4
#define TP_AXPY_ROWS 2
#define TP_LANES_COLUMNS 4

/* panels = ceil(rows / height) panels of k x height <= MR from alpha * A, A[i,k] at a[i * row_step + k * column_step];
 * the last one has as many rows as are left, height apart. */
typedef void tp_pack_a_fn(float *panels, const float *a, size_t row_step, size_t column_step, size_t rows, size_t k,
                          size_t height, float alpha);
/* panels = ceil(columns / width) panels of k x width, panel floats apart, B[k,j] at b[k * row_step + j * column_step];
 * the last vector is filled up with zeros, what is left of the last panel is not written. width: a multiple of lanes,
 * <= NR. */
typedef void tp_pack_b_fn(float *panels, const float *b, size_t row_step, size_t column_step, size_t k, size_t columns,
                          size_t width, size_t panel);

/* out[j * ldo + i] = in[i * ldi + j] for i < rows, j < columns. */
typedef void tp_transpose_fn(float *out, size_t ldo, const float *in, size_t ldi, size_t rows, size_t columns);

/* z = f(z), in place; parameter is the layer's slope. Softmax works on whole rows, the others elementwise. */
typedef void tp_activate_fn(float *z, size_t ldz, size_t rows, size_t columns, float parameter);
/* d = d * f'(z) in place (softmax: the Jacobian of the row), from x: a = f(z), or z. */
typedef void tp_derive_fn(float *d, size_t ldd, const float *x, size_t ldx, size_t rows, size_t columns,
                          float parameter);
/* What x is; where the sign of a is enough, what dropout has made of a serves as well. */
enum tp_from { TP_FROM_SIGN, TP_FROM_A, TP_FROM_Z };

struct tp_activation_kernels {
    tp_activate_fn *activate;
    tp_derive_fn *derive;
    enum tp_from from; /* what derive reads */
};

/* The loss of one sample, and if d is not NULL d = scale * its derivative by x, which is a or z (loss.def); parameter
 * is the delta of Huber. */
typedef float tp_loss_row_fn(const float *x, const float *y, size_t n, float parameter, float scale, float *d);
/* The same for m samples with one output each; each has a scale and gets a loss and, if d is not NULL, a derivative. */
typedef void tp_loss_column_fn(const float *x, const float *y, size_t m, float parameter, const float *scale,
                               float *loss, float *d);

/* Adam takes gradients beyond it for it, so that a second moment, at most its square, is finite. */
#define TP_ADAM_MAX 0x1p63f

/* Numbers of one optimiser step, prepared in double and rounded. */
struct tp_update {
    float rate;           /* r; Adam: r / (1 - beta1^t) */
    float gradient_scale; /* from clipping by norm; 1 without */
    float decay;          /* L2 factor; AdamW: r * decay */
    float momentum;
    float beta1, one_minus_beta1, beta2, one_minus_beta2;
    float second_scale; /* 1 / sqrt(1 - beta2^t) */
    float epsilon;
    float largest_small;          /* gradients up to it count as 0, before gradient_scale */
    float largest_small_state;    /* velocities and first moments up to it become 0 */
    float largest_zero;           /* weights up to it become 0 */
    float largest_without_square; /* Adam: gradients up to it count as 0 as well */
};

/* w and its states s, t (as many as the rule has; else NULL) from g, n elements. */
typedef void tp_update_fn(const struct tp_update *update, float *w, const float *g, float *s, float *t, size_t n);
/* The same for m rows of n, which follow each other, with g[i,j] = a[i] * b[j] as gemm_ger computes it and for a
 * gradient_scale of 1. */
typedef void tp_update_outer_fn(const struct tp_update *update, float *w, float *s, float *t, const float *a,
                                const float *b, size_t m, size_t n);

/* out[j] = sum over i ascending of d[i,j], beginning with out[j] if add. */
typedef void tp_column_sums_fn(float *out, const float *d, size_t ldd, size_t rows, size_t columns, bool add);
/* Canonical sum of squares. */
typedef double tp_square_sum_fn(const float *x, size_t n);
/* x = (raw - mean) * factor in double, rounded once; each value has a pair of its own, or there is one for all. */
typedef void tp_scale_bytes_fn(float *x, const uint8_t *raw, size_t n, const double *mean, const double *factor,
                               bool each);
typedef void tp_scale_floats_fn(float *x, const float *raw, size_t n, const double *mean, const double *factor,
                                bool each);
typedef void tp_scale_doubles_fn(float *x, const double *raw, size_t n, const double *mean, const double *factor,
                                 bool each);

/* x = deviation * a standard normal, from x uniform in (0, 1] and v in [0, 1). */
typedef void tp_normals_fn(float *x, const float *v, size_t n, float deviation);
/* cos(pi p). */
typedef float tp_cosine_fn(float p);
/* e = e + part (w - e), the difference rounded, then the rest; what is below 2^-126 is 0. */
typedef void tp_average_fn(float *e, const float *w, size_t n, float part);
/* out = lower[levels - 1] + (... + (lower[0] + x)), element by element; out may be one of them. */
typedef void tp_add_levels_fn(float *out, const float *x, const float *const *lower, size_t levels, size_t n);

struct tp_isa {
    const char *name;
    uint32_t needs; /* enum tp_feature */
    size_t lanes;   /* floats of a vector, a power of two */
    size_t mr, nr;  /* tile: rows, columns */
    struct tp_tuning tuning;
    tp_gemm_strip_fn *gemm_strip;
    tp_skinny_fn *gemm_ger, *gemm_dot, *gemm_axpy, *gemm_lanes;
    tp_pack_a_fn *pack_a;
    tp_pack_b_fn *pack_b;
    tp_transpose_fn *transpose;
    struct tp_activation_kernels activation[TP_ACTIVATION_COUNT];
    tp_loss_row_fn *loss_row[TP_LOSS_COUNT];
    tp_loss_column_fn *loss_column[TP_LOSS_COUNT];
    tp_update_fn *update[TP_OPTIMIZER_COUNT];
    tp_update_outer_fn *update_outer[TP_OPTIMIZER_COUNT];
    tp_column_sums_fn *column_sums;
    tp_square_sum_fn *square_sum;
    tp_scale_bytes_fn *scale_bytes;
    tp_scale_floats_fn *scale_floats;
    tp_scale_doubles_fn *scale_doubles;
    tp_normals_fn *normals;
    tp_cosine_fn *cosine;
    tp_average_fn *average;
    struct tp_bf16 bf16; /* by multiply-adds of f32; needs nothing more */
    tp_add_levels_fn *add_levels;
};

/* By instructions for bf16. */
extern const struct tp_bf16 tp_bf16_amx, tp_bf16_avx512bf16;

extern const struct tp_isa tp_isa_scalar, tp_isa_avx2, tp_isa_avx512, tp_isa_neon;

#endif
