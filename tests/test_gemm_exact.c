/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Both public products on integers so small that every sum is exact in whatever order it is taken: what comes out must
 * be, bit by bit, what a plain triple loop gives. Every m and n up to two tiles and one more, drawn with every k around
 * the unrolling and the blocks, transposes, leading dimensions, alignments, factors, blockings, threads and epilogues.
 * Factors that leave the integers are compared with the chain that the header promises.
 *
 * Each matrix and each block of memory lies either at the end of a fence or misaligned with poison around it: NaN
 * beside A and B, which must not show, and a number beside C, which must not change.
 */
#include "support/blocking.h"
#include "support/fence.h"
#include "support/stride.h"
#include "support/support.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Calls of each product and instruction set. */
#define CASES 60000
#define LONG_CASES 1000000 /* with TILEPROP_TEST_LONG=1 */

#define CAPACITY ((size_t)256 << 10) /* floats of the largest matrix with its surroundings */
#define WORKSPACE ((size_t)8 << 20)  /* bytes */
#define MARGIN 32                    /* floats of poison on either side */
#define MAX_THREADS 3
#define MAX_ROW 2048

/* |sums| <= 1 + 8 * 8 * k < 2^24 for the first EXACT factors: no rounding anywhere. */
static const float factors[] = {0, -0.0f, 1, -1, 0.7f, NAN, INFINITY, 1e-40f, FLT_MAX};
#define EXACT 4
#define FACTORS (sizeof factors / sizeof *factors)

static const struct tp_blocking blockings[] = {
    {1, 1, 1, 1}, {3, 2, 5, 1}, {7, 8, 48, 1}, {16, 4, 40, 1}, {1000, 1000, 1000, 1}};
#define BLOCKINGS (sizeof blockings / sizeof *blockings + 1) /* and the one that the library chose */

struct problem {
    size_t m, n, k;
    bool ta, tb;
    size_t alpha, beta; /* of factors */
    tp_context *context;
    bool own_workspace;
};

/* What ran, so that a test that draws nothing of some kind fails. */
struct tally {
    size_t products, packed;
    size_t factors[2][2][FACTORS][FACTORS], threads[MAX_THREADS], blockings[BLOCKINGS], epilogues[TP_ACTIVATION_COUNT];
    size_t elements, zeros; /* of exact products that are not empty */
};

struct stored {
    struct test_fence memory;
    float *p;
    size_t ld;
};

/* Everything that the cases of one instruction set use, taken once. */
struct state {
    tp_context *contexts[MAX_THREADS], *scalar;
    tp_context copy; /* of one of them, with another blocking */
    struct stored a, b, c;
    struct test_fence workspace, packed;
    float *op_a, *op_b, *old, *bias, *outputs; /* op(A), op(B), C before the call, without padding */
    float *product, *image;                    /* expected: m x n; and with what lies around C */
    float *pool;                               /* integers -8..8, some zeros negative */
    struct tally tally;
};

#define POOL 8192

static size_t draw(uint64_t what, size_t q, size_t count) {
    return (size_t)(tp_test_random(what, q) >> 32) % count;
}

/* ------------------------------------------------------------------------------------------------------ the oracle */

/* c = alpha a b + beta start, rows of start ld_start apart. Plain; any order would do. */
static void plain(const struct problem *p, const float *a, const float *b, const float *start, size_t ld_start,
                  float beta, float *c) {
    const float alpha = factors[p->alpha];
    for (size_t i = 0; i < p->m; i++) {
        float *row = c + i * p->n;
        for (size_t j = 0; j < p->n; j++)
            row[j] = beta == 0 ? 0 : beta * start[i * ld_start + j];
        for (size_t k = 0; alpha != 0 && k < p->k; k++)
            for (size_t j = 0; j < p->n; j++)
                row[j] += alpha * a[i * p->k + k] * b[k * p->n + j];
    }
}

#ifdef __x86_64__
#define WITH_FMA __attribute__((target("fma"))) /* or fmaf is a call; every path of the library needs it as well */
#else
#define WITH_FMA
#endif

