/* SPDX-License-Identifier: BSD-3-Clause */
/* Samples that are held out: all of them once, the same part of each class, the same ones each time. */
#include "core/random.h"
#include "support/support.h"
#include "table/split.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { MOST = 1000, CLASSES = 7 };

static uint32_t rows[MOST], again[MOST];
static int32_t classes[MOST];

/* The split is complete; returns the number of kept samples. */
static size_t split(const struct tp_split_request *request) {
    static bool seen[MOST];
    size_t kept = SIZE_MAX;
    memset(seen, 0, sizeof seen);
    tp_split_rows(request, rows, &kept);
    cr_assert_leq(kept, request->samples);
    for (size_t i = 0; i < request->samples; i++) {
        cr_assert(rows[i] < request->samples && !seen[rows[i]], "%u twice", (unsigned)rows[i]);
        seen[rows[i]] = true;
    }
    return kept;
}

/* Class c has about 1/2^(c+1) of them, so that the last ones have few. */
static void fill_classes(void) {
    for (size_t i = 0; i < MOST; i++) {
        const uint64_t random = tp_test_random(11, i);
        classes[i] = 0;
        while (classes[i] < CLASSES - 1 && random >> classes[i] & 1)
            classes[i]++;
    }
}

static size_t count_class(const struct tp_split_request *r, const uint32_t *part, size_t count, int32_t class) {
    size_t found = 0;
    for (size_t i = 0; i < count; i++)
        found += r->classes[r->numbers ? r->numbers[part[i]] : part[i]] == class;
    return found;
}

/* Less than one sample from the share. */
static void check_shares(const struct tp_split_request *r, size_t kept) {
    const size_t held_out = r->samples - kept;
    const double share = r->folds ? 1 / (double)r->folds : (double)held_out / (double)r->samples;
    for (int32_t class = 0; class < CLASSES; class ++) {
        const double all = (double)count_class(r, rows, r->samples, class);
        const double out = (double)count_class(r, rows + kept, held_out, class);
        cr_assert_lt(fabs(out - share * all), 1, "class %d: %g of %g", (int)class, out, all);
    }
}

static const size_t sizes[] = {1, 2, 3, 10, 97, 1000};
static const double fractions[] = {0, 0.001, 0.1, 0.25, 0.5, 0.99};

Test(split, fractions) {
    fill_classes();
    for (size_t i = 0; i < 36; i++) {
        for (int kind = 0; kind < 4; kind++) {
            const struct tp_split_request r = {.samples = sizes[i / 6],
                                               .classes = kind & 1 ? classes : NULL,
                                               .fraction = fractions[i % 6],
                                               .seed = i,
                                               .keep_order = kind & 2};
            const size_t kept = split(&r);
            cr_assert_eq(r.samples - kept, (size_t)floor(r.fraction * (double)r.samples));
            for (size_t j = 0; r.keep_order && j < r.samples; j++)
                cr_assert_eq(rows[j], j);
            if (kind == 1)
                check_shares(&r, kept);
        }
    }
}

/* As in every version so far. */
Test(split, without_classes_the_last_of_a_permutation_are_held_out) {
    const struct tp_split_request r = {.samples = 333, .fraction = 0.2, .seed = 5};
    cr_assert_eq(split(&r), 333 - 66);
    tp_random_permutation(again, 333, 5, TP_PURPOSE_SPLIT, 0);
    cr_assert_eq(memcmp(rows, again, 333 * sizeof *rows), 0);
}

/* Those from begin on are held out. */
static void check_order(size_t samples, size_t begin, size_t kept) {
    for (size_t i = 0; i < samples; i++)
        cr_assert_eq(rows[i], i >= kept ? begin + i - kept : i < begin ? i : i + samples - kept);
}

static void check_folds(struct tp_split_request r) {
    size_t times[MOST] = {0};
    size_t begin = 0;
    for (r.fold = 0; r.fold < r.folds; r.fold++) {
        const size_t kept = split(&r);
        cr_assert_eq(r.samples - kept, r.samples / r.folds + (r.fold < r.samples % r.folds));
        for (size_t i = kept; i < r.samples; i++)
            times[rows[i]]++;
        if (r.keep_order)
            check_order(r.samples, begin, kept);
        else if (r.classes)
            check_shares(&r, kept);
        begin += r.samples - kept;
    }
    for (size_t i = 0; i < r.samples; i++)
        cr_assert_eq(times[i], 1, "%zu of %zu in %zu folds", i, r.samples, times[i]);
}

Test(split, every_sample_is_in_one_fold) {
    static const size_t folds[] = {2, 3, 10, 97};
    fill_classes();
    for (size_t i = 0; i < 24; i++)
        for (int kind = 0; kind < 4; kind++)
            if (folds[i % 4] <= sizes[i / 4])
                check_folds((struct tp_split_request){.samples = sizes[i / 4],
                                                      .classes = kind & 1 ? classes : NULL,
                                                      .folds = folds[i % 4],
                                                      .seed = i,
                                                      .keep_order = kind & 2});
}

Test(split, is_a_function_of_the_seed) {
    fill_classes();
    struct tp_split_request r = {.samples = MOST, .classes = classes, .fraction = 0.3, .seed = 1};
    split(&r);
    memcpy(again, rows, sizeof rows);
    split(&r);
    cr_assert_eq(memcmp(rows, again, sizeof rows), 0);
    r.seed = 2;
    split(&r);
    cr_assert_neq(memcmp(rows, again, sizeof rows), 0);
}

/* Kept samples of sorted classes are not sorted: steps without shuffling would see one class after the other. */
Test(split, kept_samples_are_in_no_order_of_classes) {
    fill_classes();
    const struct tp_split_request r = {.samples = MOST, .classes = classes, .fraction = 0.3, .seed = 1};
    const size_t kept = split(&r);
    size_t changes = 0;
    for (size_t i = 1; i < kept; i++)
        changes += classes[rows[i]] != classes[rows[i - 1]];
    cr_assert_gt(changes, kept / 4);
}

Test(split, classes_through_numbers) {
    static uint32_t numbers[MOST];
    fill_classes();
    for (uint32_t i = 0; i < 400; i++)
        numbers[i] = (uint32_t)(tp_test_random(13, i) % MOST);
    const struct tp_split_request r = {
        .samples = 400, .classes = classes, .numbers = numbers, .fraction = 0.25, .seed = 3};
    check_shares(&r, split(&r));
}
