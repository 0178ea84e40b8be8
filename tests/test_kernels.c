/* SPDX-License-Identifier: BSD-3-Clause */
/* Every kernel of every table against the scalar table, by bits: all lengths around the vector widths, misaligned and
 * guarded memory, ordinary and special values. */
#include "cpu/dispatch.h"
#include "reference.h"
#include "support/support.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <string.h>

#define MAX_N 67
#define ROWS 3
#define LD 71

/* Ordinary values with every sort of special value sprinkled in. */
static void fill_special(float *x, size_t n, uint64_t seed) {
    static const float special[] = {0.0f,    -0.0f,   1.0f,     -1.0f,     INFINITY, -INFINITY, NAN,    1e-40f,
                                    -1e-40f, 3.4e38f, -3.4e38f, 88.8f,     -88.8f,   -104.0f,   1e-20f, 9.1f,
                                    -9.1f,   0.625f,  16777216, -16777216, 1.5e-7f,  104.5f};
    tp_test_fill(x, n, seed, -20, 20);
    for (size_t i = 0; i < n; i++) {
        const uint64_t bits = tp_test_random(seed + 1, i);
        if (bits % 3 == 0)
            x[i] = special[bits / 3 % (sizeof special / sizeof *special)];
    }
}

/* A matrix in guarded memory, filled by seed; special or not. */
static float *matrix(uint64_t seed, bool special) {
    float *x = tp_test_guarded(ROWS * LD, 4 * (seed % 16));
    if (special)
        fill_special(x, ROWS * LD, seed);
    else
        tp_test_fill(x, ROWS * LD, seed, -3, 3);
    return x;
}

static void activation_case(const struct tp_isa *isa, tp_activation f, size_t n, bool special) {
    float *a = matrix(n, special), *b = matrix(n, special), *d = matrix(n + 900, special),
          *e = matrix(n + 900, special);
    isa->activation[f].activate(a, LD, ROWS, n, 0.01f);
    tp_isa_scalar.activation[f].activate(b, LD, ROWS, n, 0.01f);
    cr_expect(tp_test_same_bits(b, a, ROWS * LD, "%s %s n %zu", isa->name, tp_activation_name(f), n));
    isa->activation[f].derive(d, LD, a, LD, ROWS, n, 0.01f);
    tp_isa_scalar.activation[f].derive(e, LD, a, LD, ROWS, n, 0.01f);
    cr_expect(tp_test_same_bits(e, d, ROWS * LD, "%s %s' n %zu", isa->name, tp_activation_name(f), n));
    tp_test_guarded_free(a), tp_test_guarded_free(b), tp_test_guarded_free(d), tp_test_guarded_free(e);
}

Test(kernels, activations_and_derivatives) {
    for (int i = 0; i < tp_test_isa_count(); i++)
        for (int f = 0; f < TP_ACTIVATION_COUNT; f++)
            for (size_t n = 0; n <= MAX_N; n++)
                for (int special = 0; special < 2; special++)
                    activation_case(tp_test_table(i), (tp_activation)f, n, special);
}

static void loss_case(const struct tp_isa *isa, tp_loss loss, size_t n, bool special) {
    float *x = matrix(n, special), *y = matrix(n + 7, false), *d = matrix(3, false), *e = matrix(3, false);
    for (size_t i = 0; i < ROWS * LD; i++)
        y[i] = i % 3 ? 0 : fabsf(y[i]) / 3;
    const float scale = 1.0f / 7;
    const float values[2] = {isa->loss_row[loss](x, y, n, 0.75f, scale, d),
                             isa->loss_row[loss](x, y, n, 0.75f, scale, NULL)};
    const float expected = tp_isa_scalar.loss_row[loss](x, y, n, 0.75f, scale, e);
    cr_expect(tp_test_same_bits((float[]){expected, expected}, values, 2, "%s %s n %zu value", isa->name,
                                tp_loss_name(loss), n));
    cr_expect(tp_test_same_bits(e, d, ROWS * LD, "%s %s n %zu", isa->name, tp_loss_name(loss), n));
    tp_test_guarded_free(x), tp_test_guarded_free(y), tp_test_guarded_free(d), tp_test_guarded_free(e);
}

Test(kernels, losses) {
    for (int i = 0; i < tp_test_isa_count(); i++)
        for (int loss = 0; loss < TP_LOSS_COUNT; loss++)
            for (size_t n = 1; n <= MAX_N; n++)
                for (int special = 0; special < 2; special++)
                    loss_case(tp_test_table(i), (tp_loss)loss, n, special);
}

