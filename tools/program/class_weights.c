/* SPDX-License-Identifier: BSD-3-Clause */
#include "class_weights.h"
#include "command.h"
#include "nearest.h"
#include "report.h"
#include "train_task.h"

#include <stdlib.h>
#include <string.h>

/* For balanced weights, n / (k n_c) for the n_c of n samples in class c of k, into weights; k at most REALS_MAX. 0 for
 * a class without samples. */
static int balance_classes(const tp_data *data, size_t classes, struct real_list *weights) {
    size_t counts[REALS_MAX] = {0};
    if (classes > REALS_MAX) {
        complain("--class-weights balanced: is for at most %d classes", REALS_MAX);
        return EXIT_USAGE;
    }
    train_count_classes(data, counts);
    weights->count = classes;
    for (size_t i = 0; i < classes; i++)
        weights->real[i] = counts[i] ? (float)((double)data->samples / ((double)classes * (double)counts[i])) : 0;
    return EXIT_SUCCESS;
}

static size_t find_class(const tp_column *target, size_t classes, const char *name) {
    size_t i = 0;
    while (i < classes && strcmp(target->categories[i], name) != 0)
        i++;
    return i;
}

static void refuse_class(const char *path, const tp_column *target, size_t classes, const char *name) {
    struct nearest nearest = nearest_to(name);
    for (size_t i = 0; i < classes; i++)
        nearest_offer(&nearest, target->categories[i]);
    if (nearest.best)
        complain("--class-weights: %s has no class '%s'; did you mean '%s'?", path, name, nearest.best);
    else
        complain("--class-weights: %s has no class '%s'", path, name);
}

/* Takes the next name of the list, whose weight is given. */
static bool weigh_next(const struct train_options *options, const tp_column *target, const char **names, float given,
                       struct real_list *weights, bool *seen) {
    size_t length;
    const char *name = options_next_name(names, &length);
    char *copy = strndup(name, length);
    const size_t found = copy ? find_class(target, weights->count, copy) : weights->count;
    const bool twice = found < weights->count && seen[found];
    if (!copy)
        complain("out of memory");
    else if (found == weights->count)
        refuse_class(options->data.path, target, weights->count, copy);
    else if (twice)
        complain("--class-weights: class '%s' is there twice", copy);
    free(copy);
    if (found == weights->count || twice)
        return false;
    weights->real[found] = given;
    return seen[found] = true;
}

/* Classes that are not named have weight 1. */
static int weigh_named(struct train_options *options, const tp_column *target, size_t classes) {
    const struct real_list given = options->class_weights;
    const char *names = given.names;
    struct real_list weights = {.count = classes};
    bool seen[REALS_MAX] = {false};
    if (!target || target->category_count != classes || classes > REALS_MAX) {
        complain("--class-weights %s: names are for at most %d classes that have names", names, REALS_MAX);
        return EXIT_USAGE;
    }
    for (size_t i = 0; i < classes; i++)
        weights.real[i] = 1;
    for (size_t i = 0; i < given.count; i++)
        if (!weigh_next(options, target, &names, given.real[i], &weights, seen))
            return EXIT_USAGE;
    options->class_weights = weights;
    return EXIT_SUCCESS;
}

int class_weights_settle(struct train_options *options, const tp_data *data, const tp_model *model) {
    struct real_list *weights = &options->class_weights;
    tp_model_options shape;
    tp_model_describe(model, &shape);
    const size_t classes = model_classes(&shape);
    const bool given = weights->by_word || weights->count;
    if (given && !data->classes)
        complain("--class-weights: %s has no classes", options->data.path);
    else if (weights->by_word)
        return balance_classes(data, classes, weights);
    else if (weights->names)
        return weigh_named(options, tp_schema_target(tp_model_schema(model), 0), classes);
    else if (given && weights->count != classes)
        complain("--class-weights: %zu weights for %zu classes", weights->count, classes);
    else
        return EXIT_SUCCESS;
    return EXIT_USAGE;
}
