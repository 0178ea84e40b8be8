/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/format.h"

tp_status tp_read_table(const struct tp_context *context, const char *path, const struct tp_read_options *options,
                        struct tp_table *table) {
    *table = (struct tp_table){.context = context, .path = path};
    return tp_csv_format.read(path, options, table);
}
