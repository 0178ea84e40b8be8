/* SPDX-License-Identifier: BSD-3-Clause */
/* Sizes that overflow, arenas, and blocks. */
#include "core/memory.h"
#include "support/support.h"

#include <criterion/criterion.h>

Test(memory, sizes_that_do_not_fit) {
    const size_t most = SIZE_MAX - 1; /* SIZE_MAX is TP_SIZE_OVERFLOW */
    cr_expect_eq(tp_size_mul(most / 2, 2), most);
    cr_expect_eq(tp_size_mul(most / 2 + 1, 2), TP_SIZE_OVERFLOW);
    cr_expect_eq(tp_size_mul((size_t)1 << 32, (size_t)1 << 32), TP_SIZE_OVERFLOW);
    cr_expect_eq(tp_size_mul(most, 0), 0);
    cr_expect_eq(tp_size_mul(TP_SIZE_OVERFLOW, 0), TP_SIZE_OVERFLOW);
    cr_expect_eq(tp_size_mul(0, TP_SIZE_OVERFLOW), TP_SIZE_OVERFLOW);
    cr_expect_eq(tp_size_add(most - 7, 7), most);
    cr_expect_eq(tp_size_add(most, 8), TP_SIZE_OVERFLOW);
    cr_expect_eq(tp_size_add(TP_SIZE_OVERFLOW, 0), TP_SIZE_OVERFLOW);
    cr_expect_eq(tp_size_add(0, TP_SIZE_OVERFLOW), TP_SIZE_OVERFLOW);
    cr_expect_eq(tp_size_add(8, TP_SIZE_OVERFLOW), TP_SIZE_OVERFLOW);
}

Test(memory, an_arena_measures_what_it_carves) {
    _Alignas(TP_ALIGNMENT) unsigned char block[1024];
    for (size_t size = 0; size <= 200; size++) {
        struct tp_arena measure = {0}, carve = {.base = block};
        cr_assert_null(tp_arena_take(&measure, size, 1));
        cr_assert_null(tp_arena_take(&measure, 3, 4));
        const unsigned char *first = tp_arena_take(&carve, size, 1), *second = tp_arena_take(&carve, 3, 4);
        cr_assert_eq(first, block);
        cr_assert(second >= first + size && second < first + size + TP_ALIGNMENT);
        cr_assert_eq((uintptr_t)second % TP_ALIGNMENT, 0);
        cr_assert(measure.used == carve.used && second + 12 <= block + carve.used);
    }
}

Test(memory, an_arena_remembers_that_something_did_not_fit) {
    _Alignas(TP_ALIGNMENT) unsigned char block[64];
    const size_t counts[] = {SIZE_MAX / 4 + 1, SIZE_MAX / 4, TP_SIZE_OVERFLOW};
    for (size_t i = 0; i < 3; i++) {
        struct tp_arena arena = {.base = block};
        cr_expect_null(tp_arena_take(&arena, counts[i], 4));
        cr_expect_null(tp_arena_take(&arena, 1, 1));
        cr_expect_eq(arena.used, TP_SIZE_OVERFLOW);
    }
    cr_expect_eq(tp_block_size(TP_SIZE_OVERFLOW), 0);
    cr_expect_eq(tp_block_size(SIZE_MAX - TP_ALIGNMENT / 2), 0);
}

Test(memory, blocks_are_aligned_and_released_by_their_owner) {
    struct tp_test_allocator counter;
    struct tp_message message = {.lock = ATOMIC_FLAG_INIT};
    const struct tp_context context = {.allocator = tp_test_allocator_hooks(&counter), .message = &message};
    unsigned char memory[1024];
    struct tp_block block;
    const size_t size = tp_block_size(300);
    for (size_t shift = 0; shift < TP_ALIGNMENT; shift++) {
        cr_assert_eq(tp_block_open(&context, "it", 300, memory + shift, size, &block), TP_OK);
        cr_assert_eq((uintptr_t)block.base % TP_ALIGNMENT, 0);
        const unsigned char *base = block.base;
        cr_assert(base >= memory + shift && base + 300 <= memory + shift + size);
        tp_block_close(&context, &block);
        cr_assert_eq(tp_block_open(&context, "it", 300, memory + shift, size - 1, &block), TP_ERR_MEMORY);
    }
    cr_assert_eq(tp_block_open(&context, "it", 300, NULL, size, &block), TP_ERR_ARGUMENT);
    cr_expect_eq(atomic_load(&counter.allocations) + atomic_load(&counter.releases), 0);
    cr_assert_eq(tp_block_open(&context, "it", 300, NULL, 0, &block), TP_OK);
    cr_expect_eq(atomic_load(&counter.allocations), 1);
    tp_block_close(&context, &block);
    cr_expect_eq(atomic_load(&counter.releases), 1);
}
