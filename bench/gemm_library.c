/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE /* dlinfo */
#include "gemm_library.h"

#include <dlfcn.h>
#include <glob.h>
#include <link.h>
#include <stdio.h>
#include <string.h>

static const struct gemm_library *const libraries[] = {&gemm_tileprop, &gemm_openblas, &gemm_blis, &gemm_onednn};

const struct gemm_library *gemm_library_find(const char *name) {
    for (size_t l = 0; l < sizeof libraries / sizeof *libraries; l++)
        if (!strcmp(name, libraries[l]->name))
            return libraries[l];
    return NULL;
}

const char *gemm_library_core(const struct gemm_library *library, const char *isa) {
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

static void *load(const struct gemm_library *library, const char *file) {
    if (*file)
        return dlopen(file, RTLD_NOW | RTLD_LOCAL);
    void *handle = NULL;
    for (size_t i = 0; library->files[i] && !handle; i++)
        handle = load_any(library->files[i]);
    return handle;
}

bool gemm_library_load(const struct gemm_library *library, const char *file, const char *isa, int threads,
                       struct gemm_library_info *info) {
    *info = (struct gemm_library_info){0};
    if (!library->files[0])
        return library->open(NULL, isa, threads, info);
    void *handle = load(library, file);
    if (!handle) {
        const char *why = dlerror();
        snprintf(info->problem, sizeof info->problem, "%s", why ? why : "not found");
        return false;
    }
    struct link_map *map = NULL;
    if (dlinfo(handle, RTLD_DI_LINKMAP, &map) == 0)
        snprintf(info->path, sizeof info->path, "%s", map->l_name);
    return library->open(handle, isa, threads, info);
}
