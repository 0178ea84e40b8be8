/* SPDX-License-Identifier: BSD-3-Clause */
/* Which samples are trained on and which are held out. */
#ifndef TP_TABLE_SPLIT_H
#define TP_TABLE_SPLIT_H

#include "core/context.h"

/* floor(fraction * samples) samples are held out, or with folds >= 2 those of fold number fold: of n samples that are
 * n / folds, and one more in the first n % folds. */
struct tp_split_request {
    size_t samples;         /* 1..UINT32_MAX */
    const int32_t *classes; /* one per sample, at least 0: of each the same part is held out; NULL: not looked at */
    const uint32_t *rows;   /* sample i has class classes[rows[i]]; NULL: classes[i] */
    double fraction;        /* 0 <= fraction < 1; not looked at with folds */
    size_t folds, fold;     /* folds 0: by fraction; else 2 <= folds <= samples, fold < folds */
    uint64_t seed;
    bool keep_order; /* hold out the last samples (fold: those that follow each other), without looking at classes */
};

/*
 * rows becomes a permutation of 0..samples-1: first those to train on, kept of them, then those held out. By seed all
 * are shuffled; without classes the last ones of this order, or the fold's part of it, are held out.
 * With classes the shuffled samples are sorted by class, and the samples held out lie evenly in this order: of n
 * samples of a class n * fraction, rounded up or down, also if that is less than 1, so that the sum is as without
 * classes. A fold takes every folds-th. Both parts keep the shuffled order.
 * TP_ERR_MEMORY does not happen: classes are sorted in place.
 */
void tp_split_rows(const struct tp_split_request *request, uint32_t *rows, size_t *kept);

#endif
