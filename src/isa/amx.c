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

#define MR 32
#define NR 32
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

/* One or two rows of two tiles of C in tile registers 0 to 3, A in 4 and 5, B in 6 and 7. What has to be asked of the
 * caches costs more than it brings: 1.4 instead of 2.2 TFLOP/s (Xeon, Sapphire Rapids, November 2026). */
INLINE void load_tiles(const float *c, size_t ldc, bool both) {
    const size_t row = ldc * sizeof *c;
    _tile_loadd(0, c, row);
    _tile_loadd(1, c + TILE_ROWS, row);
    if (both) {
        _tile_loadd(2, c + TILE_ROWS * ldc, row);
        _tile_loadd(3, c + TILE_ROWS * ldc + TILE_ROWS, row);
    }
}

INLINE void clear_tiles(void) {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
}

INLINE void store_tiles(float *c, size_t ldc, bool both) {
    const size_t row = ldc * sizeof *c;
    _tile_stored(0, c, row);
    _tile_stored(1, c + TILE_ROWS, row);
    if (both) {
        _tile_stored(2, c + TILE_ROWS * ldc, row);
        _tile_stored(3, c + TILE_ROWS * ldc + TILE_ROWS, row);
    }
}

INLINE void multiply_panel(const struct tp_bf16_tiles *t, const uint32_t *b, const float *start, float *c, bool both) {
    const uint32_t *a = t->a;
    if (start)
        load_tiles(start, t->ldstart, both);
    else
        clear_tiles();
    for (size_t block = 0; block < t->blocks; block++, a += 2 * TILE_WORDS, b += 2 * TILE_WORDS) {
        _tile_loadd(6, b, ROW_BYTES);
        _tile_loadd(4, a, ROW_BYTES);
        _tile_dpbf16ps(0, 4, 6);
        _tile_loadd(7, b + TILE_WORDS, ROW_BYTES);
        _tile_dpbf16ps(1, 4, 7);
        if (both) {
            _tile_loadd(5, a + TILE_WORDS, ROW_BYTES);
            _tile_dpbf16ps(2, 5, 6);
            _tile_dpbf16ps(3, 5, 7);
        }
    }
    store_tiles(c, t->ldc, both);
}

INLINE void multiply_panels(const struct tp_bf16_tiles *t, bool both) {
    for (size_t panel = 0; panel < t->panels; panel++)
        multiply_panel(t, (const uint32_t *)((const char *)t->b + panel * t->b_panel),
                       t->start ? t->start + panel * NR : NULL, t->c + panel * NR, both);
}

static void tiles(const struct tp_bf16_tiles *t) {
    assert(t->panels && t->blocks && t->m && t->m <= MR);
    if (t->m > TILE_ROWS)
        multiply_panels(t, true);
    else
        multiply_panels(t, false);
}

static void begin(void) {
    _tile_loadconfig(&config);
}

static void end(void) {
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

static uint32_t bits_of(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* One tile, whose diagonal is compared with kernels/bf16.h. */
static bool computes_as_documented(void) {
    uint16_t a[TILE_ROWS][TP_BF16_STEPS], b[NR][TP_BF16_STEPS];
    uint32_t a_panel[MR * PAIRS], b_panel[NR * PAIRS], state = 1;
    float c[TILE_ROWS][NR] = {{0}}; /* for sanitizers, which do not see what tiles store */
    for (size_t i = 0; i < TILE_ROWS; i++)
        for (size_t k = 0; k < TP_BF16_STEPS; k++) {
            a[i][k] = number(&state);
            b[i][k] = number(&state);
        }
    pack_a(a_panel, 0, &(struct tp_bf16_lanes){a, TP_BF16_STEPS, 1, true}, TILE_ROWS, TP_BF16_STEPS);
    pack_b(b_panel, 0, &(struct tp_bf16_lanes){b, TP_BF16_STEPS, 1, true}, NR, TP_BF16_STEPS);
    begin();
    tiles(&(struct tp_bf16_tiles){
        .m = TILE_ROWS, .panels = 1, .blocks = 1, .a = a_panel, .b = b_panel, .c = c[0], .ldc = NR});
    end();
    for (size_t i = 0; i < TILE_ROWS; i++) {
        const float sum = tp_bf16_add(0, chain(a[i], b[i], 0), chain(a[i], b[i], 1));
        if (bits_of(sum) != bits_of(c[i][i]))
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
    .mc = 128,
    .nc = 512,
    .kc = 1024,
    .near = 256,
    .pack_a = pack_a,
    .pack_b = pack_b,
    .begin = begin,
    .end = end,
    .tiles = tiles,
};
