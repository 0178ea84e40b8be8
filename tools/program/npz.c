/* SPDX-License-Identifier: BSD-3-Clause */
#include "npz.h"
#include "data.h"
#include "interrupt.h"
#include "report.h"
#include "zip.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX 10 /* magic, version, length of the header */
#define BUFFER 65536

static const char byte_order = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? '<' : '>';

struct writer {
    struct zip zip;
    const tp_data *data;
    const tp_schema *schema;
    size_t used; /* of buffer */
    unsigned char buffer[BUFFER];
};

/* ---- one array ---- */

static int flush(struct writer *writer) {
    const int code = zip_write(&writer->zip, writer->buffer, writer->used);
    writer->used = 0;
    return code ? code : interrupt_code();
}

static int add(struct writer *writer, const void *value, size_t size) {
    const int code = writer->used + size > BUFFER ? flush(writer) : EXIT_SUCCESS;
    memcpy(writer->buffer + writer->used, value, size);
    writer->used += size;
    return code;
}

/* type: as NumPy writes it, without the order of bytes. */
static int begin(struct writer *writer, const char *name, const char *type, const char *shape) {
    char text[160], header[256];
    const int length = snprintf(text, sizeof text, "{'descr': '%c%s', 'fortran_order': False, 'shape': (%s), }",
                                byte_order, type, shape);
    const int end = (PREFIX + length + ZIP_ALIGNMENT) / ZIP_ALIGNMENT * ZIP_ALIGNMENT;
    snprintf(header, sizeof header, "%c%s%c%c%c%c%-*s\n", 0x93, "NUMPY", 1, '?', 0, 0, end - PREFIX - 1, text);
    header[7] = 0;
    header[8] = (char)(end - PREFIX);
    const int code = zip_begin(&writer->zip, name);
    return code ? code : zip_write(&writer->zip, header, (size_t)end);
}

static int end(struct writer *writer) {
    const int code = flush(writer);
    return code ? code : zip_end(&writer->zip);
}

/* ---- numbers ---- */

/* A matrix as tp_data has it. */
struct matrix {
    const unsigned char *values;
    const char *type;
    size_t size, width, sample_stride, value_stride;
};

static int add_matrix(struct writer *writer, const struct matrix *matrix) {
    const bool packed = !matrix->sample_stride && !matrix->value_stride;
    const size_t sample_step = (packed ? matrix->width : matrix->sample_stride) * matrix->size;
    const size_t value_step = (packed ? 1 : matrix->value_stride) * matrix->size;
    int code = EXIT_SUCCESS;
    for (size_t i = 0; !code && i < writer->data->samples; i++) {
        const unsigned char *sample = matrix->values + data_row(writer->data, i) * sample_step;
        for (size_t j = 0; !code && j < matrix->width; j++)
            code = add(writer, sample + j * value_step, matrix->size);
    }
    return code;
}

static int write_matrix(struct writer *writer, const char *name, const struct matrix *matrix, const char *more) {
    char shape[80];
    snprintf(shape, sizeof shape, "%zu, %zu%s", writer->data->samples, matrix->width, more);
    int code = begin(writer, name, matrix->type, shape);
    if (!code)
        code = add_matrix(writer, matrix);
    return code ? code : end(writer);
}

/* Bytes that are divided by 255 are those of images, which a third dimension says. */
static bool are_images(const struct writer *writer) {
    tp_model_options options;
    tp_model_options_default(&options);
    return writer->data->bytes && !tp_schema_apply(writer->schema, &options) && options.inputs_scaled.count == 1 &&
           *options.inputs_scaled.deviation == UINT8_MAX;
}

static int write_inputs(struct writer *writer) {
    const tp_data *data = writer->data;
    const struct matrix matrix = {
        .values = data->bytes    ? (const void *)data->bytes
                  : data->floats ? (const void *)data->floats
                                 : (const void *)data->doubles,
        .type = data->bytes    ? "u1"
                : data->floats ? "f4"
                               : "f8",
        .size = data->bytes    ? 1
                : data->floats ? sizeof *data->floats
                               : sizeof *data->doubles,
        .width = data->features,
        .sample_stride = data->sample_stride,
        .value_stride = data->value_stride,
    };
    return write_matrix(writer, "inputs.npy", &matrix, are_images(writer) ? ", 1" : "");
}

static int write_values(struct writer *writer) {
    const tp_data *data = writer->data;
    const struct matrix matrix = {
        .values = data->values ? (const void *)data->values : (const void *)data->double_values,
        .type = data->values ? "f4" : "f8",
        .size = data->values ? sizeof *data->values : sizeof *data->double_values,
        .width = data->outputs,
        .sample_stride = data->target_sample_stride,
        .value_stride = data->target_stride,
    };
    return write_matrix(writer, "targets.npy", &matrix, "");
}

/* ---- texts ---- */

/* The next character of UTF-8. */
static uint32_t next_character(const char **text) {
    const unsigned char first = (unsigned char)*(*text)++;
    uint32_t character = first < 0x80 ? first : first < 0xe0 ? first & 0x1f : first < 0xf0 ? first & 0x0f : first & 7;
    while (((unsigned char)**text & 0xc0) == 0x80)
        character = character << 6 | ((unsigned char)*(*text)++ & 0x3f);
    return character;
}

/* Other bytes would be changed, and two names might become one; jansson tells. */
static bool is_utf8(const char *text) {
    json_t *string = json_string(text);
    json_decref(string);
    return string != NULL;
}

