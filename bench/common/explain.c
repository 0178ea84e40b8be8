/* SPDX-License-Identifier: BSD-3-Clause */
#include "explain.h"

#include "core/context.h"
#include "gemm/explain.h"
#include "gemm/lanes.h"

#include <stdio.h>

static void consume(const void *consumer, const float *c, size_t ldc, const struct tp_place *place) {
    (void)consumer, (void)c, (void)ldc, (void)place;
}

/* Nobody reads the operands; they begin at cache lines. */
static struct tp_gemm product_of(const tp_context *context, const struct bench_product *p) {
    static const float line[TP_LINE] __attribute__((aligned(64)));
    const size_t lda = p->transpose_a ? p->m : p->k, ldb = p->transpose_b ? p->k : p->n;
    return (struct tp_gemm){.isa = context->isa,
                            .blocking = context->blocking,
                            .m = p->m,
                            .n = p->n,
                            .k = p->k,
                            .alpha = 1,
                            .a = p->transpose_a ? tp_transposed(line, lda) : tp_plain(line, lda),
                            .b = p->transpose_b ? tp_transposed(line, ldb) : tp_plain(line, ldb),
                            .lanes = p->layer && tp_sums_in_lanes(p->n, p->k),
                            .ldc = p->n,
                            .epilogue = {.consume = p->consumed ? consume : NULL}};
}

static void print_blocks(const struct tp_plan *plan, bool all) {
    printf("  B        %s: %s\n", plan->reading->name, plan->reading->when);
    for (const struct tp_reading *r = tp_readings; all && r != plan->reading; r++)
        printf("           not %s: %s\n", r->name, r->when);
    printf("  A        %s\n", plan->pack_a ? "packed" : "in place");
    printf("  blocks   %zu x %zu of C, %zu steps of k, panels of %zu columns\n", plan->mc, plan->nc, plan->kc,
           plan->width);
}

static void print(const struct tp_gemm *g, const struct bench_product *p, int threads, bool all) {
    const struct tp_explanation e = tp_gemm_explain(g, (struct tp_team){.size = threads});
    printf("%s  C = A%s B%s, %zu x %zu x %zu, %s, %d thread%s\n", p->name, p->transpose_a ? "^T" : "",
           p->transpose_b ? "^T" : "", p->m, p->n, p->k, g->isa->name, threads, threads > 1 ? "s" : "");
    printf("  route    %s: %s\n", e.route->name, e.route->when);
    for (const struct tp_route *r = tp_routes; all && r != e.route; r++)
        printf("           not %s: %s\n", r->name, r->when);
    printf("  share    %zu x %zu of %s for the first thread\n", e.rows, e.columns, e.route->transposed ? "C^T" : "C");
    if (e.route->blocks)
        print_blocks(&e.plan, all);
}

bool bench_explain(const struct bench_product *products, size_t count, const char *isa, int threads, bool all) {
    tp_context_options options;
    tp_context *context = NULL;
    tp_context_options_default(&options);
    options.isa = isa;
    options.threads = threads;
    if (tp_context_create(&options, &context)) {
        fprintf(stderr, "--explain: no instruction set is called %s here\n", isa ? isa : "that");
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const struct tp_gemm g = product_of(context, &products[i]);
        print(&g, &products[i], threads, all);
    }
    tp_context_destroy(context);
    return true;
}
