/* SPDX-License-Identifier: BSD-3-Clause */
/* The elementary functions of an instruction set's vocabulary, over arrays. */
#ifndef TP_TESTS_ELEMENTARY_H
#define TP_TESTS_ELEMENTARY_H

#include <stddef.h>

enum test_elementary_id {
#define ELEMENTARY(name) TEST_##name,
#include "elementary.def"
#undef ELEMENTARY
    TEST_ELEMENTARY_COUNT
};

struct test_elementary {
    const char *isa;
    void (*map[TEST_ELEMENTARY_COUNT])(float *x, size_t n); /* x = f(x) */
};

/* One per src/isa/<isa>.c that this build has; the others are missing. */
extern const struct test_elementary tp_isa_scalar_elementary __attribute__((weak)),
    tp_isa_avx2_elementary __attribute__((weak)), tp_isa_avx512_elementary __attribute__((weak)),
    tp_isa_neon_elementary __attribute__((weak));

#endif
