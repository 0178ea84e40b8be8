/* SPDX-License-Identifier: BSD-3-Clause */
/* The text of libsvm and svmlight, one row a line: "label index:value index:value ... # comment". What a row does not
 * name is 0. Values become floats, rounded to nearest, in a matrix with all features. */
#include "core/memory.h"
#include "core/size.h"
#include "io/array.h"
#include "io/format.h"
#include "io/number.h"
#include "io/stream.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BLANKS " \t\r\f\v"
#define FIRST_ROOM ((size_t)1024)
#define MAX_INDEX 99999999 /* eight digits */

/* ---- arrays that grow ---- */

struct growing {
    void *data;
    size_t count, room;
};

struct entry {
    uint32_t feature; /* from 0 */
    float value;
};

struct reading {
    struct tp_table *table;
    struct tp_stream *stream;
    size_t features;   /* that the model has; 0: as many as there are */
    size_t width;      /* the largest index */
    size_t width_line; /* where it is first */
    size_t line;
    struct growing text;    /* of the line */
    struct growing labels;  /* double, one a row */
    struct growing lines;   /* size_t, one a row */
    struct growing ends;    /* size_t, one a row: entries up to its end */
    struct growing entries; /* struct entry */
    unsigned char block[8192];
    size_t begin, end; /* what is left of block */
};

static tp_status reserve(const struct reading *reading, struct growing *array, size_t count, size_t size) {
    if (array->data && array->room - array->count >= count)
        return TP_OK;
    const size_t room = tp_max(tp_max(tp_size_mul(2, array->room), tp_size_add(array->count, count)), FIRST_ROOM);
    const struct tp_context *context = reading->table->context;
    void *data = tp_allocate(context, tp_size_mul(room, size));
    if (!data)
        return tp_fail_allocation(context, reading->table->path, tp_size_mul(room, size));
    if (array->data)
        memcpy(data, array->data, array->count * size);
    tp_release(context, array->data);
    array->data = data;
    array->room = room;
    return TP_OK;
}

static tp_status push(const struct reading *reading, struct growing *array, const void *element, size_t size) {
    const tp_status status = reserve(reading, array, 1, size);
    if (!status)
        memcpy((unsigned char *)array->data + array->count++ * size, element, size);
    return status;
}

static void release(const struct reading *reading) {
    const struct growing *arrays[] = {&reading->text, &reading->labels, &reading->lines, &reading->ends,
                                      &reading->entries};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        tp_release(reading->table->context, arrays[i]->data);
}

/* ---- lines ---- */

static tp_status refill(struct reading *reading) {
    reading->begin = 0;
    return tp_stream_read(reading->stream, reading->block, sizeof reading->block, &reading->end);
}

/* The next line as a string, without its comment; more is false after the last. */
static tp_status next_line(struct reading *reading, bool *more) {
    *more = false;
    reading->text.count = 0;
    for (;;) {
        tp_status status = reading->begin < reading->end ? TP_OK : refill(reading);
        if (status || reading->begin == reading->end)
            return status ? status : push(reading, &reading->text, "", 1);
        *more = true;
        const unsigned char *start = reading->block + reading->begin;
        const unsigned char *newline = memchr(start, '\n', reading->end - reading->begin);
        const size_t length = newline ? (size_t)(newline - start) : reading->end - reading->begin;
        status = reserve(reading, &reading->text, length, 1);
        if (status)
            return status;
        memcpy((char *)reading->text.data + reading->text.count, start, length);
        reading->text.count += length;
        reading->begin += length + (newline != NULL);
        if (newline)
            return push(reading, &reading->text, "", 1);
    }
}

/* ---- rows ---- */

static tp_status fail(const struct reading *reading, const char *text, const char *why) {
    return tp_fail(reading->table->context, TP_ERR_FORMAT, "%s: line %zu: '%s' %s", reading->table->path, reading->line,
                   text, why);
}

