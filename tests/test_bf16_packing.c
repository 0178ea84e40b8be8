/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rounding to bf16: one by one, and by the panels of every way; and what AMX is given, with the tile registers and the
 * instruction written in C.
 */
#include "cpu/dispatch.h"
#include "support/bf16.h"
#include "support/support.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = TP_BF16_STEPS, MOST_LANES = 64, MOST = STEPS * MOST_LANES };

static bool is_long(void) {
    const char *text = getenv("TILEPROP_TEST_LONG");
    return text && !strcmp(text, "1");
}

static float of_word(uint32_t word) {
    float x;
    memcpy(&x, &word, sizeof x);
    return x;
}

/* ----------------------------------------------------------------------------------------------------------- which */

/* Of what packs, whether tiles may be used or not. */
static const struct tp_bf16 *way_called(const char *name, const struct tp_cpu *cpu) {
    const struct tp_isa *isa = tp_isa_choose(cpu, name);
    cr_assert(isa, "%s", name);
    return tp_bf16_choose(cpu, isa, name);
}

/* ------------------------------------------------------------------------------------------------- one by one */

static void check_conversion(const tp_context *context, const float *in, size_t count) {
    static uint16_t out[MOST];
    static float back[MOST];
    cr_assert_eq(tp_bf16_from_f32(context, out, in, count), TP_OK);
    cr_assert_eq(tp_bf16_to_f32(context, back, out, count), TP_OK);
    for (size_t i = 0; i < count; i++) {
        const uint16_t expected = test_bf16_bits(in[i]);
        const float wide = test_bf16_of_bits(expected);
        cr_assert(out[i] == expected, "%a: %#x, not %#x", (double)in[i], out[i], expected);
        cr_assert(!memcmp(&wide, &back[i], sizeof wide), "%a: %a", (double)in[i], (double)back[i]);
    }
}

/* What the header says of numbers that everyone can check. */
Test(bf16_packing, examples) {
    static const struct {
        uint32_t word;
        uint16_t bits;
    } examples[] = {
        {0x3f800000, 0x3f80}, {0x3f808000, 0x3f80}, {0x3f808001, 0x3f81}, {0x3f818000, 0x3f82}, {0x3f817fff, 0x3f81},
        {0x7f7fffff, 0x7f80}, {0xff7f7fff, 0xff7f}, {0x7f800000, 0x7f80}, {0x7f800001, 0x7fc0}, {0xffc12345, 0xffc1},
        {0x007fffff, 0x0000}, {0x807fffff, 0x8000}, {0x00800000, 0x0080}, {0x80000000, 0x8000}, {0x7fbfffff, 0x7fff},
    };
    tp_context *context = tp_test_context(NULL, 1);
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        uint16_t bits = 0;
        cr_assert_eq(tp_bf16_from_f32(context, &bits, &(float){of_word(examples[i].word)}, 1), TP_OK);
        cr_expect_eq(bits, examples[i].bits, "%#x: %#x, not %#x", (unsigned)examples[i].word, bits, examples[i].bits);
        cr_expect_eq(test_bf16_bits(of_word(examples[i].word)), examples[i].bits, "the test's own");
    }
    tp_context_destroy(context);
}

/* Every bf16 number widens to itself. */
Test(bf16_packing, widening) {
    tp_context *context = tp_test_context(NULL, 1);
    for (uint32_t upper = 0; upper <= 0xffff; upper++) {
        const uint16_t bits = (uint16_t)upper;
        float x;
        uint32_t word;
        cr_assert_eq(tp_bf16_to_f32(context, &x, &bits, 1), TP_OK);
        memcpy(&word, &x, sizeof word);
        cr_assert_eq(word, upper << 16);
    }
    tp_context_destroy(context);
}

/* ------------------------------------------------------------------------------------------------------ panels */

/* What comes of a number in a panel: bf16, and the lower half of a float zero. */
static bool holds(const struct tp_bf16 *way, const void *panel, size_t at, uint16_t bits) {
    if (way->element == sizeof(uint16_t))
        return ((const uint16_t *)panel)[at] == bits;
    return ((const uint32_t *)panel)[at] == (uint32_t)bits << 16;
}

/* A way to pack, and where in the panel each element of the matrix comes. */
struct packing {
    const struct tp_bf16 *way;
    tp_bf16_pack_fn *pack;
    size_t lanes;
    bool beside; /* in memory, lanes lie side by side, else steps */
    size_t place[MOST];
    _Alignas(64) unsigned char panel[MOST * sizeof(float)];
};

