/* SPDX-License-Identifier: BSD-3-Clause */
#include "cpu/dispatch.h"

#include <stdio.h>
#include <string.h>

/* Best first. */
static const struct tp_isa *const tables[] = {
#ifdef TP_HAVE_AVX512
    &tp_isa_avx512,
#endif
#ifdef TP_HAVE_AVX2
    &tp_isa_avx2,
#endif
#ifdef TP_HAVE_NEON
    &tp_isa_neon,
#endif
    &tp_isa_scalar,
};

#define TABLES (sizeof tables / sizeof *tables)

static int runs(const struct tp_cpu *cpu, const struct tp_isa *isa) {
    return (cpu->features & isa->needs) == isa->needs;
}

const struct tp_isa *tp_isa_choose(const struct tp_cpu *cpu, const char *name) {
    for (size_t i = 0; i < TABLES; i++)
        if (runs(cpu, tables[i]) && (!name || !strcmp(name, tables[i]->name)))
            return tables[i];
    return NULL;
}

const struct tp_isa *tp_isa_after(const struct tp_cpu *cpu, const struct tp_isa *isa) {
    bool after = false;
    for (size_t i = 0; i < TABLES; i++) {
        if (after && runs(cpu, tables[i]) && tables[i]->lanes > 1)
            return tables[i];
        after = after || tables[i] == isa;
    }
    return NULL;
}

static void append(char *buffer, size_t size, const char *name) {
    const size_t used = strlen(buffer);
    if (used < size)
        snprintf(buffer + used, size - used, "%s%s", used ? " " : "", name);
}

void tp_isa_names(const struct tp_cpu *cpu, char *buffer, size_t size) {
    if (size)
        *buffer = '\0';
    for (size_t i = 0; i < TABLES; i++)
        if (runs(cpu, tables[i]))
            append(buffer, size, tables[i]->name);
}

void tp_cpu_feature_names(uint32_t features, char *buffer, size_t size) {
    static const struct {
        uint32_t feature;
        const char *name;
    } names[] = {
        {TP_FEATURE_AVX, "avx"},           {TP_FEATURE_FMA, "fma"},           {TP_FEATURE_AVX2, "avx2"},
        {TP_FEATURE_AVX512F, "avx512f"},   {TP_FEATURE_AVX512BW, "avx512bw"}, {TP_FEATURE_AVX512DQ, "avx512dq"},
        {TP_FEATURE_AVX512VL, "avx512vl"}, {TP_FEATURE_NEON, "neon"},
    };
    if (size)
        *buffer = '\0';
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (features & names[i].feature)
            append(buffer, size, names[i].name);
}
