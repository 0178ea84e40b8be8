/* SPDX-License-Identifier: BSD-3-Clause */
/* State of the process and of its threads, which a function without a context argument cannot do without. */
#ifndef TP_CBLAS_PROCESS_H
#define TP_CBLAS_PROCESS_H

#include "core/context.h"

/* The context of the process, made by the first call on any thread. NULL if it could not be made, and why. */
const struct tp_context *tp_cblas_context(const char **why);

/* At least size bytes, which the calling thread owns until its next call or its end; NULL if there is no memory. The
 * context must exist. */
void *tp_cblas_workspace(size_t size);

#endif
