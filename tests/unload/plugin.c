/* SPDX-License-Identifier: BSD-3-Clause */
/* A plugin of somebody else's, which computes with the library. */
#include "plugin.h"

#include <tileprop/tileprop.h>

enum { SIZE = 256 };

bool plugin_run(void) {
    static float a[SIZE * SIZE], c[SIZE * SIZE];
    const tp_context_options options = {.struct_size = sizeof options, .threads = 2};
    tp_context *context = NULL;
    for (int i = 0; i < SIZE * SIZE; i++)
        a[i] = 1;
    const bool failed =
        tp_context_create(&options, &context) ||
        tp_sgemm(context, TP_TRANSPOSE_NO, TP_TRANSPOSE_NO, SIZE, SIZE, SIZE, 1, a, SIZE, a, SIZE, 0, c, SIZE, NULL, 0);
    tp_context_destroy(context);
    return !failed && c[0] == SIZE && c[SIZE * SIZE - 1] == SIZE;
}
