/* SPDX-License-Identifier: BSD-3-Clause */
/* What the fuzz targets share: choices read from the input, a context, and a file in memory. */
#ifndef TP_TESTS_FUZZ_H
#define TP_TESTS_FUZZ_H

#include "../support/require.h"
#include "tileprop/tileprop.h"

/* What libFuzzer calls. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input as a sequence of choices; after its end all of them are 0. */
struct fuzz_input {
    const uint8_t *data;
    size_t size;
};

/* The next bytes (up to 8) as an integer, and one of 0..count-1 for count up to 65536. */
uint64_t fuzz_take(struct fuzz_input *input, size_t bytes);
size_t fuzz_below(struct fuzz_input *input, size_t count);

/* One context for all runs, whose last message is never empty after an error. */
tp_context *fuzz_context(void);
void fuzz_require_message(void);

/* Where a file can be saved, in memory if there is room. */
const char *fuzz_scratch_path(void);

/* A path that reads as these bytes, until the next call. */
const char *fuzz_file(const void *data, size_t size);

#endif
