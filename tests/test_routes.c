/* SPDX-License-Identifier: BSD-3-Clause */
/* Every route of every instruction set, and every way to read B, gives the bits of the chain, or of the canonical sum
 * where that was asked for; and each row of both tables is reached that the tuning does not rule out. */
#include "gemm/explain.h"
#include "support/sums.h"
#include "support/support.h"

#include "kernels/bf16_exact.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 7 * TP_CONFLICT * 64 }; /* floats of an operand */
enum { MOST_PARTS = 8 };

/* What may differ between products. */
struct variant {
    size_t m, n, k;
    bool ta, tb, packed, consumed, lanes, bf16;
    float alpha;
    enum tp_start start;
    size_t lda, ldb, misaligned, parts;
};

struct room {
    float *a, *b, *panels, *c, *before, *expected, *out, *bias, *scratch, *levels;
};

struct reached {
    bool route[TP_ROUTES], reading[TP_READINGS];
};

/* So small that little products have many blocks and are uncached. */
static struct tp_blocking small_blocking(const struct tp_isa *isa) {
    return (struct tp_blocking){.mc = 4 * isa->mr, .kc = 24, .nc = 2 * isa->nr, .thread_flops = 1e9};
}

struct consumer {
    float *out;
    size_t ld;
};

static void consume(const void *consumer, const float *c, size_t ldc, const struct tp_place *p) {
    const struct consumer *to = consumer;
    for (size_t i = 0; i < p->m; i++)
        memcpy(to->out + (p->i + i) * to->ld + p->j, c + i * ldc, p->n * sizeof *c);
}

static float chain(const struct variant *v, const float *a, const float *b, struct tp_range steps, float sum) {
    for (size_t k = steps.begin; k < steps.end; k++)
        sum = fmaf(v->alpha * a[k * (v->ta ? v->lda : 1)], b[k * (v->tb ? 1 : v->ldb)], sum);
    return sum;
}

static float tree(const struct variant *v, const float *a, const float *b, size_t first, size_t count) {
    if (count == 1)
        return chain(v, a, b, tp_share(v->k, 1, (int)first, (int)v->parts), 0);
    return tree(v, a, b, first, count / 2) + tree(v, a, b, first + count / 2, count / 2);
}

static float element(const struct variant *v, const struct tp_gemm *g, const struct room *r, size_t i, size_t j) {
    const float *b = r->b + v->misaligned;
    if (v->bf16)
        return tp_bf16_round(g->a.p[i * v->lda]) * tp_bf16_round(b[j]); /* k is 1 */
    if (v->lanes)
        return test_canonical_sum(g->a.p + i * v->lda, b + j, v->ldb, v->k) +
               (v->start == TP_START_BIAS ? g->bias[j] : 0);
    float sum = v->start == TP_START_ZERO ? 0 : v->start == TP_START_BIAS ? g->bias[j] : r->c[i * g->ldc + j];
    const float *row = g->a.p + i * (v->ta ? 1 : v->lda), *column = b + j * (v->tb ? v->ldb : 1);
    if (v->parts > 1)
        return tree(v, row, column, 0, v->parts);
    return v->alpha == 0 ? sum : chain(v, row, column, (struct tp_range){0, v->k}, sum);
}

static struct tp_operand operand(const float *p, size_t ld, bool transposed) {
    return transposed ? tp_transposed(p, ld) : tp_plain(p, ld);
}

/* What is consumed after its only block goes past C, unless it comes from C^T or is not multiplied at all. */
static bool passes_c(const struct variant *v, const struct tp_blocking *blocking, const struct tp_route *route) {
    return v->consumed && v->k <= blocking->kc && !route->transposed && route->run != tp_run_start;
}

