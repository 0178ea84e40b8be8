/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/hooks.h"

static const struct tp_isa *real;
static test_hook_fn *call_hook;

static void scale(float *x, const float *raw, size_t n, const double *mean, const double *factor, bool each) {
    call_hook(TEST_SCALE);
    real->scale_floats(x, raw, n, mean, factor, each);
}

static void strip(const struct tp_strip *strip) {
    call_hook(TEST_STRIP);
    real->gemm_strip(strip);
}

static void ger(const struct tp_skinny *product) {
    call_hook(TEST_STRIP);
    real->gemm_ger(product);
}

static void dot(const struct tp_skinny *product) {
    call_hook(TEST_STRIP);
    real->gemm_dot(product);
}

static void axpy(const struct tp_skinny *product) {
    call_hook(TEST_STRIP);
    real->gemm_axpy(product);
}

static void lanes(const struct tp_skinny *product) {
    call_hook(TEST_STRIP);
    real->gemm_lanes(product);
}

static void activate(float *z, size_t ldz, size_t rows, size_t columns, float parameter) {
    call_hook(TEST_ACTIVATE);
    real->activation[TP_ACTIVATION_RELU].activate(z, ldz, rows, columns, parameter);
}

static float loss(const float *x, const float *y, size_t n, float parameter, float factor, float *d) {
    call_hook(TEST_LOSS);
    return real->loss_row[TP_LOSS_CCE](x, y, n, parameter, factor, d);
}

static void columns(float *out, const float *d, size_t ldd, size_t rows, size_t count, bool add) {
    call_hook(TEST_COLUMNS);
    real->column_sums(out, d, ldd, rows, count, add);
}

static double squares(const float *x, size_t n) {
    call_hook(TEST_SQUARES);
    return real->square_sum(x, n);
}

static void update(const struct tp_update *numbers, float *w, const float *g, float *s, float *t, size_t n) {
    call_hook(TEST_UPDATE);
    real->update[TP_OPTIMIZER_ADAM](numbers, w, g, s, t, n);
}

static void update_outer(const struct tp_update *numbers, float *w, float *s, float *t, const float *a, const float *b,
                         size_t m, size_t n) {
    call_hook(TEST_UPDATE);
    real->update_outer[TP_OPTIMIZER_ADAM](numbers, w, s, t, a, b, m, n);
}

struct tp_isa test_hooked(const struct tp_isa *isa, test_hook_fn *hook) {
    struct tp_isa hooked = *isa;
    real = isa;
    call_hook = hook;
    hooked.scale_floats = scale;
    hooked.gemm_strip = strip;
    hooked.gemm_ger = ger;
    hooked.gemm_dot = dot;
    hooked.gemm_axpy = axpy;
    hooked.gemm_lanes = lanes;
    hooked.activation[TP_ACTIVATION_RELU].activate = activate;
    hooked.loss_row[TP_LOSS_CCE] = loss;
    hooked.column_sums = columns;
    hooked.square_sum = squares;
    hooked.update[TP_OPTIMIZER_ADAM] = update;
    hooked.update_outer[TP_OPTIMIZER_ADAM] = update_outer;
    return hooked;
}
