/* SPDX-License-Identifier: BSD-3-Clause */
#include "good_epoch.h"
#include "report.h"

#include <stdlib.h>

int good_epoch_open(struct good_epoch *good, const tp_model *model) {
    const size_t count = tp_model_parameter_count(model);
    *good = (struct good_epoch){
        .proven = calloc(count, sizeof(float)), .pending = calloc(count, sizeof(float)), .count = count};
    if (good->proven && good->pending)
        return EXIT_SUCCESS;
    good_epoch_close(good);
    complain("out of memory");
    return EXIT_FAILURE;
}

void good_epoch_take(struct good_epoch *good, const tp_model *model, struct good_point at) {
    if (good->pending && tp_model_get_parameters(model, good->pending, good->count) == TP_OK)
        good->pending_at = at;
}

void good_epoch_prove(struct good_epoch *good) {
    if (!good->pending_at.step)
        return;
    float *const free_now = good->proven;
    good->proven = good->pending;
    good->at = good->pending_at;
    good->pending = free_now;
    good->pending_at = (struct good_point){0};
}

bool good_epoch_restore(const struct good_epoch *good, tp_model *model) {
    return good->at.step && tp_model_set_parameters(model, good->proven, good->count) == TP_OK;
}

void good_epoch_close(struct good_epoch *good) {
    free(good->proven);
    free(good->pending);
    *good = (struct good_epoch){0};
}
