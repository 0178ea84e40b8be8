/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/format.h"

#include "io/stream.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* In the order in which they are asked whether they recognise a file: texts, which are told by less, come last. */
static const struct tp_format *const formats[] = {
    &tp_npy_format, &tp_npz_format, &tp_hdf5_format, &tp_idx_format, &tp_svmlight_format, &tp_csv_format,
};
#define FORMATS (sizeof formats / sizeof *formats)

static bool is_standard_input(const char *path) {
    return !strcmp(path, "-");
}

/* ---- the head of a file ---- */

struct peeked {
    size_t size;
    unsigned char bytes[TP_FORMAT_HEAD];
};

/* Of a pipe a look at the first bytes leaves them to be read only through another pipe, to which tee copies them. */
static ssize_t peek_pipe(struct peeked *head) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC))
        return -1;
    ssize_t count = tee(STDIN_FILENO, ends[1], sizeof head->bytes, 0);
    if (count > 0)
        count = read(ends[0], head->bytes, sizeof head->bytes);
    close(ends[0]);
    close(ends[1]);
    return count;
}

static void peek(struct peeked *head) {
    const off_t place = lseek(STDIN_FILENO, 0, SEEK_CUR);
    const ssize_t count = place < 0 ? peek_pipe(head) : pread(STDIN_FILENO, head->bytes, sizeof head->bytes, place);
    head->size = count > 0 ? (size_t)count : 0;
}

static tp_status take_head(struct tp_stream *stream, struct tp_file_head *head) {
    head->gzip = stream->gzip;
    const tp_status status = tp_stream_peek(stream, head->bytes, sizeof head->bytes, &head->size);
    tp_stream_close(stream);
    return status;
}

/* What cannot be looked at, as a terminal, has a head of no bytes. */
static tp_status read_standard_input(const struct tp_context *context, struct tp_file_head *head) {
    struct peeked peeked;
    struct tp_stream stream;
    peek(&peeked);
    struct tp_file file = tp_file_in_memory(context, peeked.bytes, peeked.size);
    file.path = TP_STANDARD_INPUT;
    const tp_status status = tp_stream_of(&file, &stream);
    return status ? status : take_head(&stream, head);
}

static tp_status read_file(const struct tp_context *context, const char *path, struct tp_file_head *head) {
    struct tp_stream stream;
    const tp_status status = tp_stream_open(context, path, &stream);
    return status ? status : take_head(&stream, head);
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

tp_status tp_read_table(const struct tp_context *context, const char *path, const struct tp_read_options *options,
                        struct tp_table *table) {
    struct tp_file_head head = {.path = path};
    tp_status status = is_standard_input(path) ? read_standard_input(context, &head) : read_file(context, path, &head);
    if (status)
        return status;
    const struct tp_format *format = find_format(&head);
    if (!format || (is_standard_input(path) && !format->standard_input))
        return fail_format(context, &head, format);
    if ((options->inputs || options->targets) && !format->named_arrays)
        return tp_fail(context, TP_ERR_ARGUMENT, "%s: %s '%s' is the name of an array; a %s file has none", path,
                       options->inputs ? "inputs" : "targets", options->inputs ? options->inputs : options->targets,
                       format->name);
    *table = (struct tp_table){.context = context, .path = path};
    status = format->read(path, options, table);
    if (status)
        tp_table_release(table);
    return status;
}
