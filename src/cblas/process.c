/* SPDX-License-Identifier: BSD-3-Clause */
#include "cblas/process.h"
#include "core/memory.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>

struct workspace {
    void *memory;
    size_t size;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static tp_context *context;
static char message[TP_MESSAGE_SIZE];
static pthread_key_t at_thread_exit;
static _Thread_local struct workspace workspace;

static void release(void *argument) {
    struct workspace *mine = argument;
    tp_release(context, mine->memory);
    *mine = (struct workspace){0};
}

static void keep(void *user, tp_status status, const char *text) {
    (void)user;
    (void)status;
    snprintf(message, sizeof message, "libtileprop_cblas: %s", text);
}

/* The number of threads is set by each call in a copy of the context. */
static void make_context(void) {
    const tp_context_options options = {.struct_size = sizeof options, .threads = 1, .message = keep};
    if (pthread_key_create(&at_thread_exit, release))
        keep(NULL, TP_ERR_MEMORY, "the process has no pthread key left");
    else
        (void)tp_context_create(&options, &context); /* the message says why it failed, and it stays NULL */
}

const struct tp_context *tp_cblas_context(const char **why) {
    pthread_once(&once, make_context);
    *why = message;
    return context;
}

/* At least twice as large as before, so that slowly growing products seldom allocate. */
static bool grow(size_t size) {
    if (pthread_setspecific(at_thread_exit, &workspace))
        return false;
    const size_t doubled = tp_size_mul(2, workspace.size);
    release(&workspace);
    workspace.size = size > doubled ? size : doubled;
    workspace.memory = tp_allocate(context, workspace.size);
    if (!workspace.memory)
        workspace.size = 0;
    return workspace.memory;
}

void *tp_cblas_workspace(size_t size) {
    assert(context);
    return size <= workspace.size || grow(size) ? workspace.memory : NULL;
}
