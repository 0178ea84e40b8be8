/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/options.h"

#include "core/size.h"

#include <assert.h>
#include <string.h>

static size_t size_in(const void *given) {
    size_t size;
    memcpy(&size, given, sizeof size); /* the first member of all of them */
    return size;
}

static void fill(const struct tp_struct *type, const void *own, void *given, size_t struct_size) {
    memset(given, 0, struct_size);
    memcpy(given, own, tp_min(type->size, struct_size));
    memcpy(given, &struct_size, sizeof struct_size);
}

void tp_struct_init(const struct tp_struct *type, void *options, size_t struct_size) {
    if (options && struct_size >= sizeof struct_size)
        fill(type, type->defaults, options, struct_size);
}

tp_status tp_struct_give(const struct tp_context *context, const struct tp_struct *type, const void *own, void *given,
                         size_t struct_size) {
    if (struct_size < type->first)
        return tp_fail(context, TP_ERR_ARGUMENT, "%s: struct_size is %zu; it must be at least %zu", type->name,
                       struct_size, type->first);
    fill(type, own, given, struct_size);
    return TP_OK;
}

tp_status tp_struct_take(const struct tp_context *context, const struct tp_struct *type, const void *given,
                         void *taken) {
    assert(type->first <= type->size);
    const size_t said = size_in(given), size = type->data && !said ? type->first : said;
    if (size < type->first)
        return tp_fail(context, TP_ERR_ARGUMENT, "%s: struct_size is %zu; it must be at least %zu%s", type->name, said,
                       type->first, type->data ? ", or 0" : ": the default function sets it");
    if (size > type->size)
        return tp_fail(context, TP_ERR_UNSUPPORTED,
                       "%s: struct_size is %zu, but library %s knows only %zu bytes: the program was compiled for a "
                       "later version",
                       type->name, said, tp_version(), type->size);
    memcpy(taken, type->defaults, type->size);
    memcpy(taken, given, size);
    memcpy(taken, &type->size, sizeof type->size);
    return TP_OK;
}
