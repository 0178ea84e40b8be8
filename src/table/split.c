/* SPDX-License-Identifier: BSD-3-Clause */
#include "table/split.h"

#include "core/random.h"

#include <assert.h>
#include <math.h>

/* The shuffles of classes have their number and these ahead of it. */
enum { STREAM_ALL, STREAM_KEPT, STREAM_HELD_OUT, STREAM_CLASS };

static void exchange(uint32_t *rows, size_t a, size_t b) {
    const uint32_t row = rows[a];
    rows[a] = rows[b];
    rows[b] = row;
}

static int32_t class_of(const struct tp_split_request *r, uint32_t row) {
    return r->classes[r->numbers ? r->numbers[row] : row];
}

/* By class, then by number, so that no two are equal. */
static bool comes_before(const struct tp_split_request *r, uint32_t a, uint32_t b) {
    const int32_t class_a = class_of(r, a), class_b = class_of(r, b);
    return class_a != class_b ? class_a < class_b : a < b;
}

/* Lets rows[i] sink to its place in the heap rows[0..count), whose largest row is the first. */
static void sink(const struct tp_split_request *r, uint32_t *rows, size_t i, size_t count) {
    for (size_t child; (child = 2 * i + 1) < count; i = child) {
        if (child + 1 < count && comes_before(r, rows[child], rows[child + 1]))
            child++;
        if (!comes_before(r, rows[i], rows[child]))
            return;
        exchange(rows, i, child);
    }
}

/* Heapsort, which needs no memory. */
static void sort_by_class(const struct tp_split_request *r, uint32_t *rows) {
    for (size_t i = r->samples / 2; i-- > 0;)
        sink(r, rows, i, r->samples);
    for (size_t count = r->samples; count-- > 1;) {
        exchange(rows, 0, count);
        sink(r, rows, 0, count);
    }
}

static void shuffle_classes(const struct tp_split_request *r, uint32_t *rows) {
    for (size_t begin = 0, end; begin < r->samples; begin = end) {
        const int32_t class = class_of(r, rows[begin]);
        for (end = begin + 1; end < r->samples && class_of(r, rows[end]) == class;)
            end++;
        tp_random_shuffle(rows + begin, end - begin, r->seed, TP_PURPOSE_SPLIT, STREAM_CLASS + (uint32_t) class);
    }
}

static size_t held_out(const struct tp_split_request *r) {
    if (r->folds)
        return r->samples / r->folds + (r->fold < r->samples % r->folds);
    return (size_t)floor((double)r->samples * r->fraction);
}

/* The first of the samples held out where they follow each other. */
static size_t first_held_out(const struct tp_split_request *r) {
    if (!r->folds)
        return r->samples - held_out(r);
    const size_t longer = r->samples % r->folds;
    return r->fold * (r->samples / r->folds) + (r->fold < longer ? r->fold : longer);
}

/* Whether what is at place i of the order is held out. */
static bool is_held_out(const struct tp_split_request *r, size_t i, bool by_class) {
    const uint64_t count = held_out(r), place = i, samples = r->samples;
    if (!by_class)
        return i >= first_held_out(r) && i - first_held_out(r) < count;
    if (r->folds)
        return i % r->folds == r->fold;
    return (place + 1) * count / samples > place * count / samples;
}

/* Both parts in the order of the samples. */
static void cut_out(const struct tp_split_request *r, uint32_t *rows, size_t *kept) {
    const size_t first = first_held_out(r), count = held_out(r);
    *kept = r->samples - count;
    for (size_t i = 0; i < *kept; i++)
        rows[i] = (uint32_t)(i < first ? i : i + count);
    for (size_t i = 0; i < count; i++)
        rows[*kept + i] = (uint32_t)(first + i);
}

void tp_split_rows(const struct tp_split_request *r, uint32_t *rows, size_t *kept) {
    assert(r->samples >= 1 && r->samples <= UINT32_MAX && (!r->folds || (r->folds >= 2 && r->fold < r->folds)));
    const bool by_class = r->classes && held_out(r);
    if (r->keep_order) {
        cut_out(r, rows, kept);
        return;
    }
    for (size_t i = 0; i < r->samples; i++)
        rows[i] = (uint32_t)i;
    if (by_class) {
        sort_by_class(r, rows);
        shuffle_classes(r, rows);
    } else if (held_out(r))
        tp_random_shuffle(rows, r->samples, r->seed, TP_PURPOSE_SPLIT, STREAM_ALL);
    *kept = 0;
    for (size_t i = 0; i < r->samples; i++)
        if (!is_held_out(r, i, by_class))
            exchange(rows, (*kept)++, i);
    if (by_class) {
        tp_random_shuffle(rows, *kept, r->seed, TP_PURPOSE_SPLIT, STREAM_KEPT);
        tp_random_shuffle(rows + *kept, r->samples - *kept, r->seed, TP_PURPOSE_SPLIT, STREAM_HELD_OUT);
    }
}
