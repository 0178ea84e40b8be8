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

/* counts are classes x classes, the row is the target; names may be NULL: numbers. Of more than 30 classes there are
 * shades without counts. */
int picture_confusion(const struct picture_target *target, size_t classes, const char *const *names,
                      const uint64_t *counts);

/* ROC and precision-recall curves beside each other, of up to 10 curves: scores[i * ld + k] of sample i for curve k, is
 * the sample of class k: classes[i] == first + k. weights may be NULL: all 1. */
int picture_curves(const struct picture_target *target, size_t samples, size_t curves, const char *const *names,
                   const double *scores, size_t ld, const int32_t *classes, int32_t first, const float *weights);

/* Predicted against true values, one panel for each output, at most four. values[i * value_ld + j]. */
int picture_scatter(const struct picture_target *target, size_t samples, size_t outputs, const char *const *names,
                    const double *values, size_t value_ld, const double *predictions, size_t ld);

#endif
