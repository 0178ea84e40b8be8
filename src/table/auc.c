/* SPDX-License-Identifier: BSD-3-Clause */
#include "table/metrics.h"

#include <math.h>
#include <string.h>

static void merge(const struct tp_ranked *a, size_t na, const struct tp_ranked *b, size_t nb, struct tp_ranked *to) {
    while (na && nb) {
        const bool take_b = b->score < a->score;
        *to++ = take_b ? *b++ : *a++;
        nb -= take_b;
        na -= !take_b;
    }
    memcpy(to, na ? a : b, (na ? na : nb) * sizeof *to);
}

/* A stable merge sort: qsort may allocate, and may leave equal scores in any order. Returns where the result is. */
static struct tp_ranked *sort(struct tp_ranked *items, struct tp_ranked *spare, size_t count) {
    for (size_t run = 1; run < count; run *= 2) {
        for (size_t at = 0; at < count; at += 2 * run) {
            const size_t left = count - at;
            const size_t na = left < run ? left : run, nb = left - na < run ? left - na : run;
            merge(items + at, na, items + at + na, nb, spare + at);
        }
        struct tp_ranked *const sorted = spare;
        spare = items;
        items = sorted;
    }
    return items;
}

double tp_auc(struct tp_ranked *items, struct tp_ranked *spare, size_t count) {
    const struct tp_ranked *const sorted = sort(items, spare, count);
    double area = 0, positives = 0, negatives = 0;
    for (size_t i = 0; i < count;) {
        double side[2] = {0, 0};
        const double score = sorted[i].score;
        do
            side[sorted[i].positive] += (double)sorted[i].weight;
        while (++i < count && sorted[i].score == score);
        area += side[1] * (negatives + side[0] / 2);
        positives += side[1];
        negatives += side[0];
    }
    return positives > 0 && negatives > 0 ? area / (positives * negatives) : (double)NAN;
}
