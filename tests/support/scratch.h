/* SPDX-License-Identifier: BSD-3-Clause */
/* A fixture for tests of files: a context that counts allocations, and a directory of its own. */
#ifndef TP_TESTS_SCRATCH_H
#define TP_TESTS_SCRATCH_H

#include "support.h"

struct tp_test_scratch {
    struct tp_test_allocator counter;
    tp_context *context;
    const char *path; /* of the directory */
};

extern struct tp_test_scratch tp_test_scratch;

/* For .init and .fini of a suite. */
void tp_test_scratch_open(void);
void tp_test_scratch_close(void);

/* Blocks that are allocated and descriptors that are open. A check for leaks is a part of a test, because Criterion
 * overlooks what fails in .fini. */
size_t tp_test_held(void);

/* A path in the directory, in one of two buffers that take turns. */
const char *tp_test_in_scratch(const char *name);

/* Makes or replaces a file in the directory; returns its path as above. */
const char *tp_test_write_file(const char *name, const void *data, size_t size);

#endif
