/* SPDX-License-Identifier: BSD-3-Clause */
/* What 'tileprop evaluate' says of a model's predictions, as text of 80 columns or as JSON. */
#ifndef TILEPROP_TOOLS_METRICS_REPORT_H
#define TILEPROP_TOOLS_METRICS_REPORT_H

#include "command.h"

#include <jansson.h>

struct metrics_report {
    tp_task task;
    size_t count;             /* of classes, labels or outputs */
    const char *const *names; /* of these; NULL, or a NULL among them: numbers from 0 */
    const tp_metrics *metrics;
    const tp_output_metrics *each; /* count of them */
    const uint64_t *confusion;     /* count x count, the row is the target; NULL for labels and regression */
};

void metrics_print(const struct metrics_report *report);

/* Members accuracy, macro_f1, ...; and confusion with classes, labels or outputs. */
void metrics_json(const struct metrics_report *report, json_t *object);

/* Describe the metrics and the JSON keys in --help. */
extern const char metrics_about[];
extern const struct report_keys metrics_keys[];

#endif