static void pack(struct packing *p, const float *x) {
    const struct tp_bf16_lanes from = {x, p->beside ? 1 : STEPS, p->beside ? p->lanes : 1, false};
    p->pack(p->panel, sizeof p->panel, &from, p->lanes, STEPS);
}

/* From numbers that are all different. */
static void find_places(struct packing *p) {
    static float x[MOST];
    const size_t count = p->lanes * STEPS;
    for (size_t i = 0; i < count; i++)
        x[i] = test_bf16_of_bits((uint16_t)(0x3f80 + i));
    pack(p, x);
    for (size_t i = 0; i < count; i++) {
        p->place[i] = 0;
        while (p->place[i] < count && !holds(p->way, p->panel, p->place[i], (uint16_t)(0x3f80 + i)))
            p->place[i]++;
        cr_assert(p->place[i] < count, "%s: element %zu is not in the panel", p->way->name, i);
    }
}

static void check_panel(struct packing *p, const float *x) {
    pack(p, x);
    for (size_t i = 0; i < p->lanes * STEPS; i++)
        cr_assert(holds(p->way, p->panel, p->place[i], test_bf16_bits(x[i])), "%s: %a at %zu%s", p->way->name,
                  (double)x[i], i, p->beside ? " of lanes side by side" : "");
}

/* Every bf16 number with what decides how it is rounded; in the long run every float. */
static size_t next_floats(float *x, size_t count, uint64_t *at) {
    static const uint16_t lower[] = {0, 1, 0x7fff, 0x8000, 0x8001, 0xffff, 0x1234, 0xbeef};
    const uint64_t end = is_long() ? UINT64_C(1) << 32 : UINT64_C(1) << 19;
    for (size_t i = 0; i < count; i++, ++*at) {
        const uint64_t word = is_long() ? *at : (*at >> 3) << 16 | lower[*at & 7];
        x[i] = of_word((uint32_t)word);
    }
    return *at < end;
}

static void check_packing(const struct tp_bf16 *way, bool of_a, bool beside) {
    static struct packing p;
    static float x[MOST];
    uint64_t at = 0;
    p = (struct packing){.way = way, .pack = of_a ? way->pack_a : way->pack_b, .lanes = of_a ? way->mr : way->nr};
    p.beside = beside;
    cr_assert(p.lanes <= MOST_LANES);
    find_places(&p);
    bool more = true;
    while (more) {
        more = next_floats(x, p.lanes * STEPS, &at);
        check_panel(&p, x);
    }
}

ParameterizedTestParameters(bf16_packing, panels_round) {
    static int indices[] = {0, 1, 2, 3, 4, 5, 6, 7};
    return cr_make_param_array(int, indices, (size_t)test_bf16_ways());
}

ParameterizedTest(const int *index, bf16_packing, panels_round) {
    const struct tp_cpu cpu = tp_cpu_detect();
    const struct tp_bf16 *way = way_called(test_bf16_way(*index), &cpu);
    check_packing(way, false, true);
    check_packing(way, false, false);
    if (!is_long())
        check_packing(way, true, true), check_packing(way, true, false);
}

Test(bf16_packing, conversion) {
    static float x[MOST];
    tp_context *context = tp_test_context(NULL, 1);
    uint64_t at = 0;
    bool more = true;
    while (more) {
        more = next_floats(x, MOST, &at);
        check_conversion(context, x, MOST);
    }
    tp_context_destroy(context);
}

/* -------------------------------------------------------------------------------------- tile registers, in C */

#if defined(__x86_64__)

enum { TILE_ROWS = 16, PAIRS = 16, DEPTH = 75, BLOCKS = 3, MOST_ROWS = 192 };

struct tile {
    uint16_t row[TILE_ROWS][2 * PAIRS];
};

/* TDPBF16PS: even elements of pairs in one sum, odd ones in the other. */
static void dot_products(float c[TILE_ROWS][TILE_ROWS], const struct tile *a, const struct tile *b) {
    for (size_t m = 0; m < TILE_ROWS; m++)
        for (size_t n = 0; n < TILE_ROWS; n++) {
            float even = 0, odd = 0;
            for (size_t k = 0; k < PAIRS; k++) {
                even = test_bf16_step(test_bf16_of_bits(a->row[m][2 * k]), test_bf16_of_bits(b->row[k][2 * n]), even);
                odd = test_bf16_step(test_bf16_of_bits(a->row[m][2 * k + 1]), test_bf16_of_bits(b->row[k][2 * n + 1]),
                                     odd);
            }
            c[m][n] += even + odd;
        }
}