/* The next word as a string; NULL at the end. */
static char *next_word(char **at) {
    char *word = *at + strspn(*at, BLANKS);
    const size_t length = strcspn(word, BLANKS);
    *at = word + length;
    if (**at)
        *(*at)++ = '\0';
    return length ? word : NULL;
}

static tp_status take_label(struct reading *reading, char *word) {
    double label;
    if (strchr(word, ','))
        return fail(reading, word, "is a list of labels; a row can have only one here");
    if (!tp_parse_number(word, &label))
        return fail(reading, word, strchr(word, ':') ? "stands where the label belongs" : "is not a number");
    tp_status status = push(reading, &reading->labels, &label, sizeof label);
    return status ? status : push(reading, &reading->lines, &reading->line, sizeof reading->line);
}

static bool parse_index(const char *word, size_t length, size_t *index) {
    *index = 0;
    for (size_t i = 0; i < length; i++) {
        if (word[i] < '0' || word[i] > '9' || *index > MAX_INDEX)
            return false;
        *index = 10 * *index + (size_t)(word[i] - '0');
    }
    return length && *index <= MAX_INDEX;
}

static tp_status check_index(const struct reading *reading, const char *word, size_t index, size_t last) {
    if (!index)
        return fail(reading, word, "has the index 0; indices count from 1: write the file with one-based indices");
    if (index <= last)
        return fail(reading, word, "has an index that is not larger than the one before");
    if (reading->features && index > reading->features)
        return tp_fail(reading->table->context, TP_ERR_FORMAT,
                       "%s: line %zu: '%s' has an index above %zu, the number of features of the model",
                       reading->table->path, reading->line, word, reading->features);
    return TP_OK;
}

static tp_status take_pair(struct reading *reading, char *word, size_t *last) {
    const size_t length = strcspn(word, ":");
    size_t index;
    double value;
    if (!word[length] || !parse_index(word, length, &index))
        return fail(reading, word, "is not index:value with an index of 1..99999999");
    if (!tp_parse_number(word + length + 1, &value))
        return fail(reading, word, "has a value that is not a number");
    if (isfinite(value) && !isfinite((float)value))
        return fail(reading, word, "has a value that is too large for a 32-bit float");
    const tp_status status = check_index(reading, word, index, *last);
    const struct entry entry = {(uint32_t)(index - 1), (float)value};
    *last = index;
    if (index > reading->width)
        reading->width = index, reading->width_line = reading->line;
    return status ? status : push(reading, &reading->entries, &entry, sizeof entry);
}

static tp_status take_row(struct reading *reading, char *at) {
    char *word = next_word(&at);
    size_t last = 0;
    if (!word)
        return TP_OK; /* an empty line */
    tp_status status = take_label(reading, word);
    while (!status && (word = next_word(&at)))
        if (strncmp(word, "qid:", 4) != 0)
            status = take_pair(reading, word, &last);
    return status ? status : push(reading, &reading->ends, &reading->entries.count, sizeof(size_t));
}

static tp_status read_rows(struct reading *reading) {
    for (bool more = true;;) {
        tp_status status = next_line(reading, &more);
        if (status || !more)
            return status;
        reading->line++;
        char *text = reading->text.data;
        if (memchr(text, '\0', reading->text.count - 1))
            return fail(reading, text, "is followed by a zero byte");
        text[strcspn(text, "#")] = '\0';
        status = take_row(reading, text);
        if (status)
            return status;
    }
}

/* ---- the table ---- */

static void fill_dense(const struct reading *reading, float *dense, size_t features) {
    const struct entry *entries = reading->entries.data;
    const size_t *ends = reading->ends.data, rows = reading->ends.count;
    for (size_t row = 0, i = 0; row < rows; row++, dense += features) {
        memset(dense, 0, features * sizeof *dense);
        for (; i < ends[row]; i++)
            dense[entries[i].feature] = entries[i].value;
    }
}

