/* SPDX-License-Identifier: BSD-3-Clause */
/* Schemas as JSON, which model files have in a tensor of bytes. */
#ifndef TP_IO_SCHEMA_JSON_H
#define TP_IO_SCHEMA_JSON_H

#include "table/schema.h"

#define TP_MAX_SCHEMA ((size_t)64 << 20) /* bytes of JSON, of some 600000 columns */

/* The JSON of a schema in a block of the context's allocator. TP_ERR_MEMORY: function is for the message. */
tp_status tp_schema_to_json(const struct tp_context *context, const char *function, const struct tp_schema *schema,
                            char **text, size_t *size);

/* The schema that JSON of the file at path describes. */
tp_status tp_schema_from_json(const struct tp_context *context, const char *path, const char *text, size_t size,
                              struct tp_schema **schema);

#endif
