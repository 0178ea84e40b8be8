/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/cancel.h"
#include "core/memory.h"
#include "core/size.h"
#include "io/model_header.h"
#include "io/model_names.h"
#include "io/output.h"
#include "io/safetensors.h"
#include "io/schema_json.h"
#include "net/model.h"
#include "net/slices.h"

#include <string.h>

#define PIECE ((size_t)16384) /* so many parameters are in memory once more */

/* As long as the digest that takes its place once the tensors are known. */
#define NO_DIGEST "0000000000000000000000000000000000000000000000000000000000000000"

/* jansson writes a decimal point in every locale. */
json_t *tp_json_number(double value, size_t digits) {
    char text[32];
    json_t *real = json_real(value);
    const size_t length = json_dumpb(real, text, sizeof text, JSON_ENCODE_ANY | JSON_REAL_PRECISION(digits));
    json_decref(real);
    return length && length <= sizeof text ? json_stringn(text, length) : NULL;
}

static json_t *number(float value) {
    return tp_json_number((double)value, TP_FLOAT_DIGITS);
}

/* json_object_set_new takes NULL for a failure. */

static int describe_layer(json_t *metadata, size_t l, const tp_layer *layer) {
    const struct tp_layer_key activation = tp_layer_key(l, TP_OF_LAYER_ACTIVATION);
    if (json_object_set_new(metadata, activation.text, json_string(tp_activation_name(layer->activation))))
        return -1;
    if (tp_has_slope(layer->activation) &&
        json_object_set_new(metadata, tp_layer_key(l, TP_OF_LAYER_SLOPE).text, number(layer->slope)))
        return -1;
    if (layer->dropout == 0)
        return 0;
    return json_object_set_new(metadata, tp_layer_key(l, TP_OF_LAYER_DROPOUT).text, number(layer->dropout));
}

static int describe_loss(json_t *metadata, const tp_model_options *options) {
    if (json_object_set_new(metadata, TP_KEY_LOSS, json_string(tp_loss_name(options->loss))))
        return -1;
    if (options->loss == TP_LOSS_HUBER &&
        json_object_set_new(metadata, TP_KEY_HUBER_DELTA, number(options->huber_delta)))
        return -1;
    if (options->label_smoothing == 0)
        return 0;
    return json_object_set_new(metadata, TP_KEY_SMOOTHING, number(options->label_smoothing));
}

static int describe_precision(json_t *metadata, const tp_model_options *options) {
    if (options->precision == TP_PRECISION_F32)
        return 0;
    return json_object_set_new(metadata, TP_KEY_PRECISION, json_string(tp_precision_name(options->precision)));
}

int tp_describe_objective(json_t *metadata, const tp_model_options *options) {
    return describe_loss(metadata, options) || describe_precision(metadata, options) ? -1 : 0;
}

const double *tp_scaling_values(const tp_model_options *options, int array, size_t *count) {
    const tp_scaling *scaling = array < TP_OUTPUT_MEAN ? &options->inputs_scaled : &options->outputs_scaled;
    *count = scaling->count;
    return array % 2 ? scaling->deviation : scaling->mean;
}

static int describe_scaling(json_t *metadata, const tp_model_options *options) {
    for (int array = 0; array < TP_SCALING_ARRAYS; array++) {
        size_t count;
        const double *values = tp_scaling_values(options, array, &count);
        if (count == 1 && json_object_set_new(metadata, tp_scaling_key((enum tp_scaling_array)array),
                                              tp_json_number(*values, TP_DOUBLE_DIGITS)))
            return -1;
    }
    return 0;
}

static int describe_notes(json_t *metadata, const struct tp_notes *notes) {
    for (size_t i = 0; i < notes->count; i++)
        if (json_object_set_new(metadata, notes->note[i], json_string(tp_note_text(notes->note[i]))))
            return -1;
    return 0;
}

int tp_describe_layers(json_t *metadata, const tp_model_options *options) {
    for (size_t l = 0; l < options->layer_count; l++)
        if (describe_layer(metadata, l, &options->layers[l]))
            return -1;
    return 0;
}

/* The digest comes before longer keys: jansson, when memory runs out, reads beyond a string of 14 bytes that is the
 * first to need more than its first buffer. */
int tp_describe_model(json_t *metadata, const tp_model_options *options) {
    if (json_object_set_new(metadata, TP_KEY_FORMAT, json_string(TP_FORMAT)) ||
        json_object_set_new(metadata, TP_KEY_VERSION, json_string(tp_version())) ||
        json_object_set_new(metadata, TP_KEY_DIGEST, json_string(NO_DIGEST)) ||
        json_object_set_new(metadata, TP_KEY_FORMAT_VERSION, json_sprintf("%d", TP_FORMAT_VERSION)) ||
        tp_describe_objective(metadata, options) || describe_scaling(metadata, options))
        return -1;
    return tp_describe_layers(metadata, options);
}

