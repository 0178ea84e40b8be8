/* SPDX-License-Identifier: BSD-3-Clause */
/* Pictures of what a model predicts. Each function draws one into path, which ends in .svg or .png and appears whole or
 * not at all, and returns an exit code; it has said why. */
#ifndef TILEPROP_TOOLS_PICTURE_H
#define TILEPROP_TOOLS_PICTURE_H

#include "session.h"

struct picture_target {
    const struct session *session;
    const char *path;
    size_t width; /* pixels */
};

/* Curves of labels or of classes against the rest. */
struct picture_curves {
    size_t samples, count;    /* at most the first 10 are drawn */
    const char *const *names; /* as below */
    const double *scores;     /* samples x count, row distance ld */
    size_t ld;
    const bool *truth;     /* samples x count */
    const double *weights; /* NULL: all 1 */
};

/* ROC and precision-recall curves beside each other, and above them, unless classes is 0, the confusion matrix: counts
 * are classes x classes, the row is the target; names may be NULL: numbers. Of more than 30 classes there are shades
 * without counts. */
int picture_classes(const struct picture_target *target, size_t classes, const char *const *names,
                    const uint64_t *counts, const struct picture_curves *curves);

/* Predicted against true values, one panel for each output, at most four. values[i * value_ld + j]. */
int picture_scatter(const struct picture_target *target, size_t samples, size_t outputs, const char *const *names,
                    const double *values, size_t value_ld, const double *predictions, size_t ld);

#endif
