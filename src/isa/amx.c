/* SPDX-License-Identifier: BSD-3-Clause */
/* bf16 products by TDPBF16PS on tile registers (Intel, Architecture Instruction Set Extensions, chapter 3). */
#include "kernels/kernels.h"

#include "cpu/cpu.h"
#include "kernels/bf16_exact.h"

/* Pairs as they lie. */
#define LOW(pair) (uint16_t)(2 * (pair))
#define HIGH(pair) (uint16_t)(2 * (pair) + 1)
#include "isa/bf16_panel.h"

#include <string.h>

#define MR 64
#define NR 16
#define TILE_ROWS 16
#define ROW_BYTES 64
#define TILE_WORDS (TILE_ROWS * ROW_BYTES / 4)

/* Every tile is 16 rows of 64 bytes. */
struct tile_config {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
};

static const struct tile_config config = {
    .palette = 1,
    .row_bytes = {ROW_BYTES, ROW_BYTES, ROW_BYTES, ROW_BYTES, ROW_BYTES, ROW_BYTES, ROW_BYTES, ROW_BYTES},
    .rows = {TILE_ROWS, TILE_ROWS, TILE_ROWS, TILE_ROWS, TILE_ROWS, TILE_ROWS, TILE_ROWS, TILE_ROWS},
};

/* Up to 4 tiles of C, one below the other, in tile registers 0 to 3, B in 4, A in 5 to 7. Tile registers have numbers
 * that are constants. */
#define EACH(rows, do_this)                                                                                            \
    do {                                                                                                               \
        do_this(0, 5);                                                                                                 \
        if (rows > 1)                                                                                                  \
            do_this(1, 6);                                                                                             \
        if (rows > 2)                                                                                                  \
            do_this(2, 7);                                                                                             \
        if (rows > 3)                                                                                                  \
            do_this(3, 5);                                                                                             \
    } while (0)
#define ZERO(tile, a_tile) _tile_zero(tile)
#define LOAD(tile, a_tile) _tile_loadd(tile, start + (tile) * TILE_ROWS * t->ldstart, t->ldstart * sizeof(float))
#define STORE(tile, a_tile) _tile_stored(tile, c + (tile) * TILE_ROWS * t->ldc, t->ldc * sizeof(float))
#define MULTIPLY(tile, a_tile)                                                                                         \
    do {                                                                                                               \
        _tile_loadd(a_tile, a + (tile) * TILE_WORDS, ROW_BYTES);                                                       \
        _tile_dpbf16ps(tile, a_tile, 4);                                                                               \
    } while (0)

/* Lines of the panel that is read next come into the first-level cache meanwhile. */
INLINE void prefetch_tile(const uint32_t *p) {
    UNROLL
    for (size_t line = 0; line < TILE_ROWS; line++)
        _mm_prefetch((const char *)(p + line * ROW_BYTES / 4), _MM_HINT_T0);
}

INLINE void multiply_panel(const struct tp_bf16_tiles *t, size_t rows, const uint32_t *b, const float *start,
                           float *c) {
    const uint32_t *a = t->a;
    const size_t ahead = t->b_panel / sizeof *b;
    if (start)
        EACH(rows, LOAD);
    else
        EACH(rows, ZERO);
    for (size_t block = 0; block < t->blocks; block++, a += MR / TILE_ROWS * TILE_WORDS, b += TILE_WORDS) {
        prefetch_tile(b + ahead);
        _tile_loadd(4, b, ROW_BYTES);
        EACH(rows, MULTIPLY);
    }
    EACH(rows, STORE);
}

INLINE void multiply_panels(const struct tp_bf16_tiles *t, size_t rows) {
    for (size_t panel = 0; panel < t->panels; panel++)
        multiply_panel(t, rows, (const uint32_t *)((const char *)t->b + panel * t->b_panel),
                       t->start ? t->start + panel * NR : NULL, t->c + panel * NR);
}

