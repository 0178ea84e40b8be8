/* SPDX-License-Identifier: BSD-3-Clause */
/* What enum constants are called, and what belongs to them. */
#ifndef TP_CORE_NAMES_H
#define TP_CORE_NAMES_H

#include "core/context.h"

/* Whether an activation can have this slope; where begins the message: "layer 3", "epilogue". */
tp_status tp_check_slope(const struct tp_context *context, const char *where, tp_activation activation, float slope);

/* The slope that is meant: a 0 that nobody set is ELU's usual alpha, 1. */
float tp_slope(tp_activation activation, float slope);

#endif