/* Tile i of the lanes in panels of so many tiles: block by block. */
static const struct tile *tile_of(const struct tile *panels, size_t tiles, size_t i, size_t block) {
    return panels + (i / tiles * BLOCKS + block) * tiles + i % tiles;
}

static struct {
    float a[MOST_ROWS * DEPTH], b[MOST_ROWS * DEPTH], c[MOST_ROWS][MOST_ROWS];
    struct tile a_panels[MOST_ROWS / TILE_ROWS * BLOCKS], b_panels[MOST_ROWS / TILE_ROWS * BLOCKS];
} amx;

static void multiply_tiles(size_t m, size_t n) {
    const size_t a_tiles = tp_bf16_amx.mr / TILE_ROWS, b_tiles = tp_bf16_amx.nr / TILE_ROWS;
    for (size_t i = 0; i < m; i += TILE_ROWS)
        for (size_t j = 0; j < n; j += TILE_ROWS) {
            float sums[TILE_ROWS][TILE_ROWS] = {{0}};
            for (size_t block = 0; block < BLOCKS; block++)
                dot_products(sums, tile_of(amx.a_panels, a_tiles, i / TILE_ROWS, block),
                             tile_of(amx.b_panels, b_tiles, j / TILE_ROWS, block));
            for (size_t row = 0; row < TILE_ROWS; row++)
                memcpy(&amx.c[i + row][j], sums[row], sizeof sums[row]);
        }
}

/* Bytes of a panel so many lanes wide. */
static size_t panel_bytes(size_t lanes) {
    return lanes * BLOCKS * STEPS * sizeof(uint16_t);
}

/* Rows and columns that are missing are zeros. */
static void check_tiles(size_t m, size_t n, bool a_beside, bool b_beside) {
    const struct tp_bf16_lanes a = {amx.a, a_beside ? 1 : DEPTH, a_beside ? m : 1, false};
    const struct tp_bf16_lanes b = {amx.b, b_beside ? 1 : DEPTH, b_beside ? n : 1, false};
    memset(amx.a_panels, 0xff, sizeof amx.a_panels);
    memset(amx.b_panels, 0xff, sizeof amx.b_panels);
    tp_bf16_amx.pack_a(amx.a_panels, panel_bytes(tp_bf16_amx.mr), &a, m, DEPTH);
    tp_bf16_amx.pack_b(amx.b_panels, panel_bytes(tp_bf16_amx.nr), &b, n, DEPTH);
    multiply_tiles(m, n);
    for (size_t i = 0; i < (m + TILE_ROWS - 1) / TILE_ROWS * TILE_ROWS; i++)
        for (size_t j = 0; j < (n + TILE_ROWS - 1) / TILE_ROWS * TILE_ROWS; j++) {
            const bool there = i < m && j < n;
            const float expected =
                there ? test_bf16_chain(0, amx.a + i * a.lane_step, a.k_step, amx.b + j * b.lane_step, b.k_step, DEPTH)
                      : 0;
            cr_assert(!memcmp(&expected, &amx.c[i][j], sizeof expected), "%zu x %zu: %a, not %a, at %zu, %zu", m, n,
                      (double)amx.c[i][j], (double)expected, i, j);
        }
}

static void fill(float *x, uint64_t seed) {
    tp_test_fill(x, MOST_ROWS * DEPTH, seed, -1, 1);
    for (size_t i = 0; i < MOST_ROWS * DEPTH; i++)
        x[i] = test_bf16_of_bits(test_bf16_bits(x[i]));
}

Test(bf16_packing, tiles_of_amx) {
    const struct tp_cpu cpu = tp_cpu_detect();
    const uint32_t needs = tp_bf16_amx.needs & ~(uint32_t)TP_FEATURE_AMX; /* to pack */
    if ((cpu.features & needs) != needs) {
        fprintf(stderr, "SKIPPED: panels for AMX, which take AVX512_BF16 to make\n");
        return;
    }
    static const size_t rows[] = {1, 15, 17, 64, 65, 130}, columns[] = {1, 16, 33};
    cr_assert(tp_bf16_amx.mr <= 64 && tp_bf16_amx.nr <= 64 && tp_bf16_amx.element == sizeof(uint16_t));
    fill(amx.a, 1);
    fill(amx.b, 2);
    for (size_t q = 0; q < 72; q++)
        check_tiles(rows[q % 6], columns[q / 6 % 3], q / 18 % 2, q / 36);
}

#endif
