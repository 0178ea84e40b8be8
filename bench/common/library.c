/* SPDX-License-Identifier: BSD-3-Clause */
#include "library.h"

#include <dlfcn.h>
#include <glob.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct bench_library *const libraries[] = {&bench_tileprop, &bench_openblas, &bench_blis,   &bench_onednn,
                                                        &bench_fann,     &bench_torch,    &bench_sklearn};

const struct bench_library *bench_library_find(const char *name) {
    for (size_t l = 0; l < sizeof libraries / sizeof *libraries; l++)
        if (!strcmp(name, libraries[l]->name))
            return libraries[l];
    return NULL;
}

/* One process has one of them, but some are made of others. */
void bench_library_set_cores(const char *isa) {
    for (size_t l = 0; l < sizeof libraries / sizeof *libraries; l++) {
        const char *core = bench_library_core(libraries[l], isa);
        if (core && libraries[l]->variable)
            setenv(libraries[l]->variable, core, 1);
    }
}

const char *bench_library_core(const struct bench_library *library, const char *isa) {
    if (!strcmp(isa, "amx"))
        return library->amx ? library->amx : library->avx512;
    if (!strcmp(isa, "avx512bf16"))
        return library->avx512bf16 ? library->avx512bf16 : library->avx512;
    if (!strcmp(isa, "avx512"))
        return library->avx512;
    return !strcmp(isa, "avx2") ? library->avx2 : NULL;
}

/* The files that the pattern stands for, or the pattern itself, which may be a name that the loader knows. */
static void *load_any(const char *pattern) {
    glob_t found;
    if (glob(pattern, GLOB_NOCHECK, NULL, &found) != 0)
        return NULL;
    void *handle = NULL;
    for (size_t i = 0; i < found.gl_pathc && !handle; i++)
        handle = dlopen(found.gl_pathv[i], RTLD_NOW | RTLD_LOCAL);
    globfree(&found);
    return handle;
}

static void *load(const struct bench_library *library, const char *file) {
    if (*file)
        return dlopen(file, RTLD_NOW | RTLD_LOCAL);
    void *handle = NULL;
    for (size_t i = 0; library->files[i] && !handle; i++)
        handle = load_any(library->files[i]);
    return handle;
}

void *bench_library_load(const struct bench_library *library, const char *file, struct bench_library_info *info) {
    void *handle = load(library, file);
    if (!handle) {
        const char *why = dlerror();
        snprintf(info->problem, sizeof info->problem, "%s", why ? why : "not found");
        return NULL;
    }
    struct link_map *map = NULL;
    if (dlinfo(handle, RTLD_DI_LINKMAP, &map) == 0)
        snprintf(info->path, sizeof info->path, "%s", map->l_name);
    return handle;
}

bool bench_library_open(const struct bench_library *library, const char *file, const char *isa, int threads,
                        struct bench_library_info *info) {
    *info = (struct bench_library_info){0};
    void *handle = library->files[0] ? bench_library_load(library, file, info) : NULL;
    return (handle || !library->files[0]) && library->open(handle, isa, threads, info);
}

bool bench_library_lacks(struct bench_library_info *info, const char *what) {
    snprintf(info->problem, sizeof info->problem, "the library does not know %s", what);
    return false;
}
