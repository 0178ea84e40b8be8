/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/format.h"

#include "io/file.h"

tp_status tp_read_table(const struct tp_context *context, const char *path, const struct tp_read_options *options,
                        struct tp_table *table) {
    struct tp_file file;
    const tp_status status = tp_file_open(context, path, &file);
    (void)options;
    (void)table;
    if (status)
        return status;
    tp_file_close(&file);
    return tp_fail(context, TP_ERR_FORMAT, "%s: is in none of the formats that can be read", path);
}
