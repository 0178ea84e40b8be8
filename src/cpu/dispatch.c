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

/* Ways to multiply bf16 by instructions for it, best first, each with the instruction set that does the rest. On
 * processors that are not AMD's VDPBF16PS takes as long as the multiply-adds that it stands for (Xeon, Sapphire Rapids,
 * November 2026: 115 and 233 GFLOP/s), so it must be asked for there. */
static const struct path {
    const struct tp_bf16 *bf16;
    const struct tp_isa *isa;
    const char *vendor; /* whose processors gain; NULL: all */
} paths[] = {
#ifdef TP_HAVE_AMX
    {&tp_bf16_amx, &tp_isa_avx512, NULL},
#endif
#ifdef TP_HAVE_AVX512BF16
    {&tp_bf16_avx512bf16, &tp_isa_avx512, "AuthenticAMD"},
#endif
    {NULL, NULL, NULL},
};

static int runs(const struct tp_cpu *cpu, const struct tp_isa *isa) {
    return (cpu->features & isa->needs) == isa->needs;
}

static bool has(const struct tp_cpu *cpu, const struct tp_bf16 *bf16) {
    return (cpu->features & bf16->needs) == bf16->needs;
}

static bool is_ready(const struct tp_cpu *cpu, const struct tp_bf16 *bf16) {
    return has(cpu, bf16) && (!bf16->is_ready || bf16->is_ready());
}

static const struct path *path_called(const char *name) {
    const struct path *path = paths;
    while (path->bf16 && strcmp(name, path->bf16->name) != 0)
        path++;
    return path->bf16 ? path : NULL;
}

const struct tp_isa *tp_isa_choose(const struct tp_cpu *cpu, const char *name) {
    const struct path *path = name ? path_called(name) : NULL;
    if (path)
        return is_ready(cpu, path->bf16) ? path->isa : NULL;
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

const struct tp_bf16 *tp_bf16_choose(const struct tp_cpu *cpu, const struct tp_isa *isa, const char *name) {
    const struct path *wanted = name ? path_called(name) : NULL;
    if (wanted)
        return wanted->bf16;
    for (const struct path *path = paths; !name && path->bf16; path++)
        if (path->isa == isa && (!path->vendor || !strcmp(cpu->vendor, path->vendor)) && is_ready(cpu, path->bf16))
            return path->bf16;
    return &isa->bf16;
}

bool tp_bf16_is_refused(const struct tp_cpu *cpu, const char *name) {
    const struct path *path = path_called(name);
    return path && has(cpu, path->bf16) && !is_ready(cpu, path->bf16);
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

void tp_bf16_names(const struct tp_cpu *cpu, char *buffer, size_t size) {
    if (size)
        *buffer = '\0';
    for (const struct path *path = paths; path->bf16; path++)
        if (has(cpu, path->bf16))
            append(buffer, size, path->bf16->name);
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
        {TP_FEATURE_AVX512VL, "avx512vl"}, {TP_FEATURE_NEON, "neon"},         {TP_FEATURE_AVX512BF16, "avx512bf16"},
        {TP_FEATURE_AMX, "amx"},
    };
    if (size)
        *buffer = '\0';
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (features & names[i].feature)
            append(buffer, size, names[i].name);
}
