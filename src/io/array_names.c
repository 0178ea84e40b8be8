/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/array_names.h"

#include <stdio.h>
#include <string.h>

/* Of either split, or of one that is not divided. */
static const struct tp_array_names usual_of_split[][2] = {
    [TP_SPLIT_TRAIN] = {{"x_train", "y_train"}, {"X_train", "y_train"}},
    [TP_SPLIT_TEST] = {{"x_test", "y_test"}, {"X_test", "y_test"}},
};
static const struct tp_array_names usual[] = {
    {"X", "y"},           {"x", "y"},          {"inputs", "targets"},
    {"data", "target"},   {"data", "targets"}, {"features", "labels"},
    {"images", "labels"},
};
#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct tp_array_names *search(const struct tp_array_file *file, const struct tp_array_names *rows,
                                           size_t count, bool targets) {
    for (size_t i = 0; i < count; i++)
        if (file->has(file->user, rows[i].inputs) && (!targets || file->has(file->user, rows[i].targets)))
            return &rows[i];
    return NULL;
}

/* Pairs before arrays without targets. */
static const struct tp_array_names *find_usual(const struct tp_array_file *file, tp_split split) {
    const struct tp_array_names *found = NULL;
    for (int targets = 1; !found && targets >= 0; targets--) {
        found = search(file, usual_of_split[split], COUNT(usual_of_split[split]), targets);
        if (!found)
            found = search(file, usual, COUNT(usual), targets);
    }
    return found;
}

static tp_status fail_missing(const struct tp_array_file *file, const char *name) {
    char list[200] = "";
    file->list(file->user, list, sizeof list);
    if (name)
        return tp_fail(file->table->context, TP_ERR_FORMAT, "%s: there is no array '%s'; there are: %s",
                       file->table->path, name, list);
    return tp_fail(file->table->context, TP_ERR_FORMAT,
                   "%s: no array has a usual name, as x_train, X, inputs, data or features; name one of: %s",
                   file->table->path, list);
}

tp_status tp_array_names_find(const struct tp_array_file *file, const struct tp_read_options *options,
                              struct tp_array_names *names) {
    const struct tp_array_names *found = find_usual(file, options->split);
    const char *inputs = found ? found->inputs : NULL, *targets = found ? found->targets : NULL;
    if (targets && !file->has(file->user, targets))
        targets = NULL;
    names->inputs = options->inputs ? options->inputs : inputs;
    names->targets = options->targets ? options->targets : targets;
    if (!names->inputs || !file->has(file->user, names->inputs))
        return fail_missing(file, names->inputs);
    if (names->targets && !file->has(file->user, names->targets))
        return fail_missing(file, names->targets);
    return TP_OK;
}

void tp_array_names_list(char *text, size_t size, const char *name, size_t length) {
    const size_t used = strlen(text);
    if (used + 2 < size)
        snprintf(text + used, size - used, "%s%.*s", used ? ", " : "", (int)(length < size ? length : size), name);
}
