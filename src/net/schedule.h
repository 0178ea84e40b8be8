/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_NET_SCHEDULE_H
#define TP_NET_SCHEDULE_H

#include "kernels/kernels.h"

/* base^exponent by squaring: the same bits on every machine, unlike pow. */
double tp_power(double base, uint64_t exponent);

/* What TP_SCHEDULE_AUTO stands for. */
tp_schedule tp_schedule_of(const tp_optimizer_options *options);

/* Learning rate of step >= 1. */
float tp_learning_rate(const struct tp_isa *isa, const tp_optimizer_options *options, uint64_t step);

#endif