int tp_describe_tensor(json_t *header, const char *name, json_t *shape, size_t elements, size_t element,
                       size_t *offset) {
    const char *type = element == sizeof(double) ? "F64" : element == sizeof(float) ? "F32" : "U8";
    const size_t begin = *offset;
    *offset = begin + elements * element;
    json_t *tensor = !shape ? NULL
                            : json_pack("{s:s, s:o, s:[I, I]}", "dtype", type, "shape", shape, "data_offsets",
                                        (json_int_t)begin, (json_int_t)*offset);
    return json_object_set_new(header, name, tensor);
}

/* The larger elements come first, so that all are aligned. */
static int describe_scaling_tensors(json_t *header, const tp_model_options *options, size_t *offset) {
    for (int array = 0; array < TP_SCALING_ARRAYS; array++) {
        size_t count;
        tp_scaling_values(options, array, &count);
        if (count > 1 && tp_describe_tensor(header, tp_scaling_key((enum tp_scaling_array)array),
                                            json_pack("[I]", (json_int_t)count), count, sizeof(double), offset))
            return -1;
    }
    return 0;
}

static int describe_tensors(json_t *header, const tp_model_options *options, size_t schema, size_t *offset) {
    size_t rows = options->inputs;
    if (describe_scaling_tensors(header, options, offset))
        return -1;
    for (size_t l = 0; l < options->layer_count; l++) {
        const size_t columns = options->layers[l].width;
        if (tp_describe_tensor(header, tp_tensor_key(2 * l).text,
                               json_pack("[I, I]", (json_int_t)rows, (json_int_t)columns), rows * columns,
                               sizeof(float), offset) ||
            tp_describe_tensor(header, tp_tensor_key(2 * l + 1).text, json_pack("[I]", (json_int_t)columns), columns,
                               sizeof(float), offset))
            return -1;
        rows = columns;
    }
    if (!schema)
        return 0;
    return tp_describe_tensor(header, TP_SCHEMA_KEY, json_pack("[I]", (json_int_t)schema), schema, 1, offset);
}

/* NULL if memory runs out. schema: bytes of it; tensors: how many bytes they have. */
static json_t *make_header(const tp_model_options *options, const struct tp_notes *notes, size_t schema,
                           size_t *tensors) {
    json_t *header = json_object();
    json_t *metadata = json_object();
    const bool described = metadata && !tp_describe_model(metadata, options) && !describe_notes(metadata, notes);
    *tensors = 0;
    if (json_object_set_new(header, TP_KEY_METADATA, metadata) || !described ||
        describe_tensors(header, options, schema, tensors)) {
        json_decref(header);
        return NULL;
    }
    return header;
}

static int set_digest(json_t *header, const char *digest) {
    return json_string_set(json_object_get(json_object_get(header, TP_KEY_METADATA), TP_KEY_DIGEST), digest);
}

/* ---- bytes ---- */

/* Where the bytes of a file go: one of these. */
struct sink {
    SHA2_CTX *digest;
    tp_output *output;
    unsigned char *next; /* in a buffer that is large enough */
};

static tp_status put(struct sink *sink, const void *bytes, size_t size) {
    if (!size)
        return TP_OK;
    if (sink->output)
        return tp_output_write(sink->output, bytes, size);
    if (sink->digest) {
        SHA256Update(sink->digest, bytes, size);
    } else {
        memcpy(sink->next, bytes, size);
        sink->next += size;
    }
    return TP_OK;
}

static tp_status put_elements(struct sink *sink, void *elements, size_t count, size_t element) {
    tp_safetensors_swap(elements, count, element);
    return put(sink, elements, count * element);
}

/* A model that is written. */
struct writer {
    const char *function; /* for messages */
    const tp_model *model;
    const struct tp_context *context;
    tp_model_options options;
    json_t *header;
    size_t begin, tensors; /* bytes, of the file */
    void *piece;           /* PIECE floats */
    char *schema;          /* as JSON, of so many bytes; NULL and 0: none */
    size_t schema_size;
};

static tp_status put_scaling(const struct writer *writer, struct sink *sink) {
    const size_t most = PIECE * sizeof(float) / sizeof(double);
    tp_status status = TP_OK;
    for (int array = 0; array < TP_SCALING_ARRAYS; array++) {
        size_t count;
        const double *values = tp_scaling_values(&writer->options, array, &count);
        for (size_t begin = 0; !status && count > 1 && begin < count; begin += most) {
            const size_t n = tp_min(most, count - begin);
            memcpy(writer->piece, values + begin, n * sizeof *values);
            status = put_elements(sink, writer->piece, n, sizeof *values);
        }
    }
    return status;
}

static tp_status put_tensors(const struct writer *writer, struct sink *sink) {
    const size_t count = tp_model_parameter_count(writer->model);
    tp_status status = put_scaling(writer, sink);
    for (size_t begin = 0; !status && begin < count; begin += PIECE) {
        const size_t n = tp_min(PIECE, count - begin);
        tp_model_copy_parameters(writer->model, begin, n, writer->piece);
        status = put_elements(sink, writer->piece, n, sizeof(float));
    }
    return status ? status : put(sink, writer->schema, writer->schema_size);
}