/* Samples with one output each, together and one by one. */
static void loss_column_case(const struct tp_isa *isa, tp_loss loss, size_t m, bool special) {
    float *x = matrix(m, special), *y = matrix(m + 7, false), *scale = matrix(m + 11, false);
    float *d = matrix(3, false), *e = matrix(3, false), *values = matrix(3, false), *expected = matrix(3, false);
    for (int derivative = 0; derivative < 2; derivative++) {
        isa->loss_column[loss](x, y, m, 0.75f, scale, values, derivative ? d : NULL);
        for (size_t i = 0; i < m; i++)
            expected[i] = isa->loss_row[loss](x + i, y + i, 1, 0.75f, scale[i], derivative ? e + i : NULL);
        cr_expect(tp_test_same_bits(expected, values, ROWS * LD, "%s %s m %zu", isa->name, tp_loss_name(loss), m));
        cr_expect(tp_test_same_bits(e, d, ROWS * LD, "%s %s m %zu derivative", isa->name, tp_loss_name(loss), m));
    }
    tp_test_guarded_free(x), tp_test_guarded_free(y), tp_test_guarded_free(scale), tp_test_guarded_free(d);
    tp_test_guarded_free(e), tp_test_guarded_free(values), tp_test_guarded_free(expected);
}

Test(kernels, losses_of_samples_with_one_output) {
    for (int i = 0; i < tp_test_isa_count(); i++)
        for (int loss = 0; loss < TP_LOSS_COUNT; loss++)
            for (size_t m = 1; m <= MAX_N; m += m < 18 ? 1 : 7)
                for (int special = 0; special < 2; special++)
                    loss_column_case(tp_test_table(i), (tp_loss)loss, m, special);
}

static void compare_and_free(const struct tp_isa *isa, const char *rule, size_t n, float **expected, float **actual,
                             int arrays) {
    for (int a = 0; a < arrays; a++) {
        cr_expect(tp_test_same_bits(expected[a], actual[a], ROWS * LD, "%s %s n %zu array %d", isa->name, rule, n, a));
        tp_test_guarded_free(expected[a]), tp_test_guarded_free(actual[a]);
    }
}

static void update_case(const struct tp_isa *isa, tp_optimizer_kind kind, size_t n, bool special) {
    const struct tp_update u = {0.01f,  0.75f, 0.003f, 0.9f,   0.9f,   0.1f,   0.999f,
                                0.001f, 3.3f,  1e-8f,  1e-36f, 2e-36f, 4e-36f, 4e-18f};
    float *expected[4], *actual[4];
    for (uint64_t a = 0; a < 4; a++) {
        expected[a] = matrix(n + 100 * a, special && a < 3);
        actual[a] = matrix(n + 100 * a, special && a < 3);
    }
    for (size_t i = 0; i < n; i++) /* a sum of squares is not negative */
        expected[3][i] = actual[3][i] = fabsf(actual[3][i]);
    isa->update[kind](&u, actual[0], actual[1], actual[2], actual[3], n);
    tp_isa_scalar.update[kind](&u, expected[0], expected[1], expected[2], expected[3], n);
    compare_and_free(isa, tp_optimizer_name(kind), n, expected, actual, 4);
}

/* Against the gradient as an array. */
static void update_outer_case(const struct tp_isa *isa, tp_optimizer_kind kind, size_t n, bool special) {
    const struct tp_update u = {0.01f,  1,    0.003f, 0.9f,   0.9f,   0.1f,   0.999f,
                                0.001f, 3.3f, 1e-8f,  1e-36f, 2e-36f, 4e-36f, 4e-18f};
    float *expected[3], *actual[3], *a = matrix(n + 300, special), *b = matrix(n + 400, special), *g = matrix(1, false);
    for (uint64_t i = 0; i < 3; i++) {
        expected[i] = matrix(n + 100 * i, special && i < 2);
        actual[i] = matrix(n + 100 * i, special && i < 2);
    }
    for (size_t i = 0; i < ROWS * n; i++) {
        expected[2][i] = actual[2][i] = fabsf(actual[2][i]);
        g[i] = fmaf(a[i / n], b[i % n], 0);
    }
    isa->update_outer[kind](&u, actual[0], actual[1], actual[2], a, b, ROWS, n);
    tp_isa_scalar.update[kind](&u, expected[0], g, expected[1], expected[2], ROWS * n);
    compare_and_free(isa, tp_optimizer_name(kind), n, expected, actual, 3);
    tp_test_guarded_free(a), tp_test_guarded_free(b), tp_test_guarded_free(g);
}

