/* SPDX-License-Identifier: BSD-3-Clause */
/* Panels and transposed matrices, element by element, with nothing else written. */
#include "kernels/kernels.h"
#include "support/support.h"

#include <criterion/criterion.h>

#define UNTOUCHED 12345.0f
#define GAP 5 /* floats between rows, or panels, that belong to nothing */
#define MAX_LANES 70

struct matrix {
    float *p;
    size_t ld;
};

static struct matrix matrix(size_t rows, size_t columns, size_t gap) {
    struct matrix x = {.ld = columns + gap};
    x.p = tp_test_guarded(rows * x.ld, 4 * (columns % 16));
    tp_test_fill(x.p, rows * x.ld, rows, -3, 3);
    return x;
}

static float *untouched(size_t count) {
    float *x = tp_test_guarded(count, 0);
    for (size_t i = 0; i < count; i++)
        x[i] = UNTOUCHED;
    return x;
}

/* lanes x k elements in panels of width lanes, panel floats apart; the last may have fewer, filled up with zeros to a
 * multiple of fill. beside: in memory, lanes lie side by side, else k steps. */
struct packing {
    size_t lanes, k, width, panel, fill;
    bool beside;
};

static size_t packed_count(const struct packing *s) {
    return (s->lanes - 1) / s->width * s->panel + s->k * s->width;
}

static struct matrix source(const struct packing *s) {
    return s->beside ? matrix(s->k, s->lanes, GAP) : matrix(s->lanes, s->k, GAP);
}

static float *expected_panels(const struct packing *s, const struct matrix *x, float alpha) {
    float *panels = untouched(packed_count(s));
    for (size_t j = 0; j < (s->lanes + s->fill - 1) / s->fill * s->fill; j++)
        for (size_t k = 0; k < s->k; k++)
            panels[j / s->width * s->panel + k * s->width + j % s->width] =
                j < s->lanes ? alpha * x->p[s->beside ? k * x->ld + j : j * x->ld + k] : 0;
    return panels;
}

static void pack_a_case(const struct tp_isa *isa, const struct packing *s, float alpha) {
    const struct matrix x = source(s);
    float *expected = expected_panels(s, &x, alpha), *panels = untouched(packed_count(s));
    isa->pack_a(panels, x.p, s->beside ? 1 : x.ld, s->beside ? x.ld : 1, s->lanes, s->k, s->width, alpha);
    cr_expect(tp_test_same_bits(expected, panels, packed_count(s), "%s: A, %zu rows, %zu steps, height %zu, beside %d",
                                isa->name, s->lanes, s->k, s->width, s->beside));
    tp_test_guarded_free(x.p), tp_test_guarded_free(expected), tp_test_guarded_free(panels);
}

static void pack_b_case(const struct tp_isa *isa, const struct packing *s) {
    const struct matrix x = source(s);
    float *expected = expected_panels(s, &x, 1), *panels = untouched(packed_count(s));
    isa->pack_b(panels, x.p, s->beside ? x.ld : 1, s->beside ? 1 : x.ld, s->k, s->lanes, s->width, s->panel);
    cr_expect(tp_test_same_bits(expected, panels, packed_count(s),
                                "%s: B, %zu columns, %zu steps, width %zu, beside %d", isa->name, s->lanes, s->k,
                                s->width, s->beside));
    tp_test_guarded_free(x.p), tp_test_guarded_free(expected), tp_test_guarded_free(panels);
}

static const size_t steps[] = {1, 2, 3, 4, 7, 16, 17, 31, 70};
#define STEPS (sizeof steps / sizeof *steps)

static void all_heights(const struct tp_isa *isa, size_t rows, size_t k) {
    for (size_t height = 1; height <= isa->mr; height++)
        for (int beside = 0; beside < 2; beside++) {
            const struct packing s = {rows, k, height, height * k, 1, beside};
            pack_a_case(isa, &s, 1);
            pack_a_case(isa, &s, -0.75f);
        }
}

static void all_widths(const struct tp_isa *isa, size_t columns, size_t k) {
    for (size_t width = isa->lanes; width <= isa->nr; width += isa->lanes)
        for (int beside = 0; beside < 2; beside++) {
            const struct packing s = {columns, k, width, width * k + GAP, isa->lanes, beside};
            pack_b_case(isa, &s);
        }
}

static void transpose_case(const struct tp_isa *isa, size_t rows, size_t columns, size_t gap) {
    const struct matrix x = matrix(rows, columns, gap);
    const size_t ldo = rows + gap, count = columns * ldo;
    float *expected = untouched(count), *out = untouched(count);
    for (size_t j = 0; j < columns; j++)
        for (size_t i = 0; i < rows; i++)
            expected[j * ldo + i] = x.p[i * x.ld + j];
    isa->transpose(out, ldo, x.p, x.ld, rows, columns);
    cr_expect(tp_test_same_bits(expected, out, count, "%s: %zu x %zu, %zu apart", isa->name, rows, columns, gap));
    tp_test_guarded_free(x.p), tp_test_guarded_free(expected), tp_test_guarded_free(out);
}

static void transposed(const struct tp_isa *isa, size_t rows, size_t columns) {
    transpose_case(isa, rows, columns, GAP);
    transpose_case(isa, rows, columns, 0);
}

static void for_all_sizes(void (*check)(const struct tp_isa *isa, size_t lanes, size_t k)) {
    for (int i = 0; i < tp_test_isa_count(); i++)
        for (size_t lanes = 1; lanes <= MAX_LANES; lanes++)
            for (size_t k = 0; k < STEPS; k++)
                check(tp_test_table(i), lanes, steps[k]);
}

Test(packing, panels_of_a) {
    for_all_sizes(all_heights);
}

Test(packing, panels_of_b) {
    for_all_sizes(all_widths);
}

Test(packing, transposed_matrices) {
    for_all_sizes(transposed);
}