static void tiles(const struct tp_bf16_tiles *t) {
    _tile_loadconfig(&config);
    switch ((t->m + TILE_ROWS - 1) / TILE_ROWS) {
    case 1:
        multiply_panels(t, 1);
        break;
    case 2:
        multiply_panels(t, 2);
        break;
    case 3:
        multiply_panels(t, 3);
        break;
    default:
        multiply_panels(t, 4);
    }
    _tile_release();
}

INLINE void put_tile(uint32_t *panel, size_t lane, size_t width, const __m512i x[16]) {
    (void)width;
    UNROLL
    for (size_t i = 0; i < 16; i++)
        _mm512_storeu_si512(panel + lane / TILE_ROWS * TILE_WORDS + 16 * i, x[i]);
}

static void pack_a(void *panels, size_t step, const struct tp_bf16_lanes *from, size_t lanes, size_t k) {
    struct squares s = squares_of(panels, step, from, lanes, k);
    s.width = MR;
    s.by_lanes = true;
    s.put = put_tile;
    pack_squares(&s);
}

static void pack_b(void *panels, size_t step, const struct tp_bf16_lanes *from, size_t lanes, size_t k) {
    struct squares s = squares_of(panels, step, from, lanes, k);
    s.width = NR;
    s.by_lanes = false;
    s.put = put_tile;
    pack_squares(&s);
}

/* Numbers of all sizes, so that sums are rounded, cancel, and fall below 2^-126. */
static uint16_t number(uint32_t *state) {
    *state = *state * 1664525 + 1013904223;
    const uint32_t exponent = 64 + (*state >> 16) % 64;
    return (uint16_t)((*state >> 31) << 15 | exponent << 7 | (*state >> 9 & 0x7f));
}

static float chain(const uint16_t *a, const uint16_t *b, size_t from) {
    float sum = 0;
    for (size_t k = from; k < TP_BF16_STEPS; k += 2)
        sum = tp_bf16_fma(tp_bf16_float(a[k]), tp_bf16_float(b[k]), sum);
    return sum;
}

/* One tile, whose diagonal is compared with kernels/bf16.h. */
static bool computes_as_documented(void) {
    uint16_t a[TILE_ROWS][TP_BF16_STEPS], b[NR][TP_BF16_STEPS];
    uint32_t a_panel[MR * PAIRS], b_panel[NR * PAIRS], state = 1;
    float c[TILE_ROWS][NR];
    for (size_t i = 0; i < TILE_ROWS; i++)
        for (size_t k = 0; k < TP_BF16_STEPS; k++) {
            a[i][k] = number(&state);
            b[i][k] = number(&state);
        }
    pack_a(a_panel, 0, &(struct tp_bf16_lanes){a, TP_BF16_STEPS, 1, true}, TILE_ROWS, TP_BF16_STEPS);
    pack_b(b_panel, 0, &(struct tp_bf16_lanes){b, TP_BF16_STEPS, 1, true}, NR, TP_BF16_STEPS);
    tiles(&(struct tp_bf16_tiles){
        .m = TILE_ROWS, .panels = 1, .blocks = 1, .a = a_panel, .b = b_panel, .c = c[0], .ldc = NR});
    for (size_t i = 0; i < TILE_ROWS; i++) {
        const float sum = tp_bf16_add(0, chain(a[i], b[i], 0), chain(a[i], b[i], 1));
        if (memcmp(&sum, &c[i][i], sizeof sum) != 0)
            return false;
    }
    return true;
}

static bool is_ready(void) {
    return tp_cpu_allows_amx() && computes_as_documented();
}

const struct tp_bf16 tp_bf16_amx = {
    .name = "amx",
    .needs = TP_FEATURE_AVX512F | TP_FEATURE_AVX512BW | TP_FEATURE_AVX512DQ | TP_FEATURE_AVX512VL |
             TP_FEATURE_AVX512BF16 | TP_FEATURE_AMX,
    .is_ready = is_ready,
    .mr = MR,
    .nr = NR,
    .element = sizeof(uint16_t),
    .mc = 256,
    .nc = 512,
    .kc = 1024,
    .near = 256,
    .pack_a = pack_a,
    .pack_b = pack_b,
    .tiles = tiles,
};
