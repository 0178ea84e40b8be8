/* SPDX-License-Identifier: BSD-3-Clause */
#include "fence.h"

#include <criterion/criterion.h>
#include <sys/mman.h>
#include <unistd.h>

static size_t page_size(void) {
    return (size_t)sysconf(_SC_PAGESIZE);
}

struct test_fence test_fence_open(size_t size) {
    const size_t page = page_size(), inside = (size + page - 1) / page * page;
    unsigned char *all = mmap(NULL, inside + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq((void *)all, MAP_FAILED);
    cr_assert_eq(mprotect(all + page, inside, PROT_READ | PROT_WRITE), 0);
    return (struct test_fence){all + page, all + page + inside};
}

void test_fence_close(const struct test_fence *fence) {
    const size_t page = page_size();
    munmap(fence->begin - page, (size_t)(fence->end - fence->begin) + 2 * page);
}
