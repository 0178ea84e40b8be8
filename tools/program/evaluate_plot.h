/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TILEPROP_TOOLS_EVALUATE_PLOT_H
#define TILEPROP_TOOLS_EVALUATE_PLOT_H

#include "metrics_report.h"
#include "picture.h"
#include "predictions.h"

/* Draws what the task of the report asks for: of classes their confusion and curves, of labels curves, of numbers
 * predicted against true values. data has the targets. Returns an exit code; it has said why. */
int evaluate_plot(const struct picture_target *target, const struct metrics_report *report, const tp_data *data,
                  const struct predictions *predictions);

#endif
