/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_IO_OUTPUT_H
#define TP_IO_OUTPUT_H

#include "core/context.h"

/* Nothing has been written to it. */
bool tp_output_is_empty(const tp_output *output);

#endif
