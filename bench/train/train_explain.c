/* SPDX-License-Identifier: BSD-3-Clause */
#include "train_explain.h"
#include "explain.h"

#include <stdio.h>

/* Z = A W, and in training dW = A^T dZ, which an update consumes, and below the first layer dA = dZ W^T. */
static bool explain_layer(const struct train_task *task, size_t l, const char *isa, int threads, bool inference) {
    const size_t batch = (size_t)task->batch, in = (size_t)task->widths[l], out = (size_t)task->widths[l + 1];
    const struct bench_product products[] = {
        {"forward", batch, out, in, false, false, false, true},
        {"dW", in, out, batch, true, false, true, false},
        {"dA", batch, in, out, false, true, false, false},
    };
    printf("layer %zu, %zu - %zu, batch %zu\n", l, in, out, batch);
    return bench_explain(products, inference ? 1 : l ? 3 : 2, isa, threads, false);
}

bool train_explain(const struct train_nets *nets, const char *isa, int threads, bool inference) {
    for (size_t n = 0; n < nets->count; n++) {
        char shape[256];
        train_net_shape(&nets->net[n], shape, sizeof shape);
        printf("== %s  %s\n", nets->net[n].name, shape);
        for (size_t l = 0; l < (size_t)nets->net[n].task.layers; l++)
            if (!explain_layer(&nets->net[n].task, l, isa, threads, inference))
                return false;
    }
    return true;
}
