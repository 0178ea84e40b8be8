/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/format.h"

tp_status tp_read_table(const struct tp_context *context, const char *path, const struct tp_read_options *options,
                        struct tp_table *table) {
    (void)options;
    (void)table;
    return tp_fail(context, TP_ERR_FORMAT, "%s: is in none of the formats that can be read", path);
}
