/* SPDX-License-Identifier: BSD-3-Clause */
/* Which samples are trained on and which are held out. */
#ifndef TP_TABLE_SPLIT_H
#define TP_TABLE_SPLIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Numbers that the caller has checked. */
struct tp_split_request {
    size_t samples;          /* 1..UINT32_MAX */
    const int32_t *classes;  /* at least 0: of each the same part is held out; NULL: not looked at */
    const uint32_t *numbers; /* sample i has class classes[numbers[i]]; NULL: classes[i] */
    double fraction;         /* 0 <= fraction < 1; not looked at with folds */
    size_t folds, fold;      /* folds 0: by fraction; else 2 <= folds <= samples, fold < folds */
    uint64_t seed;
    bool keep_order; /* hold out the last samples, or for fold f the f-th piece of samples that follow each other; both
                        parts keep their order, and classes do not count */
};

/*
 * rows becomes a permutation of 0..samples-1: first those to train on, kept of them, then those held out. Of n samples
 * floor(fraction n) are held out, or n / folds, and one more in the first n % folds folds; each sample in one fold.
 * Without classes the samples are shuffled, and the last ones, or a piece for each fold, are held out.
 * With classes the samples are sorted by class, shuffled within each, and those held out are spread evenly over this
 * order, for a fold every folds-th. So the part of a class differs by less than one sample from its share, also where
 * a class has few samples: it may have none in one of the parts. Both parts are shuffled afterwards.
 * Nothing is allocated.
 */
void tp_split_rows(const struct tp_split_request *request, uint32_t *rows, size_t *kept);

#endif
