/* SPDX-License-Identifier: BSD-3-Clause */
/* The libraries that can be measured, seen from inside a worker: one process loads one of them. */
#ifndef TP_BENCH_GEMM_LIBRARY_H
#define TP_BENCH_GEMM_LIBRARY_H

#include "gemm_shape.h"

struct gemm_operands {
    float *a, *b, *c;
    void *workspace;
    size_t workspace_size;
};

struct gemm_library_info {
    char version[64];
    char core[32]; /* what the library itself says that it runs on */
    char path[128];
    char problem[160]; /* why the library cannot be used */
};

struct gemm_library {
    const char *name;
    const char *files[3];      /* patterns, tried in this order; none: it is linked into this program */
    const char *variable;      /* environment variable that chooses the core, read before main */
    const char *avx512, *avx2; /* its values; for other instruction sets the library decides */

    /* Finds the functions in the loaded library; false if something is missing. */
    bool (*open)(void *handle, const char *isa, int threads, struct gemm_library_info *info);
    size_t (*workspace_size)(const struct gemm_shape *shape); /* NULL: needs none */
    void (*multiply)(const struct gemm_shape *shape, const struct gemm_operands *x);
    void (*close)(void);
};

/* NULL if the name is unknown. */
const struct gemm_library *gemm_library_find(const char *name);

/* The core to ask for, or NULL. */
const char *gemm_library_core(const struct gemm_library *library, const char *isa);

/* Loads the library, from file if that is not empty. False if it is absent or unusable; info->problem then says why. */
bool gemm_library_load(const struct gemm_library *library, const char *file, const char *isa, int threads,
                       struct gemm_library_info *info);

extern const struct gemm_library gemm_tileprop, gemm_openblas, gemm_blis, gemm_onednn;

#endif