static void run(const struct tp_isa *isa, const struct variant *v, const struct room *r, struct reached *reached) {
    const struct tp_blocking blocking = small_blocking(isa);
    const struct consumer consumer = {r->out, v->n};
    struct tp_gemm g = {.isa = isa,
                        .bf16 = v->bf16 ? &isa->bf16 : NULL,
                        .blocking = &blocking,
                        .m = v->m,
                        .n = v->n,
                        .k = v->k,
                        .alpha = v->alpha,
                        .a = operand(r->a, v->lda, v->ta),
                        .b = operand(r->b + v->misaligned, v->ldb, v->tb),
                        .lanes = v->lanes,
                        .parts = v->parts,
                        .levels = r->levels,
                        .start = v->start,
                        .bias = r->bias,
                        .c = r->c,
                        .ldc = v->n,
                        .epilogue = {.consume = v->consumed ? consume : NULL, .consumer = &consumer}};
    const size_t width = tp_panel_width(isa, v->n);
    if (v->packed) {
        isa->pack_b(r->panels, g.b.p, g.b.row_step, g.b.column_step, v->k, v->n, width, width * v->k);
        g.b = (struct tp_operand){.p = r->panels, .packed = true};
    }
    tp_test_fill(r->c, v->m * v->n, 3, -1, 1);
    for (size_t i = 0; i < v->m; i++)
        for (size_t j = 0; j < v->n; j++)
            r->expected[i * v->n + j] = element(v, &g, r, i, j);
    const struct tp_explanation e = tp_gemm_explain(&g, tp_alone);
    reached->route[e.route - tp_routes] = true;
    if (e.route->blocks)
        reached->reading[e.plan.reading - tp_readings] = true;
    memcpy(r->before, r->c, v->m * v->n * sizeof *r->c);
    tp_gemm_run(&g, tp_alone, r->scratch);
    if (passes_c(v, &blocking, e.route))
        cr_assert(tp_test_same_bits(r->before, r->c, v->m * v->n, "%s: %s: C is written", isa->name, e.route->name));
    cr_assert(tp_test_same_bits(r->expected, v->consumed ? r->out : r->c, v->m * v->n,
                                "%s: %s, %s: %zu x %zu x %zu, %d %d", isa->name, e.route->name,
                                e.route->blocks ? e.plan.reading->name : "", v->m, v->n, v->k, v->ta, v->tb));
}

/* The same product in all variants: transposed, packed, consumed, scaled, with rows that conflict or cross lines. */
static void run_variants(const struct tp_isa *isa, size_t m, size_t n, size_t k, const struct room *r,
                         struct reached *reached) {
    for (unsigned bits = 0; bits < 128; bits++) {
        struct variant v = {.m = m, .n = n, .k = k, .alpha = 1};
        v.ta = bits & 1;
        v.tb = bits & 2;
        v.consumed = bits & 4;
        v.packed = (bits & 24) == 8;
        v.alpha = (bits & 24) == 16 ? 0.5F : (bits & 24) == 24 && (bits & 4) ? 0 : 1;
        v.start = v.consumed || !(bits & 64) ? TP_START_ZERO : m % 2 ? TP_START_BIAS : TP_START_C;
        v.lda = v.ta && bits & 32 ? TP_CONFLICT : (v.ta ? m : k) + 3;
        v.ldb = bits & 32 ? TP_CONFLICT : (v.tb ? k : n) + (bits & 64 ? 5 : 0);
        v.misaligned = bits & 64 ? 1 : 0;
        if (v.ldb >= (v.tb ? k : n))
            run(isa, &v, r, reached);
    }
}

/* Sums of parts of few steps and of none, in blocks of all and of some rows. */
static void run_parts(const struct tp_isa *isa, size_t m, size_t n, const struct room *r, struct reached *reached) {
    for (unsigned bits = 0; bits < 16; bits++) {
        struct variant v = {.m = m, .n = n, .alpha = 1, .consumed = true};
        v.ta = bits & 1;
        v.tb = bits & 2;
        v.parts = bits & 4 ? MOST_PARTS : 2;
        v.k = bits & 8 ? 23 : 5;
        v.lda = bits & 8 ? TP_CONFLICT : (v.ta ? m : v.k) + 3;
        v.ldb = bits & 8 ? TP_CONFLICT : (v.tb ? v.k : n) + 5;
        run(isa, &v, r, reached);
    }
}

