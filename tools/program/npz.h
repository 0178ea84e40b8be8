/* SPDX-License-Identifier: BSD-3-Clause */
/* Samples as the arrays of an NPZ file. */
#ifndef TILEPROP_TOOLS_NPZ_H
#define TILEPROP_TOOLS_NPZ_H

#include "session.h"

/* Writes inputs, targets and, where the columns have names, names. Takes memory for some rows, not for the data.
 * Returns an exit code; it has said why. */
int npz_write(const struct session *session, const tp_data *data, const tp_schema *schema, tp_output *output);

#endif
