/* SPDX-License-Identifier: BSD-3-Clause */
#include "checkpoint.h"
#include "report.h"

#include <math.h>
#include <stdlib.h>

int checkpoint_open(struct checkpoint *checkpoint, const tp_model *model) {
    const size_t count = tp_model_parameter_count(model);
    *checkpoint = (struct checkpoint){
        .proven = calloc(count, sizeof(float)), .pending = calloc(count, sizeof(float)), .count = count};
    if (checkpoint->proven && checkpoint->pending)
        return EXIT_SUCCESS;
    checkpoint_close(checkpoint);
    complain("out of memory");
    return EXIT_FAILURE;
}

void checkpoint_take(struct checkpoint *checkpoint, const tp_model *model, const tp_epoch *epoch) {
    if (checkpoint->pending && tp_model_get_parameters(model, checkpoint->pending, checkpoint->count) == TP_OK)
        checkpoint->pending_epoch = epoch->epoch;
    if (epoch->validation.samples && isfinite(epoch->validation.loss))
        checkpoint_prove(checkpoint);
}

void checkpoint_prove(struct checkpoint *checkpoint) {
    if (!checkpoint->pending_epoch)
        return;
    float *const free_now = checkpoint->proven;
    checkpoint->proven = checkpoint->pending;
    checkpoint->epoch = checkpoint->pending_epoch;
    checkpoint->pending = free_now;
    checkpoint->pending_epoch = 0;
}

bool checkpoint_restore(const struct checkpoint *checkpoint, tp_model *model) {
    return checkpoint->epoch && tp_model_set_parameters(model, checkpoint->proven, checkpoint->count) == TP_OK;
}

void checkpoint_close(struct checkpoint *checkpoint) {
    free(checkpoint->proven);
    free(checkpoint->pending);
    *checkpoint = (struct checkpoint){0};
}