static tp_status fail_header(const struct writer *writer) {
    return tp_fail(writer->context, TP_ERR_MEMORY, "%s: cannot allocate the header", writer->function);
}

static tp_status put_begin(const struct writer *writer, struct sink *sink) {
    void *bytes = tp_safetensors_begin(writer->context, writer->header, writer->begin);
    if (!bytes)
        return fail_header(writer);
    const tp_status status = put(sink, bytes, writer->begin);
    tp_release(writer->context, bytes);
    return status;
}

static tp_status put_model(const struct writer *writer, struct sink *sink) {
    char hex[SHA256_DIGEST_STRING_LENGTH] = "";
    SHA2_CTX digest;
    SHA256Init(&digest);
    put_tensors(writer, &(struct sink){.digest = &digest});
    SHA256End(&digest, hex);
    if (set_digest(writer->header, hex))
        return fail_header(writer);
    const tp_status status = put_begin(writer, sink);
    return status ? status : put_tensors(writer, sink);
}

static tp_status open_writer(const char *function, const tp_model *model, struct writer *writer) {
    *writer = (struct writer){.function = function, .model = model, .context = tp_model_context(model)};
    tp_status status = tp_model_describe(model, &writer->options);
    if (!status && writer->options.schema)
        status =
            tp_schema_to_json(writer->context, function, writer->options.schema, &writer->schema, &writer->schema_size);
    if (status)
        return status;
    writer->header = make_header(&writer->options, &model->notes, writer->schema_size, &writer->tensors);
    writer->begin = tp_safetensors_begin_size(writer->header);
    return writer->begin ? TP_OK : fail_header(writer);
}

static void close_writer(const struct writer *writer) {
    json_decref(writer->header);
    tp_release(writer->context, writer->schema);
}

static tp_status write_model(struct writer *writer, struct sink *sink) {
    const size_t size = PIECE * sizeof(float);
    writer->piece = tp_allocate(writer->context, size);
    if (!writer->piece)
        return tp_fail_allocation(writer->context, writer->function, size);
    const tp_status status = put_model(writer, sink);
    tp_release(writer->context, writer->piece);
    return status;
}

/* ---- to a file ---- */

static tp_status write_to_output(struct writer *writer, tp_output *output) {
    const tp_status status = write_model(writer, &(struct sink){.output = output});
    return status ? status : tp_output_commit(output);
}

tp_status tp_model_save_to(const tp_model *model, tp_output *output) {
    if (!model)
        return TP_ERR_ARGUMENT;
    if (!output)
        return tp_fail(tp_model_context(model), TP_ERR_ARGUMENT, "tp_model_save_to: output is NULL");
    if (!tp_output_is_empty(output))
        return tp_fail(tp_model_context(model), TP_ERR_ARGUMENT, "tp_model_save_to: output is not empty");
    struct writer writer;
    const int cancel = tp_cancel_hold();
    tp_status status = open_writer("tp_model_save_to", model, &writer);
    if (!status)
        status = write_to_output(&writer, output);
    close_writer(&writer);
    tp_cancel_restore(cancel);
    return status;
}

tp_status tp_model_save(const tp_model *model, const char *path) {
    if (!model)
        return TP_ERR_ARGUMENT;
    if (!path)
        return tp_fail(tp_model_context(model), TP_ERR_ARGUMENT, "tp_model_save: path is NULL");
    tp_output *output = NULL;
    const int cancel = tp_cancel_hold();
    tp_status status = tp_output_create(tp_model_context(model), path, &output);
    if (!status)
        status = tp_model_save_to(model, output);
    tp_output_destroy(output);
    tp_cancel_restore(cancel);
    return status;
}

/* ---- to memory ---- */

static tp_status write_to_buffer(struct writer *writer, void *buffer, size_t size, size_t *needed) {
    const size_t total = writer->begin + writer->tensors;
    if (buffer && size < total) {
        *needed = total;
        return tp_fail(writer->context, TP_ERR_MEMORY, "%s: buffer has %zu bytes; %zu are needed", writer->function,
                       size, total);
    }
    const tp_status status = buffer ? write_model(writer, &(struct sink){.next = buffer}) : TP_OK;
    if (!status)
        *needed = total;
    return status;
}

tp_status tp_model_write(const tp_model *model, void *buffer, size_t size, size_t *needed) {
    if (!model)
        return TP_ERR_ARGUMENT;
    if (!needed || (!buffer && size))
        return tp_fail(tp_model_context(model), TP_ERR_ARGUMENT, "tp_model_write: %s is NULL",
                       needed ? "buffer" : "needed");
    struct writer writer;
    tp_status status = open_writer("tp_model_write", model, &writer);
    if (!status)
        status = write_to_buffer(&writer, buffer, size, needed);
    close_writer(&writer);
    return status;
}
