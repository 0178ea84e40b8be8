/* SPDX-License-Identifier: BSD-3-Clause */
/* What a run of 'tileprop train' says about how it came to its model. */
#ifndef TILEPROP_TOOLS_TRAIN_RECORD_H
#define TILEPROP_TOOLS_TRAIN_RECORD_H

#include "train_options.h"

/* All options of the run that results depend on, as JSON, to be freed; NULL, with a message: options_config. The
 * options are settled, and model is what the run trains. */
char *train_config(const struct train_options *options, const tp_model *model);

#endif