/* The header's words: acc = beta C (0 if beta is 0), then acc = fma(alpha a, b, acc), k ascending. */
WITH_FMA static void chain(const struct problem *p, const float *a, const float *b, const float *start, size_t ld_start,
                           float beta, float *c) {
    const float alpha = factors[p->alpha];
    for (size_t i = 0; i < p->m; i++) {
        float *row = c + i * p->n;
        for (size_t j = 0; j < p->n; j++)
            row[j] = beta == 0 ? 0 : beta * start[i * ld_start + j];
        for (size_t k = 0; alpha != 0 && k < p->k; k++)
            for (size_t j = 0; j < p->n; j++)
                row[j] = fmaf(alpha * a[i * p->k + k], b[k * p->n + j], row[j]);
    }
}

static void expect_product(struct state *t, const struct problem *p, const float *start, size_t ld_start, float beta) {
    const bool exact = p->alpha < EXACT && (beta == 1 || p->beta < EXACT);
    (exact ? plain : chain)(p, t->op_a, t->op_b, start, ld_start, beta, t->product);
    if (exact && factors[p->alpha] != 0 && p->k > 0) {
        t->tally.elements += p->m * p->n;
        for (size_t i = 0; i < p->m * p->n; i++)
            t->tally.zeros += t->product[i] == 0;
    }
}

/* The epilogue on the plain product: on the scalar path, with nothing added to C. */
static void expect_epilogue(struct state *t, const struct problem *p, const tp_epilogue *e) {
    tp_packed *nothing = NULL;
    tp_epilogue rest = *e;
    rest.bias = NULL;
    cr_assert_eq(tp_packed_create(t->scalar, TP_TRANSPOSE_NO, 0, p->n, NULL, p->n + !p->n, NULL, 0, &nothing), TP_OK);
    cr_assert_eq(tp_sgemm_packed(t->scalar, TP_TRANSPOSE_NO, p->m, 1, NULL, 1, nothing, 1, &rest, t->product,
                                 p->n + !p->n, NULL, 0),
                 TP_OK);
    tp_packed_destroy(nothing);
}

/* ---------------------------------------------------------------------------------------------------------- storage */

/* From the first to the last element of a matrix as stored. */
static size_t extent_of(size_t rows, size_t columns, size_t ld) {
    return rows && columns ? (rows - 1) * ld + columns : 0;
}

/* Puts a matrix where its last element is the last before the fence, or 0..60 bytes past a multiple of 64, and fills
 * it, and what lies around it, with poison. */
static void place(struct stored *x, size_t extent, size_t bits, int poison) {
    cr_assert(extent + 2 * MARGIN + 16 <= CAPACITY);
    float *const end = (float *)(void *)x->memory.end;
    x->p = bits % 2 ? end - extent : (float *)(void *)x->memory.begin + MARGIN + bits / 2 % 16;
    const size_t behind = bits % 2 ? 0 : MARGIN;
    memset(x->p - MARGIN, poison, (MARGIN + extent + behind) * sizeof(float));
}

/* Mostly the width, one or 17 more; sometimes a distance at which the library has to be careful with caches. */
static size_t choose_ld(size_t rows, size_t width, size_t bits) {
    static const size_t extra[] = {0, 1, 17};
    if (bits % 32 == 0 && rows < 200)
        return (width + 1024) / 1024 * 1024;
    const size_t ld = width + extra[bits % 3];
    return ld ? ld : 1;
}

static void store(struct stored *x, const float *op, size_t rows, size_t columns, bool transpose, size_t bits) {
    const size_t stored_rows = transpose ? columns : rows, width = transpose ? rows : columns;
    x->ld = choose_ld(stored_rows, width, bits >> 8);
    place(x, extent_of(stored_rows, width, x->ld), bits, 0xff);
    for (size_t i = 0; i < stored_rows; i++)
        for (size_t j = 0; j < width; j++)
            x->p[i * x->ld + j] = op[transpose ? j * columns + i : i * columns + j];
}

static void fill(const struct state *t, float *x, size_t n, uint64_t what, size_t q) {
    for (size_t i = 0; i < n; i += MAX_ROW)
        memcpy(x + i, t->pool + draw(what, q + i, POOL), (n - i < MAX_ROW ? n - i : MAX_ROW) * sizeof(float));
}

