/* SPDX-License-Identifier: BSD-3-Clause */
/* Aligned memory: the allocator hooks, sizes that cannot overflow, and carving one block into parts. */
#ifndef TP_CORE_MEMORY_H
#define TP_CORE_MEMORY_H

#include "core/context.h"

#define TP_ALIGNMENT 64

/* Returned by the size functions below when a product or sum does not fit; larger than any block can be. */
#define TP_SIZE_OVERFLOW SIZE_MAX

/* The C library behind the hooks' signature. */
tp_allocator tp_default_allocator(void);

/* TP_ALIGNMENT-aligned memory from the context's allocator; NULL when it fails, or for TP_SIZE_OVERFLOW. release
 * accepts NULL. */
void *tp_allocate(const struct tp_context *context, size_t size);
void tp_release(const struct tp_context *context, void *block);

/* TP_ERR_MEMORY: the block of this size that what needs. */
tp_status tp_fail_allocation(const struct tp_context *context, const char *what, size_t size);

/* a * b and a + b; TP_SIZE_OVERFLOW if the result, or an operand, does not fit. */
size_t tp_size_mul(size_t a, size_t b);
size_t tp_size_add(size_t a, size_t b);

/* TP_ERR_ARGUMENT, naming the matrix, if so many floats cannot be in memory. */
tp_status tp_check_rows(const struct tp_context *context, const char *name, size_t rows, size_t ld);

/*
 * An arena measures or carves: with base NULL, tp_arena_take only adds up; with a block it hands out parts aligned to
 * TP_ALIGNMENT. One function that describes a layout serves for both, so that size and use cannot disagree.
 */
struct tp_arena {
    unsigned char *base;
    size_t used; /* TP_SIZE_OVERFLOW once something did not fit in size_t */
};

void *tp_arena_take(struct tp_arena *arena, size_t count, size_t element_size);

/* The block behind an object: provided by the caller or allocated. */
struct tp_block {
    void *base;  /* aligned */
    void *owned; /* to release; NULL if the caller provided it */
};

/* Bytes to ask a caller for, so that any alignment of the block will do; 0 if needed is TP_SIZE_OVERFLOW. */
size_t tp_block_size(size_t needed);

/* Takes memory of size bytes, or allocates when memory is NULL and size 0. what names the object in messages. */
tp_status tp_block_open(const struct tp_context *context, const char *what, size_t needed, void *memory, size_t size,
                        struct tp_block *block);
void tp_block_close(const struct tp_context *context, const struct tp_block *block);

#endif
