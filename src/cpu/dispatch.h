/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_CPU_DISPATCH_H
#define TP_CPU_DISPATCH_H

#include "cpu/cpu.h"
#include "kernels/kernels.h"

/* The best table that the CPU can run, or the one called name; NULL if there is none. */
/* The next best instruction set with vectors; or NULL. */
const struct tp_isa *tp_isa_after(const struct tp_cpu *cpu, const struct tp_isa *isa);

const struct tp_isa *tp_isa_choose(const struct tp_cpu *cpu, const char *name);

/* Names of the tables that the CPU can run, best first, separated by blanks, cut to size. */
void tp_isa_names(const struct tp_cpu *cpu, char *buffer, size_t size);

#endif