/* Makes width, in characters, at least that of the text. */
static int widen(size_t *width, const char *text) {
    size_t count = 0;
    if (!is_utf8(text)) {
        complain("'%s': the name cannot be written to NPZ, as it is not UTF-8", text);
        return EXIT_FAILURE;
    }
    for (; *text; count++)
        next_character(&text);
    *width = count > *width ? count : *width;
    return EXIT_SUCCESS;
}

static int add_text(struct writer *writer, const char *text, size_t width) {
    int code = EXIT_SUCCESS;
    for (size_t i = 0; !code && i < width; i++) {
        const uint32_t character = *text ? next_character(&text) : 0;
        code = add(writer, &character, sizeof character);
    }
    return code;
}

static int begin_texts(struct writer *writer, const char *name, size_t width, size_t count) {
    char type[32], shape[32];
    snprintf(type, sizeof type, "U%zu", width);
    snprintf(shape, sizeof shape, "%zu,", count);
    return begin(writer, name, type, shape);
}

/* ---- classes ---- */

/* Whether the name is that which the library gives an integer. */
static bool is_integer(const char *name, int64_t *value) {
    char again[32];
    *value = strtoll(name, NULL, 10);
    snprintf(again, sizeof again, "%lld", (long long)*value);
    return !strcmp(again, name);
}

static bool are_integers(const tp_column *column) {
    int64_t value;
    for (size_t i = 0; i < column->category_count; i++)
        if (!is_integer(column->categories[i], &value))
            return false;
    return true;
}

static int write_integers(struct writer *writer, const tp_column *column) {
    char shape[32];
    snprintf(shape, sizeof shape, "%zu,", writer->data->samples);
    int code = begin(writer, "targets.npy", "i8", shape);
    for (size_t i = 0; !code && i < writer->data->samples; i++) {
        int64_t value;
        is_integer(column->categories[writer->data->classes[data_row(writer->data, i)]], &value);
        code = add(writer, &value, sizeof value);
    }
    return code ? code : end(writer);
}

static int write_class_names(struct writer *writer, const tp_column *column) {
    size_t width = 1;
    int code = EXIT_SUCCESS;
    for (size_t i = 0; !code && i < column->category_count; i++)
        code = widen(&width, column->categories[i]);
    if (!code)
        code = begin_texts(writer, "targets.npy", width, writer->data->samples);
    for (size_t i = 0; !code && i < writer->data->samples; i++)
        code = add_text(writer, column->categories[writer->data->classes[data_row(writer->data, i)]], width);
    return code ? code : end(writer);
}

static int write_targets(struct writer *writer) {
    const tp_column *column = tp_schema_target(writer->schema, 0);
    if (!writer->data->classes)
        return write_values(writer);
    return (are_integers(column) ? write_integers : write_class_names)(writer, column);
}

/* ---- names ---- */

/* Calls visit with the name of each input and target, as long as it returns EXIT_SUCCESS. */
typedef int visit_fn(struct writer *writer, const char *name, size_t *width);

static int visit_column(struct writer *writer, const tp_column *column, visit_fn *visit, size_t *width) {
    int code = column->category_count ? EXIT_SUCCESS : visit(writer, column->name, width);
    for (size_t i = 0; !code && i < column->category_count; i++) {
        char *name = NULL;
        if (asprintf(&name, "%s=%s", column->name, column->categories[i]) < 0) {
            complain("out of memory");
            return EXIT_FAILURE;
        }
        code = visit(writer, name, width);
        free(name);
    }
    return code;
}

static int visit_names(struct writer *writer, visit_fn *visit, size_t *width) {
    int code = EXIT_SUCCESS;
    for (size_t i = 0; !code && i < tp_schema_feature_count(writer->schema); i++)
        code = visit_column(writer, tp_schema_feature(writer->schema, i), visit, width);
    for (size_t i = 0; !code && i < tp_schema_target_count(writer->schema); i++)
        code = visit(writer, tp_schema_target(writer->schema, i)->name, width);
    return code;
}

static int widen_by(struct writer *writer, const char *name, size_t *width) {
    (void)writer;
    return widen(width, name);
}

static int add_name(struct writer *writer, const char *name, size_t *width) {
    return add_text(writer, name, *width);
}

static bool have_names(const tp_schema *schema) {
    for (size_t i = 0; i < tp_schema_feature_count(schema); i++)
        if (!tp_schema_feature(schema, i)->name)
            return false;
    for (size_t i = 0; i < tp_schema_target_count(schema); i++)
        if (!tp_schema_target(schema, i)->name)
            return false;
    return true;
}

static int write_names(struct writer *writer) {
    size_t width = 1;
    if (!have_names(writer->schema))
        return EXIT_SUCCESS;
    int code = visit_names(writer, widen_by, &width);
    const size_t count = tp_schema_inputs(writer->schema) + tp_schema_target_count(writer->schema);
    if (!code)
        code = begin_texts(writer, "names.npy", width, count);
    if (!code)
        code = visit_names(writer, add_name, &width);
    return code ? code : end(writer);
}

/* ---- the file ---- */

static int write_arrays(struct writer *writer) {
    int code = write_inputs(writer);
    if (!code)
        code = write_targets(writer);
    if (!code)
        code = write_names(writer);
    return code ? code : zip_finish(&writer->zip);
}

int npz_write(const struct session *session, const tp_data *data, const tp_schema *schema, tp_output *output) {
    struct writer *writer = calloc(1, sizeof *writer);
    if (!writer) {
        complain("out of memory");
        return EXIT_FAILURE;
    }
    writer->zip = (struct zip){.session = session, .output = output};
    writer->data = data;
    writer->schema = schema;
    const int code = write_arrays(writer);
    free(writer);
    return code;
}
