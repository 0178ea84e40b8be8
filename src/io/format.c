/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/format.h"

#include "io/stream.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* In the order in which they are asked whether they recognise a file: texts, which are told by less, come last. */
static const struct tp_format *const formats[] = {
    &tp_npy_format, &tp_npz_format, &tp_hdf5_format, &tp_idx_format, &tp_svmlight_format, &tp_csv_format,
};
#define FORMATS (sizeof formats / sizeof *formats)

static bool is_standard_input(const char *path) {
    return !strcmp(path, "-");
}

/* ---- the head of a file ---- */

static tp_status take_head(const struct tp_stream *stream, struct tp_file_head *head) {
    head->gzip = stream->gzip;
    return tp_stream_peek(stream, head->bytes, sizeof head->bytes, &head->size);
}

static tp_status read_head(const struct tp_context *context, struct tp_file_head *head) {
    struct tp_stream stream;
    tp_status status = tp_stream_open(context, head->path, &stream);
    if (status)
        return status;
    status = take_head(&stream, head);
    tp_stream_close(&stream);
    return status;
}

/* ---- which format ---- */

/* A suffix of a list like ".csv .tsv", before .gz or at the end; upper and lower case are the same. */
static bool has_suffix(const char *path, const char *suffixes) {
    size_t length = strlen(path);
    if (length > 3 && !strcasecmp(path + length - 3, ".gz"))
        length -= 3;
    for (const char *at = suffixes; *at; at += strcspn(at, " "), at += *at == ' ') {
        const size_t size = strcspn(at, " ");
        if (size < length && !strncasecmp(path + length - size, at, size))
            return true;
    }
    return false;
}

static const struct tp_format *find_format(const struct tp_file_head *head) {
    for (size_t i = 0; i < FORMATS; i++)
        if (formats[i]->recognises && formats[i]->recognises(head))
            return formats[i];
    for (size_t i = 0; i < FORMATS; i++)
        if (has_suffix(head->path, formats[i]->suffixes))
            return formats[i];
    return NULL;
}

/* "csv (.csv .tsv), npy (.npy)", of those that can be read from a pipe or of all. */
static void list_formats(bool standard_input, char *text, size_t size) {
    size_t used = 0;
    for (size_t i = 0; i < FORMATS && used < size; i++)
        if (formats[i]->standard_input || !standard_input)
            used += (size_t)snprintf(text + used, size - used, "%s%s (%s)", used ? ", " : "", formats[i]->name,
                                     formats[i]->suffixes);
}

static tp_status fail_format(const struct tp_context *context, const struct tp_file_head *head,
                             const struct tp_format *format) {
    char list[256];
    const bool piped = is_standard_input(head->path);
    list_formats(piped, list, sizeof list);
    if (format)
        return tp_fail(context, TP_ERR_FORMAT, TP_STANDARD_INPUT ": %s needs a file; from standard input can come %s",
                       format->name, list);
    return tp_fail(context, TP_ERR_FORMAT, "%s: neither its content nor its name tells the format; formats are %s",
                   piped ? TP_STANDARD_INPUT : head->path, list);
}

/* By the format that the head or the path tells. */
static tp_status read_by_head(const struct tp_context *context, const struct tp_file_head *head,
                              const struct tp_read_options *options, struct tp_table *table) {
    const struct tp_format *format = find_format(head);
    if (!format || (is_standard_input(head->path) && !format->standard_input))
        return fail_format(context, head, format);
    if ((options->inputs || options->targets) && !format->named_arrays)
        return tp_fail(context, TP_ERR_ARGUMENT, "%s: %s '%s' is the name of an array; a %s file has none", head->path,
                       options->inputs ? "inputs" : "targets", options->inputs ? options->inputs : options->targets,
                       format->name);
    *table = (struct tp_table){.context = context, .path = head->path};
    const tp_status status = format->read(head->path, options, table);
    if (status)
        tp_table_release(table);
    return status;
}

static tp_status read_standard_input(const struct tp_context *context, const struct tp_read_options *options,
                                     struct tp_table *table) {
    struct tp_stream input;
    struct tp_file_head head = {.path = "-"};
    struct tp_read_options piped = *options;
    tp_status status = tp_stream_open_input(context, &input);
    if (status)
        return status;
    piped.input = &input;
    status = take_head(&input, &head);
    if (!status)
        status = read_by_head(context, &head, &piped, table);
    tp_stream_close(&input);
    return status;
}

tp_status tp_read_table(const struct tp_context *context, const char *path, const struct tp_read_options *options,
                        struct tp_table *table) {
    struct tp_file_head head = {.path = path};
    if (is_standard_input(path))
        return read_standard_input(context, options, table);
    const tp_status status = read_head(context, &head);
    return status ? status : read_by_head(context, &head, options, table);
}