static void all_updates(void (*update)(const struct tp_isa *isa, tp_optimizer_kind kind, size_t n, bool special)) {
    for (int i = 0; i < tp_test_isa_count(); i++)
        for (int kind = 0; kind < TP_OPTIMIZER_COUNT; kind++)
            for (size_t n = 0; n <= MAX_N; n++)
                for (int special = 0; special < 2; special++)
                    update(tp_test_table(i), (tp_optimizer_kind)kind, n, special);
}

Test(kernels, optimizers) {
    all_updates(update_case);
}

Test(kernels, optimizers_with_outer_products) {
    all_updates(update_outer_case);
}

/* sum_l (x_l^2 + x_{l+16}^2 + ...) folded 8, 4, 2, 1, in double, written again. */
static double canonical_square_sum(const float *x, size_t n) {
    double lane[16] = {0};
    for (size_t i = 0; i < n; i++)
        lane[i % 16] += (double)x[i] * (double)x[i];
    for (int half = 8; half; half /= 2)
        for (int l = 0; l < half; l++)
            lane[l] += lane[l + half];
    return lane[0];
}

Test(kernels, square_sum_is_the_canonical_sum) {
    float *x = tp_test_guarded(4096, 12);
    tp_test_fill(x, 4096, 5, -3, 3);
    x[5] = 3e38f;
    for (int i = 0; i < tp_test_isa_count(); i++)
        for (size_t n = 0; n <= 4096; n += n < MAX_N ? 1 : 1007) {
            const double expected = canonical_square_sum(x, n), actual = tp_test_table(i)->square_sum(x, n);
            cr_expect(isfinite(actual));
            cr_expect(!memcmp(&expected, &actual, sizeof actual), "%s square sum of %zu", tp_test_isa(i), n);
        }
    tp_test_guarded_free(x);
}

Test(kernels, column_sums_are_chains) {
    const size_t ld = 203;
    float *d = tp_test_guarded(9 * ld, 8), expected[203];
    tp_test_fill(d, 9 * ld, 6, -3, 3);
    for (int i = 0; i < tp_test_isa_count(); i++)
        for (size_t n = 1; n <= ld; n++)
            for (size_t rows = 0; rows < 10; rows += 3) {
                float *out = tp_test_guarded(n, 4);
                for (size_t j = 0; j < n; j++) {
                    expected[j] = 0;
                    for (size_t r = 0; r < rows; r++)
                        expected[j] += d[r * ld + j];
                }
                tp_test_table(i)->column_sums(out, d, ld, rows, n, false);
                cr_expect(tp_test_same_bits(expected, out, n, "%s column sums %zu x %zu", tp_test_isa(i), rows, n));
                tp_test_table(i)->column_sums(out, d, ld, rows / 3, n, false);
                tp_test_table(i)->column_sums(out, d + rows / 3 * ld, ld, rows - rows / 3, n, true);
                cr_expect(tp_test_same_bits(expected, out, n, "%s column sums %zu x %zu in two parts", tp_test_isa(i),
                                            rows, n));
                tp_test_guarded_free(out);
            }
    tp_test_guarded_free(d);
}

Test(kernels, samples_are_scaled) {
    static uint8_t raw[MAX_N];
    static float values[MAX_N], expected[2][MAX_N];
    static double doubles[MAX_N], mean[MAX_N], factor[MAX_N];
    for (size_t i = 0; i < MAX_N; i++) {
        raw[i] = (uint8_t)(i * 37);
        doubles[i] = values[i] = (float)raw[i];
        mean[i] = 72.3 + (double)i, factor[i] = 1 / (0.7 + (double)i);
        expected[0][i] = (float)((doubles[i] - mean[0]) * factor[0]);
        expected[1][i] = (float)((doubles[i] - mean[i]) * factor[i]);
    }
    for (int i = 0; i < tp_test_isa_count(); i++)
        for (size_t n = 1; n <= MAX_N; n++)
            for (int each = 0; each < 2; each++) {
                float *x[3];
                for (int k = 0; k < 3; k++)
                    x[k] = tp_test_guarded(n, 4 * (size_t)(k + 1));
                tp_test_table(i)->scale_bytes(x[0], raw, n, mean, factor, each);
                tp_test_table(i)->scale_floats(x[1], values, n, mean, factor, each);
                tp_test_table(i)->scale_doubles(x[2], doubles, n, mean, factor, each);
                for (int k = 0; k < 3; k++) {
                    cr_expect(tp_test_same_bits(expected[each], x[k], n, "%s type %d of %zu", tp_test_isa(i), k, n));
                    tp_test_guarded_free(x[k]);
                }
            }
}

