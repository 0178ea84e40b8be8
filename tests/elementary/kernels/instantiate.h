/* SPDX-License-Identifier: BSD-3-Clause */
/* Found before the library's file of this name, so that src/isa/<isa>.c, compiled again, makes a table of the
 * elementary functions of its vocabulary, which no kernel gives away one by one. */
#include "kernels/map.h"
#include "support/elementary.h"

#define JOIN_EXPANDED(a, b) a##b
#define JOIN(a, b) JOIN_EXPANDED(a, b)

#define ELEMENTARY(name)                                                                                               \
    ALWAYS_INLINE vf name##_value(vf x, vf parameter) {                                                                \
        (void)parameter;                                                                                               \
        return v_##name(x);                                                                                            \
    }                                                                                                                  \
    static void name##_map(float *x, size_t n) {                                                                       \
        map1(x, n, 1, n, 0, name##_value);                                                                             \
    }
#include "support/elementary.def"
#undef ELEMENTARY

const struct test_elementary JOIN(TP_ISA, _elementary) = {
    .isa = TP_ISA_NAME,
    .map =
        {
#define ELEMENTARY(name) [TEST_##name] = name##_map,
#include "support/elementary.def"
#undef ELEMENTARY
        },
};
