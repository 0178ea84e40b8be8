/* SPDX-License-Identifier: BSD-3-Clause */
/* Random numbers: the known answers of Philox 4x32-10 that come with Random123, and permutations. */
#include "core/random.h"

#include <criterion/criterion.h>
#include <stdbool.h>
#include <string.h>

static void check_draw(uint64_t seed, uint32_t purpose, uint32_t stream, uint64_t index, const uint32_t expected[4]) {
    const struct tp_draw draw = tp_random(seed, (enum tp_purpose)purpose, stream, index);
    for (int i = 0; i < 4; i++)
        cr_expect_eq(draw.word[i], expected[i], "word %d: %08x instead of %08x", i, draw.word[i], expected[i]);
}

/* The counter is index, stream and purpose, the key the seed; every word of both counts. */
Test(random, known_answers) {
    check_draw(0, 0, 0, 0, (const uint32_t[]){0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
    check_draw(UINT64_MAX, UINT32_MAX, UINT32_MAX, UINT64_MAX,
               (const uint32_t[]){0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
    check_draw(UINT64_C(0x299f31d0a4093822), 0x03707344, 0x13198a2e, UINT64_C(0x85a308d3243f6a88),
               (const uint32_t[]){0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

enum { MOST = 100 };

/* The number at place p of a permutation of four is uniform: 2400 draws, 600 of each, deviation 21. */
Test(random, every_place_gets_every_number) {
    enum { COUNT = 4, DRAWS = 2400 };
    int seen[COUNT][COUNT] = {{0}};
    for (uint32_t stream = 0; stream < DRAWS; stream++) {
        uint32_t order[COUNT];
        tp_random_permutation(order, COUNT, 1, TP_PURPOSE_SHUFFLE, stream);
        for (int p = 0; p < COUNT; p++)
            seen[p][order[p]]++;
    }
    for (int p = 0; p < COUNT; p++)
        for (int n = 0; n < COUNT; n++)
            cr_expect(seen[p][n] > 500 && seen[p][n] < 700, "%d at place %d: %d times", n, p, seen[p][n]);
}

Test(random, permutations_have_every_number_once) {
    for (size_t count = 0; count <= MOST; count++) {
        uint32_t order[MOST];
        bool there[MOST] = {false};
        tp_random_permutation(order, count, 7, TP_PURPOSE_SPLIT, 3);
        for (size_t i = 0; i < count; i++) {
            cr_assert(order[i] < count && !there[order[i]]);
            there[order[i]] = true;
        }
    }
}

/* The digits are those of a second implementation, in Python. */
Test(random, a_permutation_is_a_function_of_its_arguments) {
    static const struct {
        uint64_t seed;
        enum tp_purpose purpose;
        uint32_t stream, order[8];
    } cases[] = {
        {1, TP_PURPOSE_SHUFFLE, 0, {6, 0, 1, 5, 3, 4, 7, 2}},
        {1, TP_PURPOSE_SHUFFLE, 1, {3, 6, 2, 5, 4, 7, 1, 0}},
        {1, TP_PURPOSE_SPLIT, 0, {4, 6, 0, 1, 3, 7, 2, 5}},
        {2, TP_PURPOSE_SHUFFLE, 0, {2, 7, 5, 6, 0, 1, 3, 4}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t order[8];
        tp_random_permutation(order, 8, cases[i].seed, cases[i].purpose, cases[i].stream);
        cr_expect_eq(memcmp(order, cases[i].order, sizeof order), 0, "case %zu", i);
    }
}
