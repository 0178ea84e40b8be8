/* SPDX-License-Identifier: BSD-3-Clause */
/* Samples as the arrays of an NPZ file. */
#ifndef TILEPROP_TOOLS_NPZ_H
#define TILEPROP_TOOLS_NPZ_H

#include "data.h"

/* Writes inputs and targets, where there are such columns names, categories, weights and ids, the last two with the
 * names that the options have for them. Takes memory for some rows, not for the data. Returns an exit code; it has said
 * why. */
int npz_write(const struct session *session, tp_dataset *dataset, const struct data_options *options,
              tp_output *output);

#endif
