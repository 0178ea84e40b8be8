/* SPDX-License-Identifier: BSD-3-Clause */
#include "predictions.h"
#include "inference.h"
#include "interrupt.h"
#include "report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK (16 * INFERENCE_BATCH)
#define NAMED_ROWS 5

/* Samples from first on, at most a block. */
static tp_data block_at(const tp_data *data, size_t first) {
    const size_t left = data->samples - first, features = data->features;
    const size_t stride = data->sample_stride || data->value_stride ? data->sample_stride : features;
    tp_data block = *data;
    block.samples = left < BLOCK ? left : BLOCK;
    if (data->rows) {
        block.rows = data->rows + first;
        return block;
    }
    block.bytes = data->bytes ? data->bytes + first * stride : NULL;
    block.floats = data->floats ? data->floats + first * stride : NULL;
    block.doubles = data->doubles ? data->doubles + first * stride : NULL;
    return block;
}

static int never(void) {
    return EXIT_SUCCESS;
}

/* Goes on while the code of stop is success. */
static int predict_blocks(const struct session *session, const struct inference *inference, const tp_data *data,
                          int (*stop)(void), const struct predictions *predictions) {
    int code = EXIT_SUCCESS;
    for (size_t i = 0; !code && i < data->samples; i += BLOCK) {
        const tp_data block = block_at(data, i);
        const tp_outputs outputs = {.doubles = predictions->values + i * predictions->outputs};
        code = session_check(session, inference_predict(inference, &block, &outputs));
        if (!code)
            code = stop();
    }
    return code;
}

static int make(const struct session *session, const tp_model *model, const tp_data *data, int (*stop)(void),
                struct predictions *predictions) {
    tp_model_options shape;
    tp_model_describe(model, &shape);
    *predictions = (struct predictions){.samples = data->samples, .outputs = model_outputs(&shape)};
    predictions->values = calloc(data->samples, predictions->outputs * sizeof *predictions->values);
    if (!predictions->values) {
        complain("out of memory");
        return EXIT_FAILURE;
    }
    struct inference inference;
    int code = session_check(session, inference_open(session->context, model, data->samples, &inference));
    if (!code)
        code = predict_blocks(session, &inference, data, stop, predictions);
    inference_close(&inference);
    return code;
}

int predictions_make(const struct session *session, const tp_model *model, const tp_data *data,
                     struct predictions *predictions) {
    return make(session, model, data, never, predictions);
}

int predictions_make_unless_stopped(const struct session *session, const tp_model *model, const tp_data *data,
                                    struct predictions *predictions) {
    return make(session, model, data, interrupt_code, predictions);
}

static bool row_is_finite(const struct predictions *predictions, size_t i) {
    bool finite = true;
    for (size_t j = 0; j < predictions->outputs; j++)
        finite = finite && isfinite(predictions->values[i * predictions->outputs + j]);
    return finite;
}

int predictions_check(const struct predictions *predictions, const tp_dataset *dataset, const char *name) {
    char rows[NAMED_ROWS * 24] = "";
    size_t bad = 0;
    for (size_t i = 0; i < predictions->samples; i++) {
        const size_t length = strlen(rows);
        if (row_is_finite(predictions, i))
            continue;
        if (bad++ < NAMED_ROWS)
            snprintf(rows + length, sizeof rows - length, "%s%zu", length ? ", " : "", tp_dataset_row(dataset, i));
    }
    if (!bad)
        return EXIT_SUCCESS;
    complain("%s: the predictions for %zu of %zu rows are not finite: row %s%s", name, bad, predictions->samples, rows,
             bad > NAMED_ROWS ? ", ..." : "");
    return EXIT_FAILURE;
}

void predictions_release(struct predictions *predictions) {
    free(predictions->values);
    predictions->values = NULL;
}