static void *keep(const struct reading *reading, const struct growing *array, size_t size) {
    void *copy = tp_table_allocate(reading->table, array->count * size);
    if (copy)
        memcpy(copy, array->data, array->count * size);
    return copy;
}

static tp_status make_fields(struct tp_table *table, size_t features, const float *dense, const double *labels) {
    struct tp_field *fields = tp_table_append(table, features + 1);
    if (!fields)
        return TP_ERR_MEMORY;
    for (size_t i = 0; i < features; i++)
        fields[i] = (struct tp_field){.numbers = dense + i, .type = TP_NUMBER_F32, .stride = features};
    fields[features] = (struct tp_field){.numbers = labels, .type = TP_NUMBER_F64, .stride = 1};
    table->targets = 1;
    table->rank = 2;
    return TP_OK;
}

/* One line can ask for more columns than anything has room for. */
static tp_status check_size(const struct reading *reading, const struct tp_read_options *options, size_t rows,
                            size_t features) {
    const size_t limit = tp_store_limit(options);
    if (tp_size_mul(tp_size_mul(rows, features), sizeof(float)) <= limit)
        return TP_OK;
    return tp_fail(
        reading->table->context, TP_ERR_MEMORY,
        "%s: line %zu has the index %zu: a matrix of %zu rows and %zu columns is larger than %zu bytes, what "
        "memory or a temporary file has room for",
        reading->table->path, reading->width_line, reading->width, rows, features, limit);
}

static tp_status make_table(const struct reading *reading, const struct tp_read_options *options) {
    struct tp_table *table = reading->table;
    const size_t rows = reading->labels.count, features = tp_max(reading->features, reading->width);
    void *dense = NULL;
    if (!rows || !features)
        return tp_fail(table->context, TP_ERR_FORMAT, "%s: it has no %s", table->path, rows ? "features" : "rows");
    tp_status status = check_size(reading, options, rows, features);
    if (!status)
        status = tp_store_allocate(table, options, tp_size_mul(tp_size_mul(rows, features), sizeof(float)), &dense);
    if (status)
        return status;
    fill_dense(reading, dense, features);
    const double *labels = keep(reading, &reading->labels, sizeof *labels);
    table->lines = keep(reading, &reading->lines, sizeof *table->lines);
    table->rows = rows;
    return labels && table->lines ? make_fields(table, features, dense, labels)
                                  : tp_fail_allocation(table->context, table->path, rows * sizeof *labels);
}

static tp_status read_all(struct tp_stream *stream, const struct tp_read_options *options, struct tp_table *table) {
    struct reading reading = {.table = table, .stream = stream, .features = options->features};
    tp_status status = read_rows(&reading);
    if (!status)
        status = make_table(&reading, options);
    release(&reading);
    return status;
}

static tp_status read_table(const char *path, const struct tp_read_options *options, struct tp_table *table) {
    struct tp_stream stream;
    if (options->input)
        return read_all(options->input, options, table);
    tp_status status = tp_stream_open(table->context, path, &stream);
    if (status)
        return status;
    status = read_all(&stream, options, table);
    tp_stream_close(&stream);
    return status;
}

/* A number, a blank, and digits before a colon, on the first line that is no comment. */
static bool recognises(const struct tp_file_head *head) {
    char text[TP_FORMAT_HEAD + 1], *at = text;
    memcpy(text, head->bytes, head->size);
    text[head->size] = '\0';
    while (*at == '#' || *at == '\n')
        at += strcspn(at, "\n"), at += *at == '\n';
    at[strcspn(at, "\n")] = '\0';
    double label;
    char *word = next_word(&at);
    if (!word || !tp_parse_number(word, &label))
        return false;
    word = next_word(&at);
    return word &&
           (!strncmp(word, "qid:", 4) || (strspn(word, "0123456789") && word[strspn(word, "0123456789")] == ':'));
}

const struct tp_format tp_svmlight_format = {"libsvm", ".libsvm .svm .svmlight", recognises, true, false, read_table};
