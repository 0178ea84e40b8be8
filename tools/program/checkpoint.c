/* SPDX-License-Identifier: BSD-3-Clause */
#include "checkpoint.h"
#include "report.h"

#include <math.h>
#include <stdlib.h>

int checkpoint_open(struct checkpoint *checkpoint, const tp_model *model) {
    const size_t count = tp_model_parameter_count(model);
    *checkpoint = (struct checkpoint){calloc(count, sizeof *checkpoint->parameters), count, 0};
    if (checkpoint->parameters)
        return EXIT_SUCCESS;
    complain("out of memory");
    return EXIT_FAILURE;
}

void checkpoint_take(struct checkpoint *checkpoint, const tp_model *model, const tp_epoch *epoch) {
    const bool good = isfinite(epoch->train.loss) && (!epoch->validation.samples || isfinite(epoch->validation.loss));
    if (checkpoint->parameters && good &&
        tp_model_get_parameters(model, checkpoint->parameters, checkpoint->count) == TP_OK)
        checkpoint->epoch = epoch->epoch;
}

bool checkpoint_restore(const struct checkpoint *checkpoint, tp_model *model) {
    return checkpoint->epoch && tp_model_set_parameters(model, checkpoint->parameters, checkpoint->count) == TP_OK;
}

void checkpoint_close(struct checkpoint *checkpoint) {
    free(checkpoint->parameters);
    *checkpoint = (struct checkpoint){0};
}
