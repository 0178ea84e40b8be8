/* SPDX-License-Identifier: BSD-3-Clause */
/* Whether two models are the same, but for their notes. */
#ifndef TILEPROP_TOOLS_MODEL_COMPARE_H
#define TILEPROP_TOOLS_MODEL_COMPARE_H

#include "session.h"

/* Prints "identical", or where the second one first differs; both lose their notes. Returns EXIT_SUCCESS if they are
 * the same, else EXIT_FAILURE. */
int model_compare(const struct session *session, tp_model *first, tp_model *second);

#endif
