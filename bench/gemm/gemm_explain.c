/* SPDX-License-Identifier: BSD-3-Clause */
#include "gemm_explain.h"
#include "explain.h"
#include "gemm_shape.h"

#include <stdio.h>
#include <string.h>

int gemm_explain(const struct bench_options *options, int count, char **arguments) {
    static const char *const ops[] = {"nn", "nt", "tn", "tt"};
    struct bench_product product = {.name = "product"};
    size_t *const sizes[] = {&product.m, &product.n, &product.k};
    bool known = count == 4;
    for (int i = 0; known && i < 3; i++)
        known = sscanf(arguments[i], "%zu", sizes[i]) == 1 && *sizes[i] >= 1 && *sizes[i] <= GEMM_LARGEST;
    size_t op = 0;
    while (known && op < 4 && strcmp(arguments[3], ops[op]) != 0)
        op++;
    if (!known || op == 4)
        bench_refuse(options, "--explain needs M N K from 1 to 65536 and nn, nt, tn or tt");
    product.transpose_a = op & 2;
    product.transpose_b = op & 1;
    return bench_explain(&product, 1, options->isa, options->threads, true) ? 0 : 2;
}
