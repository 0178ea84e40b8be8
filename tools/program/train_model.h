/* SPDX-License-Identifier: BSD-3-Clause */
/* The model that 'tileprop train' begins with. */
#ifndef TILEPROP_TOOLS_TRAIN_MODEL_H
#define TILEPROP_TOOLS_TRAIN_MODEL_H

#include "session.h"
#include "train_options.h"

/* New, or loaded with --init. Returns an exit code. */
int train_make_model(const struct session *session, const struct train_options *options, const tp_data *data,
                     tp_model **model);

#endif
