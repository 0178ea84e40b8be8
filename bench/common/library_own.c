/* SPDX-License-Identifier: BSD-3-Clause */
/* tileprop as one of the libraries. */
#include "library.h"

#include <stdio.h>

tp_context *bench_context;

static void keep_message(void *user, tp_status status, const char *message) {
    struct bench_library_info *info = user;
    if (status != TP_ERR_STOPPED)
        snprintf(info->problem, sizeof info->problem, "%s", message);
}

static bool open_own(void *handle, const char *isa, int threads, struct bench_library_info *info) {
    (void)handle;
    tp_context_options options;
    tp_context_options_default(&options);
    options.isa = isa;
    options.threads = threads;
    options.message = keep_message;
    options.message_user = info;
    if (tp_context_create(&options, &bench_context) != TP_OK)
        return false;
    snprintf(info->version, sizeof info->version, "%s", tp_version());
    snprintf(info->core, sizeof info->core, "%s", tp_context_isa(bench_context));
    return true;
}

const struct bench_library bench_tileprop = {
    .name = "tileprop", .variable = "TILEPROP_ISA", .avx512 = "avx512", .avx2 = "avx2", .open = open_own};