Test(kernels, normals_and_cosine) {
    float u[MAX_N], v[MAX_N], expected[MAX_N];
    tp_test_fill(u, MAX_N, 8, 0x1p-32f, 1);
    tp_test_fill(v, MAX_N, 9, 0, 1);
    u[0] = 1, u[1] = 0x1p-32f, v[2] = 0, v[3] = 0.25f;
    for (int i = 0; i < tp_test_isa_count(); i++) {
        for (size_t n = 0; n <= MAX_N; n++) {
            float *x = tp_test_guarded(n, 4);
            memcpy(expected, u, sizeof u);
            if (n)
                memcpy(x, u, n * sizeof *x);
            tp_test_table(i)->normals(x, v, n, 0.125f);
            tp_isa_scalar.normals(expected, v, n, 0.125f);
            cr_expect(tp_test_same_bits(expected, x, n, "%s normals %zu", tp_test_isa(i), n));
            tp_test_guarded_free(x);
        }
        for (int p = 0; p <= 1000; p++) {
            const float at = (float)p / 1000, a = tp_isa_scalar.cosine(at), b = tp_test_table(i)->cosine(at);
            cr_expect(tp_test_same_bits(&a, &b, 1, "%s cosine of %g", tp_test_isa(i), (double)at));
            cr_expect(fabs((double)b - cos(3.14159265358979323846 * (double)at)) < 2e-7);
        }
    }
}

/* What softmax, sigmoid and the losses promise beyond equality: rows that sum to 1, tails that do not overflow. */
Test(kernels, values_against_libm) {
    static const float points[] = {-1e4f, -104, -88, -20, -1, -1e-3f, 0, 1e-3f, 0.5f, 1, 20, 88, 104, 1e4f};
    for (int i = 0; i < tp_test_isa_count(); i++)
        for (size_t p = 0; p < sizeof points / sizeof *points; p++) {
            const double z = (double)points[p];
            float sigmoid[1] = {points[p]}, hyperbolic[1] = {points[p]}, one[1] = {1}, zero[1] = {0};
            tp_test_table(i)->activation[TP_ACTIVATION_SIGMOID].activate(sigmoid, 1, 1, 1, 0);
            tp_test_table(i)->activation[TP_ACTIVATION_TANH].activate(hyperbolic, 1, 1, 1, 0);
            const double s = 1 / (1 + exp(-z)), h = tanh(z);
            cr_expect(fabs((double)sigmoid[0] - s) <= 4e-7 * s + 0x1p-126, "sigmoid(%g) = %g", z, (double)sigmoid[0]);
            cr_expect(fabs((double)hyperbolic[0] - h) <= 2e-7 * fabs(h), "tanh(%g) = %g", z, (double)hyperbolic[0]);
            const double softplus = z > 0 ? z + log1p(exp(-z)) : log1p(exp(z));
            const double loss1 = (double)tp_test_table(i)->loss_row[TP_LOSS_BCE](&points[p], one, 1, 0, 1, NULL);
            const double loss0 = (double)tp_test_table(i)->loss_row[TP_LOSS_BCE](&points[p], zero, 1, 0, 1, NULL);
            cr_expect(fabs(loss0 - softplus) <= 3e-7 * softplus + 0x1p-126, "bce(%g, 0) = %g", z, loss0);
            cr_expect(fabs(loss1 - (softplus - z)) <= 3e-7 * (fabs(z) + softplus) + 0x1p-126, "bce(%g, 1) = %g", z,
                      loss1);
        }
}

/* Every 49999th float, where the result is in the normal range. */
static void check_ulps(const struct tp_isa *isa, tp_activation f) {
    for (uint64_t bits = 0; bits <= UINT32_MAX; bits += 49999) {
        const uint32_t word = (uint32_t)bits;
        float z, a;
        memcpy(&z, &word, sizeof z);
        a = z;
        isa->activation[f].activate(&a, 1, 1, 1, 0.75f);
        const double expected = ref_activation(f, 0.75, (double)z);
        if (!isfinite(z) || fabs(expected) < 0x1p-126 || fabs(expected) > (double)FLT_MAX)
            continue;
        int exponent;
        frexp(expected, &exponent);
        const double error = ldexp(fabs((double)a - expected), 24 - exponent);
        if (!(error <= 4))
            cr_assert_fail("%s %s(%a) = %a, off by %g ulp", isa->name, tp_activation_name(f), (double)z, (double)a,
                           error);
    }
}

Test(kernels, activations_within_4_ulp) {
    for (int i = 0; i < tp_test_isa_count(); i++)
        for (int f = 0; f < TP_ACTIVATION_COUNT; f++)
            if (f != TP_ACTIVATION_SOFTMAX)
                check_ulps(tp_test_table(i), (tp_activation)f);
}