static void run_shapes(const struct tp_isa *isa, const struct room *r, struct reached *reached) {
    const size_t rows[] = {1, 2, isa->mr, 3 * isa->mr, 9 * isa->mr + 1}, steps[] = {0, 1, 5, 60};
    const size_t columns[] = {1, 2, 5, isa->nr, 2 * isa->nr + 3, 16 * TP_LINE};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t j = 0; j < sizeof columns / sizeof *columns; j++)
            for (size_t k = 0; k < sizeof steps / sizeof *steps; k++)
                run_variants(isa, rows[i], columns[j], steps[k], r, reached);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t j = 0; j < sizeof columns / sizeof *columns; j++)
            run_parts(isa, rows[i], columns[j], r, reached);
    const struct variant columns_of_b = {
        .m = 40, .n = 8, .k = 200, .ta = true, .tb = true, .alpha = 1, .lda = TP_CONFLICT, .ldb = 203};
    run(isa, &columns_of_b, r, reached);
    for (size_t n = 1; n <= TP_LANES_COLUMNS; n++) {
        const struct variant canonical = {.m = 150 + n,
                                          .n = n,
                                          .k = 70,
                                          .lanes = true,
                                          .alpha = 1,
                                          .start = n % 2 ? TP_START_BIAS : TP_START_ZERO,
                                          .lda = 73,
                                          .ldb = n > 2 ? n : n + 4};
        run(isa, &canonical, r, reached);
    }
    run(isa, &(struct variant){.m = 5, .n = 7, .k = 1, .bf16 = true, .alpha = 1, .lda = 3, .ldb = 9}, r, reached);
    /* long rows of B, which is vast */
    const struct variant long_rows = {
        .m = 3, .n = 2 * TP_CONFLICT, .k = 70, .alpha = 1, .lda = 70, .ldb = 2 * TP_CONFLICT + 16};
    run(isa, &long_rows, r, reached);
}

static bool is_ruled_out(const struct tp_tuning *t, const char *name) {
    return (!t->copy_steps && !strcmp(name, "copied")) || (!t->stream_long_steps && !strcmp(name, "streamed long")) ||
           (!t->uncached_parts && !strcmp(name, "uncached"));
}

static void check_reached(const struct tp_isa *isa, const char *name, bool reached) {
    cr_expect_neq(reached, is_ruled_out(&isa->tuning, name), "%s: %s", isa->name, name);
}

static struct room make_room(void) {
    struct room r = {.a = tp_test_floats(MOST), .b = tp_test_floats(MOST), .panels = tp_test_floats(MOST)};
    r.c = tp_test_floats(MOST);
    r.before = tp_test_floats(MOST);
    r.expected = tp_test_floats(MOST);
    r.out = tp_test_floats(MOST);
    r.bias = tp_test_floats(MOST);
    r.scratch = aligned_alloc(64, MOST * sizeof *r.scratch);
    r.levels = tp_test_floats(tp_level_floats(MOST_PARTS));
    cr_assert_not_null(r.scratch);
    tp_test_fill(r.a, MOST, 1, -1, 1);
    tp_test_fill(r.b, MOST, 2, -1, 1);
    tp_test_fill(r.bias, MOST, 4, -1, 1);
    return r;
}

static void free_room(struct room *r) {
    float *const all[] = {r->a, r->b, r->panels, r->c, r->before, r->expected, r->out, r->bias, r->scratch, r->levels};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

Test(routes, all_give_the_same_bits_and_are_reached) {
    struct room r = make_room();
    for (int i = 0; i < tp_test_isa_count(); i++) {
        const struct tp_isa *isa = tp_test_table(i);
        struct reached reached = {0};
        run_shapes(isa, &r, &reached);
        for (size_t j = 0; j < TP_ROUTES; j++)
            check_reached(isa, tp_routes[j].name, reached.route[j]);
        for (size_t j = 0; j < TP_READINGS; j++)
            check_reached(isa, tp_readings[j].name, reached.reading[j]);
    }
    free_room(&r);
}

/* Names tell rows apart, and each says when. */
Test(routes, have_names) {
    for (size_t i = 0; i < TP_ROUTES; i++) {
        cr_expect(tp_routes[i].when && *tp_routes[i].when);
        for (size_t j = 0; j < i; j++)
            cr_expect_str_neq(tp_routes[i].name, tp_routes[j].name);
    }
    for (size_t i = 0; i < TP_READINGS; i++) {
        cr_expect(tp_readings[i].when && *tp_readings[i].when);
        for (size_t j = 0; j < i; j++)
            cr_expect_str_neq(tp_readings[i].name, tp_readings[j].name);
    }
}
