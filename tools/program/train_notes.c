/* SPDX-License-Identifier: BSD-3-Clause */
#include "train_notes.h"
#include "data.h"
#include "report.h"
#include "session.h"
#include "train_task.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

/* Fewer steps say nothing about what a network learns. */
#define STEPS_TO_LEARN 100
#define AS_GOOD_AS_NOTHING 0.999

struct class_counts {
    size_t *samples; /* per class */
    size_t classes;
    size_t all;
};

/* ---- classes ---- */

/* Classes without samples have outputs, and thus weights, for nothing. */
static void note_empty_classes(const struct class_counts *counts, const char *path, const tp_model *model) {
    tp_model_options shape;
    tp_model_describe(model, &shape);
    size_t empty = 0;
    size_t first = 0;
    for (size_t i = counts->classes; i > 0; i--) {
        empty += !counts->samples[i - 1];
        first = counts->samples[i - 1] ? first : i - 1;
    }
    const size_t hidden = shape.layer_count > 1 ? shape.layers[shape.layer_count - 2].width : shape.inputs;
    if (empty && model_outputs(&shape) > 1)
        complain("note: %s: %zu of %zu classes have no training sample (the first is %zu); they take %zu of %zu "
                 "parameters",
                 path, empty, counts->classes, first, empty * (hidden + 1), tp_model_parameter_count(model));
}

static void note_weights(const struct class_counts *counts, const struct real_list *weights) {
    size_t left = 0;
    size_t last = 0;
    for (size_t i = 0; i < weights->count; i++) {
        const bool counted = weights->real[i] > 0 && counts->samples[i];
        left += counted;
        last = counted ? i : last;
    }
    if (weights->count && !left)
        complain("note: --class-weights: no class with samples has a weight above 0: nothing is learnt");
    else if (weights->count && left == 1)
        complain("note: --class-weights: class %zu alone has a weight above 0: there is nothing to tell apart", last);
}

/* ---- the loss without inputs ---- */

static double information(double part) {
    return part > 0 ? -part * log(part) : 0;
}

static double loss_of_frequencies(const struct class_counts *counts, const tp_model_options *shape) {
    double sum = 0;
    for (size_t i = 0; i < counts->classes; i++) {
        const double part = (double)counts->samples[i] / (double)counts->all;
        sum += information(part);
        if (shape->loss == TP_LOSS_BCE && model_outputs(shape) > 1)
            sum += information(1 - part);
    }
    return sum > 0 ? sum : (double)NAN;
}

static double loss_of_labels(const tp_data *data) {
    double loss = 0;
    for (size_t label = 0; label < data->outputs; label++) {
        double sum = 0;
        for (size_t i = 0; i < data->samples; i++)
            sum += data_target(data, i, label);
        loss += information(sum / (double)data->samples) + information(1 - sum / (double)data->samples);
    }
    return loss > 0 ? loss : (double)NAN;
}

static double baseline(const struct class_counts *counts, const struct train_options *options, const tp_data *data,
                       const tp_model *model) {
    tp_model_options shape;
    tp_model_describe(model, &shape);
    if (data->weights || options->class_weights.count || shape.label_smoothing > 0)
        return (double)NAN;
    if (data->classes)
        return shape.loss == TP_LOSS_CCE || shape.loss == TP_LOSS_BCE ? loss_of_frequencies(counts, &shape)
                                                                      : (double)NAN;
    if (shape.loss == TP_LOSS_BCE)
        return loss_of_labels(data);
    return shape.loss == TP_LOSS_MSE && shape.outputs_scaled.count ? 1 : (double)NAN;
}

/* ---- all of them ---- */

int notes_begin(struct notes *notes, const struct train_options *options, const tp_data *data, const tp_model *model) {
    tp_model_options shape;
    tp_model_describe(model, &shape);
    struct class_counts counts = {.classes = data->classes ? model_classes(&shape) : 0, .all = data->samples};
    counts.samples = calloc(counts.classes + 1, sizeof *counts.samples);
    if (!counts.samples) {
        complain("out of memory");
        return EXIT_FAILURE;
    }
    if (data->classes) {
        train_count_classes(data, counts.samples);
        note_empty_classes(&counts, options->data.path, model);
        note_weights(&counts, &options->class_weights);
    }
    notes->baseline = baseline(&counts, options, data, model);
    free(counts.samples);
    return EXIT_SUCCESS;
}

void notes_epoch(struct notes *notes, const tp_epoch *epoch) {
    const double loss = score_loss(&epoch->train);
    if (epoch->steps < STEPS_TO_LEARN || isnan(notes->baseline))
        return;
    if (loss >= AS_GOOD_AS_NOTHING * notes->baseline)
        complain("note: after epoch %zu the training loss is %.4f; answers that do not look at the inputs have %.4f: "
                 "the network has learnt nothing so far (another --lr, --activation or --hidden may help)",
                 epoch->epoch, loss, notes->baseline);
    notes->baseline = (double)NAN;
}
