/* SPDX-License-Identifier: BSD-3-Clause */
/* The picture that 'tileprop evaluate' draws: a confusion matrix, or predicted against true values. */
#ifndef TILEPROP_TOOLS_EVALUATE_PICTURE_H
#define TILEPROP_TOOLS_EVALUATE_PICTURE_H

#include "metrics_report.h"
#include "picture.h"
#include "predictions.h"

/* data is what was predicted. These return an exit code; they have said why. */
int evaluate_picture(const struct picture_target *target, const struct metrics_report *report, const tp_data *data,
                     const struct predictions *predictions);

/* ROC and precision-recall curves, of classes only. */
int evaluate_curves(const struct picture_target *target, const struct metrics_report *report, const tp_data *data,
                    const struct predictions *predictions);

#endif
