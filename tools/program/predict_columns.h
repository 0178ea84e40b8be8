/* SPDX-License-Identifier: BSD-3-Clause */
/* Predictions as a table: the columns that CSV and JSON have. */
#ifndef TILEPROP_TOOLS_PREDICT_COLUMNS_H
#define TILEPROP_TOOLS_PREDICT_COLUMNS_H

#include "predict_format.h"

/* What a column says of a sample. */
enum predict_value {
    PREDICT_ID,
    PREDICT_CLASS,       /* name of the class */
    PREDICT_LABEL,       /* 0 or 1 */
    PREDICT_NUMBER,      /* output in the units of the program */
    PREDICT_PROBABILITY, /* of a class or label */
};
struct predict_column {
    enum predict_value value;
    size_t index; /* of the class, label or output */
    char *name;
};
struct predict_columns {
    size_t count;
    struct predict_column *column;
};

/* Returns false when out of memory; released by predict_columns_release in any case. */
bool predict_columns_make(const struct prediction_report *report, struct predict_columns *columns);
void predict_columns_release(struct predict_columns *columns);

/* Name of class, label or output i; its number in room if it has none. */
#define PREDICT_NAME_ROOM 24
const char *predict_name(const struct prediction_report *report, size_t i, char room[PREDICT_NAME_ROOM]);

/* Probability of class or label i, from the outputs y of a sample. */
double predict_probability(const struct prediction_report *report, const double *y, size_t i);

/* The class with the largest probability; the lowest index among equals. Of two classes the second one wins a draw. */
size_t predict_class(const struct prediction_report *report, const double *y);

#endif