/* C as it is before a call, and in the image as it must be after. */
static void store_c(struct state *t, const struct problem *p, size_t bits) {
    struct stored *c = &t->c;
    c->ld = choose_ld(p->m, p->n, bits >> 8);
    place(c, extent_of(p->m, p->n, c->ld), bits, 0x5a);
    const bool reads = factors[p->beta] != 0;
    for (size_t i = 0; i < p->m; i++) {
        if (reads)
            memcpy(c->p + i * c->ld, t->old + i * p->n, p->n * sizeof(float));
        else
            memset(c->p + i * c->ld, 0xff, p->n * sizeof(float));
    }
}

static bool check_c(struct state *t, const struct problem *p, size_t bits, const char *what, size_t q) {
    const struct stored *c = &t->c;
    const size_t extent = extent_of(p->m, p->n, c->ld), n = MARGIN + extent + (bits % 2 ? 0 : MARGIN);
    memset(t->image, 0x5a, n * sizeof(float));
    for (size_t i = 0; i < p->m; i++)
        memcpy(t->image + MARGIN + i * c->ld, t->product + i * p->n, p->n * sizeof(float));
    return !memcmp(t->image, c->p - MARGIN, n * sizeof(float)) ||
           tp_test_same_bits(t->image, c->p - MARGIN, n,
                             "case %zu, %s, %s: %zu x %zu x %zu%s%s, alpha %g, beta %g, ld %zu %zu %zu, %d threads, "
                             "blocks %zu %zu %zu, C at %d",
                             q, tp_context_isa(p->context), what, p->m, p->n, p->k, p->ta ? ", A^T" : "",
                             p->tb ? ", B^T" : "", (double)factors[p->alpha], (double)factors[p->beta], t->a.ld,
                             t->b.ld, c->ld, p->context->threads, p->context->blocking->mc, p->context->blocking->kc,
                             p->context->blocking->nc, MARGIN);
}

/* ------------------------------------------------------------------------------------------------------------ calls */

/* So many bytes before the fence, with NaN in them; NULL and 0 if the library is to allocate. */
static void *take(const struct test_fence *memory, size_t *size, bool own) {
    if (!own)
        return *size = 0, NULL;
    cr_assert(*size <= (size_t)(memory->end - memory->begin));
    return memset(memory->end - *size, 0xff, *size);
}

static bool reads_operands(const struct problem *p) {
    return factors[p->alpha] != 0 && p->k > 0;
}

static bool check_product(struct state *t, const struct problem *p, size_t q) {
    const size_t bits = draw(20, q, SIZE_MAX);
    store_c(t, p, bits);
    expect_product(t, p, t->old, p->n, factors[p->beta]);
    size_t size = tp_sgemm_workspace_size(p->context, p->m, p->n, p->k);
    void *const workspace = take(&t->workspace, &size, p->own_workspace);
    const bool reads = reads_operands(p);
    const tp_status status =
        tp_sgemm(p->context, p->ta ? TP_TRANSPOSE_YES : TP_TRANSPOSE_NO, p->tb ? TP_TRANSPOSE_YES : TP_TRANSPOSE_NO,
                 p->m, p->n, p->k, factors[p->alpha], reads ? t->a.p : NULL, t->a.ld, reads ? t->b.p : NULL, t->b.ld,
                 factors[p->beta], t->c.p, t->c.ld, workspace, size);
    t->tally.products++;
    return status == TP_OK && check_c(t, p, bits, "plain", q);
}

/* NULL, or an activation with or without a bias, or its derivative. */
static const tp_epilogue *choose_epilogue(struct state *t, const struct problem *p, size_t q, tp_epilogue *e) {
    const size_t bits = draw(30, q, SIZE_MAX), f = bits / 12 % TP_ACTIVATION_COUNT;
    if (bits % 3 == 0 || f == TP_ACTIVATION_SOFTMAX)
        return NULL;
    *e = (tp_epilogue){.activation = (tp_activation)f, .slope = 0.125f};
    if (bits / 3 % 2 && factors[p->beta] == 0)
        e->bias = t->bias;
    if (bits / 6 % 2)
        e->outputs = t->outputs, e->ld = p->n + bits % 2;
    t->tally.epilogues[f]++;
    return e;
}

