/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_CPU_DISPATCH_H
#define TP_CPU_DISPATCH_H

#include "cpu/cpu.h"
#include "kernels/kernels.h"

/* The best table that the CPU can run, or the one called name, or the one for the way called name to multiply bf16;
 * NULL if there is none. */
const struct tp_isa *tp_isa_choose(const struct tp_cpu *cpu, const char *name);

/* The next best instruction set with vectors; or NULL. */
const struct tp_isa *tp_isa_after(const struct tp_cpu *cpu, const struct tp_isa *isa);

/* How to multiply bf16 with an instruction set that tp_isa_choose has found for this name: by the way called so, by the
 * instruction set itself if it is called so, or without a name the best. What the process must ask for is asked for,
 * and what can be wrong in hardware is checked: some microseconds. */
const struct tp_bf16 *tp_bf16_choose(const struct tp_cpu *cpu, const struct tp_isa *isa, const char *name);

/* Whether the CPU has the way called name, so that tp_isa_choose finds nothing because the check of it fails. */
bool tp_bf16_is_refused(const struct tp_cpu *cpu, const char *name);

/* Names of the ways that the CPU has, best first; of those that must be checked without a check. */
void tp_bf16_names(const struct tp_cpu *cpu, char *buffer, size_t size);

/* Names of the tables that the CPU can run, best first, separated by blanks, cut to size. */
void tp_isa_names(const struct tp_cpu *cpu, char *buffer, size_t size);

#endif
