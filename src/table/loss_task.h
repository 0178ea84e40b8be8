/* SPDX-License-Identifier: BSD-3-Clause */
/* What a model of which nobody knows the data is for. */
#ifndef TP_TABLE_LOSS_TASK_H
#define TP_TABLE_LOSS_TASK_H

#include "tileprop/tileprop.h"

static inline tp_task tp_task_of_loss(tp_loss loss, size_t outputs) {
    if (loss == TP_LOSS_CCE)
        return TP_TASK_MULTICLASS;
    if (loss != TP_LOSS_BCE)
        return TP_TASK_REGRESSION;
    return outputs == 1 ? TP_TASK_BINARY : TP_TASK_MULTILABEL;
}

#endif