static bool check_packed(struct state *t, const struct problem *p, size_t q) {
    const size_t bits = draw(21, q, SIZE_MAX);
    tp_epilogue epilogue;
    const tp_epilogue *e = choose_epilogue(t, p, q, &epilogue);
    store_c(t, p, bits);
    if (e && e->bias)
        expect_product(t, p, t->bias, 0, 1);
    if (e)
        expect_epilogue(t, p, e);
    size_t size = tp_packed_size(p->context, p->k, p->n);
    void *const memory = take(&t->packed, &size, p->own_workspace);
    tp_packed *packed = NULL;
    tp_status status = tp_packed_create(p->context, p->tb ? TP_TRANSPOSE_YES : TP_TRANSPOSE_NO, p->k, p->n, t->b.p,
                                        t->b.ld, memory, size, &packed);
    cr_assert_eq(status, TP_OK);
    size = tp_sgemm_workspace_size(p->context, p->m, p->n, p->k);
    void *const workspace = take(&t->workspace, &size, p->own_workspace);
    status = tp_sgemm_packed(p->context, p->ta ? TP_TRANSPOSE_YES : TP_TRANSPOSE_NO, p->m, factors[p->alpha],
                             reads_operands(p) ? t->a.p : NULL, t->a.ld, packed, factors[p->beta], e, t->c.p, t->c.ld,
                             workspace, size);
    tp_packed_destroy(packed);
    t->tally.packed++;
    const char *const what = !e ? "packed" : e->outputs ? "packed, derivative" : tp_activation_name(e->activation);
    return status == TP_OK && check_c(t, p, bits, what, q);
}

/* ------------------------------------------------------------------------------------------------------------ cases */

/* Small, or two around a multiple of the block. */
static size_t choose_k(const struct tp_blocking *blocking, size_t bits) {
    const size_t around = blocking->kc * (1 + bits / 64 % 2) + bits / 128 % 5;
    return bits % 64 || around < 2 ? bits / 64 % 41 : around - 2;
}

static void choose_context(struct state *t, struct problem *p, size_t bits) {
    const size_t threads = bits % 128 < MAX_THREADS - 1 ? bits % 128 + 1 : 0, blocking = bits / 128 % BLOCKINGS;
    t->copy =
        tp_test_with_blocking(t->contexts[threads], blocking ? &blockings[blocking - 1] : t->contexts[0]->blocking);
    p->context = &t->copy;
    t->tally.threads[threads]++;
    t->tally.blockings[blocking]++;
}

/* One of four is any of the factors, so that the ways which only alpha = 1 takes are met as well. */
static size_t choose_factor(size_t bits) {
    static const size_t usual[] = {2, 0, 2};
    return bits % 4 ? usual[bits % 4 - 1] : bits / 4 % FACTORS;
}

/* m and n take every pair in turn; now and then C is as high or as wide as other ways of the library need. */
static struct problem choose(struct state *t, size_t q) {
    const size_t mr = t->contexts[0]->isa->mr, nr = t->contexts[0]->isa->nr, bits = draw(10, q, SIZE_MAX);
    struct problem p = {
        .m = q % (2 * mr + 2),
        .n = q / (2 * mr + 2) % (2 * nr + 2),
        .ta = bits % 2,
        .tb = bits / 2 % 2,
        .alpha = choose_factor(draw(11, q, SIZE_MAX)),
        .beta = choose_factor(draw(12, q, SIZE_MAX)),
        .own_workspace = bits / 4 % 4 != 0,
    };
    choose_context(t, &p, draw(13, q, SIZE_MAX));
    p.k = choose_k(p.context->blocking, draw(14, q, SIZE_MAX));
    if (bits / 16 % 32 == 0 && p.k <= 40)
        p.m = bits / 512 % (18 * mr);
    if (bits / 16 % 32 == 1 && p.k <= 40)
        p.m = bits / 512 % 5, p.n = bits / 4096 % (9 * nr + 4);
    t->tally.factors[p.ta][p.tb][p.alpha][p.beta]++;
    return p;
}

static bool check_case(struct state *t, size_t q) {
    const struct problem p = choose(t, q);
    fill(t, t->op_a, p.m * p.k, 1, q);
    fill(t, t->op_b, p.k * p.n, 2, q);
    fill(t, t->old, p.m * p.n, 3, q);
    fill(t, t->bias, p.n, 4, q);
    fill(t, t->outputs, p.m * (p.n + 1), 5, q);
    store(&t->a, t->op_a, p.m, p.k, p.ta, draw(6, q, SIZE_MAX));
    store(&t->b, t->op_b, p.k, p.n, p.tb, draw(7, q, SIZE_MAX));
    return check_product(t, &p, q) && check_packed(t, &p, q);
}

