/* SPDX-License-Identifier: BSD-3-Clause */
#include "memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define LINE ((size_t)64)
#define HUGE_PAGE ((size_t)2 << 20)

void *bench_allocate(size_t size) {
    const size_t alignment = size < 2 * HUGE_PAGE ? LINE : HUGE_PAGE;
    const size_t rounded = (size + alignment) & ~(alignment - 1);
    void *block = aligned_alloc(alignment, rounded);
    if (!block)
        exit(1);
#ifdef MADV_HUGEPAGE
    if (alignment == HUGE_PAGE)
        (void)madvise(block, rounded, MADV_HUGEPAGE);
#endif
    return memset(block, 0, size);
}
