/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_BENCH_TRAIN_REPORT_H
#define TP_BENCH_TRAIN_REPORT_H

#include "report.h"
#include "train_measure.h"

/* What was measured, and where. */
struct train_run {
    struct bench_run bench;
    bool inference, bf16;
    int parts;      /* of tileprop's batches */
    double seconds; /* for each contestant and network */
    struct train_row *row;
    size_t rows;
};

void train_print_head(const struct train_run *run);
void train_print_row(const struct train_run *run, const struct train_row *row);
void train_print_summary(const struct train_run *run);

/* Everything as one JSON object; false with a message if the file could not be written. */
bool train_write_json(const struct train_run *run, const char *path);

/* For plots: networks, and everybody's share of the peak in percent, "?" where it is not known. */
bool train_write_plot(const struct train_run *run, const char *path);

#endif
