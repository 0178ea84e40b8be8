/* SPDX-License-Identifier: BSD-3-Clause */
/* NPY: "\x93NUMPY", a version, the length of the header, the header (npy_header.c), then the elements. */
#include "io/npy.h"

#include "core/memory.h"
#include "core/size.h"
#include "io/format.h"
#include "io/text_array.h"

#include <string.h>

#define MAGIC "\x93NUMPY"
#define MAGIC_SIZE 6
#define HEADER_LIMIT 65535 /* what version 1 can have; only structures need more */

/* ---- headers ---- */

static tp_status read_length(struct tp_source *source, unsigned version, size_t *length) {
    unsigned char bytes[4] = {0};
    const tp_status status = tp_source_read(source, bytes, version == 1 ? 2 : 4, "the length of its header");
    *length = bytes[0] | (size_t)bytes[1] << 8 | (size_t)bytes[2] << 16 | (size_t)bytes[3] << 24;
    return status;
}

static tp_status read_start(struct tp_source *source, size_t *length) {
    unsigned char start[MAGIC_SIZE + 2];
    const tp_status status = tp_source_read(source, start, sizeof start, "its magic string");
    if (status)
        return status;
    if (memcmp(start, MAGIC, MAGIC_SIZE) != 0)
        return tp_fail(source->context, TP_ERR_FORMAT, "%s: not an NPY file: it does not begin with \\x93NUMPY",
                       source->label);
    if (start[MAGIC_SIZE] < 1 || start[MAGIC_SIZE] > 3)
        return tp_fail(source->context, TP_ERR_UNSUPPORTED, "%s: version %u of the NPY format; it must be 1..3",
                       source->label, start[MAGIC_SIZE]);
    return read_length(source, start[MAGIC_SIZE], length);
}

static tp_status read_text(struct tp_source *source, size_t length, struct tp_npy *npy) {
    char *text = tp_allocate(source->context, length + 1);
    if (!text)
        return tp_fail_allocation(source->context, source->label, length + 1);
    tp_status status = tp_source_read(source, text, length, "its header");
    text[status ? 0 : length] = '\0';
    if (!status)
        status = tp_npy_parse(source, text, npy);
    tp_release(source->context, text);
    return status;
}

tp_status tp_npy_read_header(struct tp_source *source, struct tp_npy *npy) {
    size_t length = 0;
    *npy = (struct tp_npy){0};
    tp_status status = read_start(source, &length);
    if (status)
        return status;
    if (length > HEADER_LIMIT)
        return tp_fail(source->context, TP_ERR_UNSUPPORTED, "%s: its header has %zu bytes; at most %d are read",
                       source->label, length, HEADER_LIMIT);
    status = read_text(source, length, npy);
    if (!status && !npy->array.rank)
        return tp_fail(source->context, TP_ERR_FORMAT, "%s: a single number without dimensions; it has no rows",
                       source->label);
    return status;
}

/* ---- arrays ---- */

tp_status tp_npy_append(struct tp_source *source, const struct tp_read_options *options, struct tp_table *table,
                        struct tp_npy *npy) {
    tp_status status = tp_npy_read_header(source, npy);
    if (status)
        return status;
    if (!npy->array.element)
        return tp_text_array_append(source, npy, table);
    status = tp_array_read(source, options, table, &npy->array);
    return status ? status : tp_array_append(source, &npy->array, table);
}

/* ---- files ---- */

struct reading {
    struct tp_file file;
    size_t offset;
};

static tp_status read_on(void *user, void *buffer, size_t size, size_t *got) {
    struct reading *reading = user;
    const tp_status status = tp_file_read(&reading->file, reading->offset, buffer, size, got);
    reading->offset += *got;
    return status;
}

static bool recognises(const struct tp_file_head *head) {
    return !head->gzip && head->size >= MAGIC_SIZE && !memcmp(head->bytes, MAGIC, MAGIC_SIZE);
}

static tp_status read_table(const char *path, const struct tp_read_options *options, struct tp_table *table) {
    struct reading reading = {0};
    struct tp_npy npy;
    tp_status status = tp_file_open(table->context, path, &reading.file);
    if (status)
        return status;
    struct tp_source source = {.context = table->context,
                               .label = path,
                               .read = read_on,
                               .user = &reading,
                               .file = &reading.file,
                               .limit = reading.file.size};
    status = tp_npy_append(&source, options, table, &npy);
    table->rank = tp_max(npy.array.rank, 2); /* one column of numbers is a table */
    tp_file_close(&reading.file);
    return status;
}

const struct tp_format tp_npy_format = {"npy", ".npy", recognises, false, false, read_table};
