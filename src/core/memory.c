/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/memory.h"
#include "core/cancel.h"
#include "core/size.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/mman.h>

/* Of Linux on x86-64, and on arm64 with small pages. Blocks of a few of them are worth to begin at one. */
#define HUGE_PAGE ((size_t)2 << 20)
#define HUGE_BLOCK (2 * HUGE_PAGE)

/* Rows of large matrices are pages apart. In huge pages processors find them without walks through page tables, which
 * take a fifth of a training step. A system that has none says so, which does not matter. */
static void *allocate_huge(size_t size) {
    void *block = aligned_alloc(HUGE_PAGE, size);
#ifdef MADV_HUGEPAGE
    if (block)
        (void)madvise(block, size, MADV_HUGEPAGE);
#endif
    return block;
}

static void *c_allocate(void *user, size_t alignment, size_t size) {
    (void)user;
    const size_t unit = size < HUGE_BLOCK ? alignment : HUGE_PAGE, rounded = tp_size_mul(tp_ceil_div(size, unit), unit);
    if (rounded == TP_SIZE_OVERFLOW)
        return NULL;
    return unit == HUGE_PAGE ? allocate_huge(rounded) : aligned_alloc(alignment, rounded ? rounded : alignment);
}

static void c_release(void *user, void *block) {
    (void)user;
    free(block);
}

tp_allocator tp_default_allocator(void) {
    return (tp_allocator){c_allocate, c_release, NULL};
}

/* The C library's functions are no cancellation points, and fast enough for holding one off to show. */
void *tp_allocate(const struct tp_context *context, size_t size) {
    if (size == TP_SIZE_OVERFLOW)
        return NULL;
    const tp_allocator *allocator = &context->allocator;
    if (allocator->allocate == c_allocate)
        return c_allocate(NULL, TP_ALIGNMENT, size);
    const int cancel = tp_cancel_hold();
    void *block = allocator->allocate(allocator->user, TP_ALIGNMENT, size);
    tp_cancel_restore(cancel);
    return block;
}

static void release_by_caller(const tp_allocator *allocator, void *block) {
    const int cancel = tp_cancel_hold();
    allocator->release(allocator->user, block);
    tp_cancel_restore(cancel);
}

void tp_release(const struct tp_context *context, void *block) {
    if (context->allocator.release == c_release)
        free(block);
    else if (block)
        release_by_caller(&context->allocator, block);
}

size_t tp_size_mul(size_t a, size_t b) {
    size_t product;
    if (a == TP_SIZE_OVERFLOW || b == TP_SIZE_OVERFLOW || __builtin_mul_overflow(a, b, &product))
        return TP_SIZE_OVERFLOW;
    return product;
}

size_t tp_size_add(size_t a, size_t b) {
    size_t sum;
    if (a == TP_SIZE_OVERFLOW || b == TP_SIZE_OVERFLOW || __builtin_add_overflow(a, b, &sum))
        return TP_SIZE_OVERFLOW;
    return sum;
}

tp_status tp_check_rows(const struct tp_context *context, const char *name, size_t rows, size_t ld) {
    if (tp_size_mul(tp_size_mul(rows, ld), sizeof(float)) == TP_SIZE_OVERFLOW)
        return tp_fail(context, TP_ERR_ARGUMENT, "%s: %zu rows of %zu floats do not fit in memory", name, rows, ld);
    return TP_OK;
}

tp_status tp_fail_allocation(const struct tp_context *context, const char *what, size_t size) {
    if (size == TP_SIZE_OVERFLOW)
        return tp_fail(context, TP_ERR_MEMORY, "%s: its size does not fit in size_t", what);
    return tp_fail(context, TP_ERR_MEMORY, "%s: cannot allocate %zu bytes", what, size);
}

void *tp_arena_take(struct tp_arena *arena, size_t count, size_t element_size) {
    assert((uintptr_t)arena->base % TP_ALIGNMENT == 0);
    assert(arena->used % TP_ALIGNMENT == 0 || arena->used == TP_SIZE_OVERFLOW);
    const size_t bytes = tp_size_add(tp_size_mul(count, element_size), TP_ALIGNMENT - 1);
    const size_t offset = arena->used;
    arena->used = bytes == TP_SIZE_OVERFLOW ? bytes : tp_size_add(offset, bytes / TP_ALIGNMENT * TP_ALIGNMENT);
    return arena->base && arena->used != TP_SIZE_OVERFLOW ? arena->base + offset : NULL;
}

size_t tp_block_size(size_t needed) {
    const size_t size = tp_size_add(needed, TP_ALIGNMENT - 1);
    return size == TP_SIZE_OVERFLOW ? 0 : size;
}

tp_status tp_block_open(const struct tp_context *context, const char *what, size_t needed, void *memory, size_t size,
                        struct tp_block *block) {
    const size_t asked = tp_block_size(needed);
    if (!asked)
        return tp_fail_allocation(context, what, TP_SIZE_OVERFLOW);
    if (!memory && size)
        return tp_fail(context, TP_ERR_ARGUMENT, "%s: memory is NULL but size is %zu; it must be 0", what, size);
    if (!memory) {
        *block = (struct tp_block){tp_allocate(context, needed), NULL};
        block->owned = block->base;
        return block->base ? TP_OK : tp_fail_allocation(context, what, needed);
    }
    if (size < asked)
        return tp_fail(context, TP_ERR_MEMORY, "%s: memory has %zu bytes; %zu are needed", what, size, asked);
    const uintptr_t address = ((uintptr_t)memory + TP_ALIGNMENT - 1) / TP_ALIGNMENT * TP_ALIGNMENT;
    *block = (struct tp_block){(unsigned char *)memory + (address - (uintptr_t)memory), NULL};
    return TP_OK;
}

void tp_block_close(const struct tp_context *context, const struct tp_block *block) {
    tp_release(context, block->owned);
}
