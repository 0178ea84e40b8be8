/* SPDX-License-Identifier: BSD-3-Clause */
/* How predictions are written: a line of text, a row of CSV, an object of JSON for each sample, or a matrix. */
#ifndef TILEPROP_TOOLS_PREDICT_FORMAT_H
#define TILEPROP_TOOLS_PREDICT_FORMAT_H

#include "predictions.h"

#include <stdio.h>

enum predict_format { PREDICT_TEXT, PREDICT_CSV, PREDICT_JSONL, PREDICT_NPY };

/* The name of the format; NULL if there is none. */
const char *predict_format_name(int format);

struct prediction_report {
    enum predict_format format;
    tp_task task;
    const tp_schema *schema; /* may be NULL */
    const struct predictions *predictions;
    tp_dataset *dataset; /* with ids */
    const char *id;      /* name of their column, or NULL */
    size_t top;          /* text: best classes of a sample */
};

/* Classes or labels among which --top chooses; 0: the outputs are numbers. */
size_t predict_choices(tp_task task, size_t outputs);

/* Writes as far as file takes it. Returns an exit code; it has said why. */
int predict_write(const struct prediction_report *report, FILE *file);

#endif