static void open_state(struct state *t, const char *isa) {
    memset(t, 0, sizeof *t);
    for (int i = 0; i < MAX_THREADS; i++)
        t->contexts[i] = tp_test_eager_context(isa, i + 1);
    t->scalar = tp_test_context("scalar", 1);
    struct stored *const stored[] = {&t->a, &t->b, &t->c};
    for (size_t i = 0; i < 3; i++)
        stored[i]->memory = test_fence_open(CAPACITY * sizeof(float));
    t->workspace = test_fence_open(WORKSPACE);
    t->packed = test_fence_open(WORKSPACE);
    float **const floats[] = {&t->op_a, &t->op_b, &t->old, &t->bias, &t->outputs, &t->product, &t->image};
    for (size_t i = 0; i < sizeof floats / sizeof *floats; i++)
        *floats[i] = tp_test_floats(CAPACITY);
    t->pool = tp_test_floats(POOL + MAX_ROW);
    tp_test_fill_integers(t->pool, POOL + MAX_ROW, 99, -8, 8);
    for (size_t i = 0; i < POOL + MAX_ROW; i += 2)
        t->pool[i] = t->pool[i] == 0 ? -0.0f : t->pool[i];
}

static void close_state(struct state *t) {
    for (int i = 0; i < MAX_THREADS; i++)
        tp_context_destroy(t->contexts[i]);
    tp_context_destroy(t->scalar);
    struct test_fence *const fences[] = {&t->a.memory, &t->b.memory, &t->c.memory, &t->workspace, &t->packed};
    for (size_t i = 0; i < sizeof fences / sizeof *fences; i++)
        test_fence_close(fences[i]);
    float *const floats[] = {t->op_a, t->op_b, t->old, t->bias, t->outputs, t->product, t->image, t->pool};
    for (size_t i = 0; i < sizeof floats / sizeof *floats; i++)
        free(floats[i]);
}

static void check_tally(const struct tally *tally, size_t cases, const char *isa) {
    cr_assert(tally->products == cases && tally->packed == cases, "%s: %zu and %zu calls", isa, tally->products,
              tally->packed);
    for (size_t i = 0; i < 4 * FACTORS * FACTORS; i++) {
        const size_t alpha = i / 4 % FACTORS, beta = i / 4 / FACTORS;
        cr_assert(cases < CASES || tally->factors[i & 1][i >> 1 & 1][alpha][beta] > 0,
                  "%s: transposes %zu, factors %zu and %zu", isa, i % 4, alpha, beta);
    }
    for (size_t i = 0; i < MAX_THREADS; i++)
        cr_assert(tally->threads[i] >= cases / 256, "%s: %zu threads", isa, i + 1);
    for (size_t i = 0; i < BLOCKINGS; i++)
        cr_assert(tally->blockings[i] >= cases / 16, "%s: blocking %zu", isa, i);
    for (size_t f = 0; f < TP_ACTIVATION_COUNT; f++)
        cr_assert(f == TP_ACTIVATION_SOFTMAX || tally->epilogues[f] >= cases / 64, "%s: %s", isa,
                  tp_activation_name((tp_activation)f));
    cr_assert(tally->elements > 5 * cases && tally->zeros < tally->elements / 8, "%s: %zu of %zu are zero", isa,
              tally->zeros, tally->elements);
}

static size_t case_count(void) {
    const char *text = getenv("TILEPROP_TEST_LONG");
    return text && !strcmp(text, "1") ? LONG_CASES : test_share(CASES);
}

/* A test for each instruction set, so that they run side by side. */
ParameterizedTestParameters(gemm_exact, products_of_integers_equal_a_triple_loop) {
    static int indices[] = {0, 1, 2, 3, 4, 5, 6, 7};
    const size_t count = (size_t)tp_test_isa_count();
    cr_assert(count <= sizeof indices / sizeof *indices);
    return cr_make_param_array(int, indices, count);
}

ParameterizedTest(const int *index, gemm_exact, products_of_integers_equal_a_triple_loop) {
    static struct state state;
    const size_t cases = case_count();
    open_state(&state, tp_test_isa(*index));
    for (size_t q = 0; q < cases; q++)
        cr_assert(check_case(&state, q));
    check_tally(&state.tally, cases, tp_test_isa(*index));
    close_state(&state);
}
