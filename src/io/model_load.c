/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/cancel.h"
#include "core/memory.h"
#include "core/options.h"
#include "core/size.h"
#include "io/exchange.h"
#include "io/model_names.h"
#include "io/safetensors.h"
#include "io/schema_json.h"
#include "net/model.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FLOAT_OVERFLOW 0x1.ffffffp+127 /* what rounds to infinity as a float; larger than FLT_MAX */

/* A model as its file describes it. */
struct description {
    const struct tp_safetensors *archive;
    const struct tp_tensor *tensor[TP_MAX_TENSORS]; /* in the flat order of the parameters */
    size_t slot[TP_MAX_TENSORS];                    /* there, of the tensors in the order of their data; behind the
                                                       parameters' the arrays of scaling */
    bool first_format;                              /* of versions before 0.2 */
    const char *digest;                             /* or NULL */
    double scaling[TP_SCALING_ARRAYS];              /* of one pair for all */
    tp_layer *layer;                                /* TP_MAX_LAYERS */
    tp_model_options options;
};

/* ---- tensors ---- */

static tp_status fail_tensor(const struct tp_safetensors *archive, const char *name, const char *problem) {
    return tp_fail(archive->file.context, TP_ERR_FORMAT, "%s: tensor %s %s", archive->file.path, name, problem);
}

#define SCALING_SLOT (2 * TP_MAX_LAYERS) /* of the first array of scaling */
#define SCHEMA_SLOT (SCALING_SLOT + TP_SCALING_ARRAYS)

static const char *slot_name(size_t slot, struct tp_layer_key *room) {
    *room = tp_tensor_key(slot);
    if (slot == SCHEMA_SLOT)
        return TP_SCHEMA_KEY;
    return slot < SCALING_SLOT ? room->text : tp_scaling_key((enum tp_scaling_array)(slot - SCALING_SLOT));
}

static size_t slot_of(const char *name) {
    struct tp_layer_key room;
    size_t slot = 0;
    while (slot < TP_MAX_TENSORS && strcmp(name, slot_name(slot, &room)) != 0)
        slot++;
    return slot;
}

static size_t element_of(size_t slot) {
    return slot < SCALING_SLOT ? sizeof(float) : slot == SCHEMA_SLOT ? sizeof(uint8_t) : sizeof(double);
}

static tp_status assign_tensor(struct description *description, size_t i) {
    const struct tp_safetensors *archive = description->archive;
    const struct tp_tensor *tensor = &archive->tensor[i];
    const size_t slot = slot_of(tensor->name);
    if (slot == TP_MAX_TENSORS)
        return fail_tensor(archive, tensor->name, "is not part of a tileprop model");
    if (tensor->element != element_of(slot))
        return fail_tensor(archive, tensor->name,
                           slot < SCALING_SLOT   ? "is not of F32"
                           : slot == SCHEMA_SLOT ? "is not of U8"
                                                 : "is not of F64");
    description->tensor[slot] = tensor;
    description->slot[i] = slot;
    return TP_OK;
}

static tp_status assign_tensors(struct description *description) {
    const struct tp_safetensors *archive = description->archive;
    size_t parameters = 0;
    for (size_t i = 0; i < archive->count; i++) {
        const tp_status status = assign_tensor(description, i);
        if (status)
            return status;
        parameters += description->slot[i] < SCALING_SLOT;
    }
    const size_t layers = (parameters + 1) / 2;
    for (size_t slot = 0; slot < 2 * layers; slot++)
        if (!description->tensor[slot])
            return fail_tensor(archive, tp_tensor_key(slot).text, "is missing");
    if (!layers)
        return fail_tensor(archive, tp_tensor_key(0).text, "is missing");
    description->options.layer_count = layers;
    return TP_OK;
}

static tp_status check_shapes(struct description *description, size_t l, size_t rows) {
    const struct tp_tensor *weight = description->tensor[2 * l];
    const struct tp_tensor *bias = description->tensor[2 * l + 1];
    const struct tp_file *file = &description->archive->file;
    if (weight->rank != 2)
        return fail_tensor(description->archive, weight->name, "does not have 2 dimensions");
    if (bias->rank != 1)
        return fail_tensor(description->archive, bias->name, "does not have 1 dimension");
    if (weight->dims[0] != rows)
        return tp_fail(file->context, TP_ERR_FORMAT, "%s: tensor %s has %zu rows; the layer before it has width %zu",
                       file->path, weight->name, weight->dims[0], rows);
    if (bias->dims[0] != weight->dims[1])
        return tp_fail(file->context, TP_ERR_FORMAT, "%s: tensor %s has %zu elements; the layer has width %zu",
                       file->path, bias->name, bias->dims[0], weight->dims[1]);
    return TP_OK;
}

static tp_status describe_shapes(struct description *description) {
    size_t rows = description->options.inputs = description->tensor[0]->dims[0];
    for (size_t l = 0; l < description->options.layer_count; l++) {
        const tp_status status = check_shapes(description, l, rows);
        if (status)
            return status;
        rows = description->layer[l].width = description->tensor[2 * l]->dims[1];
    }
    return TP_OK;
}

/* ---- metadata; keys that are not ours may be there and mean nothing ---- */

static tp_status fail_value(const struct description *description, const char *key, const char *value) {
    return tp_fail(description->archive->file.context, TP_ERR_FORMAT,
                   "%s: " TP_KEY_METADATA ": %s is not valid: \"%s\"", description->archive->file.path, key, value);
}

static tp_status get_text(const struct description *description, const char *key, const char **text) {
    *text = json_string_value(json_object_get(description->archive->metadata, key));
    if (*text)
        return TP_OK;
    return tp_fail(description->archive->file.context, TP_ERR_FORMAT, "%s: " TP_KEY_METADATA " has no \"%s\"",
                   description->archive->file.path, key);
}

/* jansson reads a decimal point in every locale. */
static tp_status get_double(const struct description *description, const char *key, double *number) {
    const char *text;
    const tp_status status = get_text(description, key, &text);
    if (status)
        return status;
    bool refused;
    json_t *json = tp_json_parse(text, strlen(text), JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, NULL, &refused);
    if (refused)
        return tp_fail(description->archive->file.context, TP_ERR_MEMORY, "%s: cannot allocate memory to read %s",
                       description->archive->file.path, key);
    const bool valid = json_is_real(json) && isfinite(json_real_value(json));
    if (valid)
        *number = json_real_value(json);
    json_decref(json);
    return valid ? TP_OK : fail_value(description, key, text);
}

static tp_status get_number(const struct description *description, const char *key, float *number) {
    double value = 0;
    tp_status status = get_double(description, key, &value);
    if (!status && fabs(value) >= FLOAT_OVERFLOW)
        status = fail_value(description, key, json_string_value(json_object_get(description->archive->metadata, key)));
    if (!status)
        *number = (float)value;
    return status;
}

/* A later format may say what this library would leave out. */
static tp_status check_format_version(struct description *description) {
    const char *text, *writer;
    const char *const key = TP_KEY_FORMAT_VERSION;
    description->first_format = !json_object_get(description->archive->metadata, key);
    tp_status status = description->first_format ? TP_OK : get_text(description, key, &text);
    if (status || description->first_format)
        return status;
    const size_t digits = strspn(text, "0123456789");
    if (!digits || text[digits] || digits > 9 || text[0] == '0')
        return fail_value(description, key, text);
    if (strtol(text, NULL, 10) <= TP_FORMAT_VERSION)
        return TP_OK;
    status = get_text(description, TP_KEY_VERSION, &writer);
    return status ? status
                  : tp_fail(description->archive->file.context, TP_ERR_UNSUPPORTED,
                            "%s: is in format %s of tileprop %s, which can read it; this is %s, which reads up to %d",
                            description->archive->file.path, text, writer, tp_version(), TP_FORMAT_VERSION);
}

static tp_status check_format(struct description *description) {
    const char *text;
    const tp_status status = get_text(description, TP_KEY_FORMAT, &text);
    if (status)
        return status;
    return strcmp(text, TP_FORMAT) ? fail_value(description, TP_KEY_FORMAT, text) : check_format_version(description);
}

/* ---- scaling ---- */

/* The metadata has one value, which the first format meant as a float. */
static tp_status get_value(struct description *description, enum tp_scaling_array array) {
    double *value = &description->scaling[array];
    const tp_status status = get_double(description, tp_scaling_key(array), value);
    if (!status && description->first_format && fabs(*value) >= FLOAT_OVERFLOW)
        return fail_value(description, tp_scaling_key(array),
                          json_string_value(json_object_get(description->archive->metadata, tp_scaling_key(array))));
    if (description->first_format)
        *value = (double)(float)*value;
    return status;
}

/* Mean and deviation, from array on; values: how many inputs or outputs. */
static tp_status get_scaling(struct description *description, enum tp_scaling_array array, size_t values,
                             tp_scaling *scaling) {
    const struct tp_tensor *mean = description->tensor[SCALING_SLOT + array];
    const struct tp_tensor *deviation = description->tensor[SCALING_SLOT + array + 1];
    const json_t *metadata = description->archive->metadata;
    *scaling = (tp_scaling){0, &description->scaling[array], &description->scaling[array + 1]};
    if (!mean != !deviation)
        return fail_tensor(description->archive, tp_scaling_key(array + (mean != NULL)), "is missing");
    if (mean) {
        for (int i = 0; i < 2; i++)
            if ((i ? deviation : mean)->rank != 1 || (i ? deviation : mean)->dims[0] != values || values < 2)
                return fail_tensor(description->archive, (i ? deviation : mean)->name, "does not fit the layers");
        scaling->count = values;
        return TP_OK;
    }
    const bool first = description->first_format && array == TP_INPUT_MEAN; /* always there */
    if (!first && !json_object_get(metadata, tp_scaling_key(array)) &&
        !json_object_get(metadata, tp_scaling_key(array + 1)))
        return TP_OK;
    scaling->count = 1;
    const tp_status status = get_value(description, array);
    return status ? status : get_value(description, array + 1);
}

static tp_status describe_schema(const struct description *description) {
    const struct tp_tensor *schema = description->tensor[SCHEMA_SLOT];
    if (schema && (schema->rank != 1 || schema->dims[0] > TP_MAX_SCHEMA))
        return fail_tensor(description->archive, schema->name, "is not of 1 dimension, or larger than a schema");
    return TP_OK;
}

static tp_status describe_scaling(struct description *description) {
    tp_model_options *options = &description->options;
    const tp_status status = get_scaling(description, TP_INPUT_MEAN, options->inputs, &options->inputs_scaled);
    return status ? status
                  : get_scaling(description, TP_OUTPUT_MEAN, options->layers[options->layer_count - 1].width,
                                &options->outputs_scaled);
}

static tp_status get_loss_name(const struct description *description, tp_loss *loss) {
    const char *text;
    const tp_status status = get_text(description, TP_KEY_LOSS, &text);
    if (status)
        return status;
    for (*loss = 0; *loss < TP_LOSS_COUNT; ++*loss)
        if (!strcmp(text, tp_loss_name(*loss)))
            return TP_OK;
    return fail_value(description, TP_KEY_LOSS, text);
}

static tp_status get_loss(const struct description *description, tp_model_options *options) {
    tp_status status = get_loss_name(description, &options->loss);
    if (!status && options->loss == TP_LOSS_HUBER)
        status = get_number(description, TP_KEY_HUBER_DELTA, &options->huber_delta);
    if (!status && json_object_get(description->archive->metadata, TP_KEY_SMOOTHING)) /* only if not 0 */
        status = get_number(description, TP_KEY_SMOOTHING, &options->label_smoothing);
    return status;
}

static tp_status get_precision(const struct description *description, tp_precision *precision) {
    const char *text;
    *precision = TP_PRECISION_F32;
    if (!json_object_get(description->archive->metadata, TP_KEY_PRECISION))
        return TP_OK;
    const tp_status status = get_text(description, TP_KEY_PRECISION, &text);
    if (status)
        return status;
    for (; *precision < TP_PRECISION_COUNT; ++*precision)
        if (!strcmp(text, tp_precision_name(*precision)))
            return TP_OK;
    return fail_value(description, TP_KEY_PRECISION, text);
}

static tp_status get_activation(const struct description *description, size_t l, tp_activation *activation) {
    const struct tp_layer_key key = tp_layer_key(l, TP_OF_LAYER_ACTIVATION);
    const char *text;
    const tp_status status = get_text(description, key.text, &text);
    if (status)
        return status;
    for (*activation = 0; *activation < TP_ACTIVATION_COUNT; ++*activation)
        if (!strcmp(text, tp_activation_name(*activation)))
            return TP_OK;
    return fail_value(description, key.text, text);
}

static tp_status describe_layers(struct description *description) {
    tp_status status = TP_OK;
    for (size_t l = 0; !status && l < description->options.layer_count; l++) {
        tp_layer *layer = &description->layer[l];
        status = get_activation(description, l, &layer->activation);
        if (!status && tp_has_slope(layer->activation))
            status = get_number(description, tp_layer_key(l, TP_OF_LAYER_SLOPE).text, &layer->slope);
        const struct tp_layer_key dropout = tp_layer_key(l, TP_OF_LAYER_DROPOUT);
        if (!status && json_object_get(description->archive->metadata, dropout.text))
            status = get_number(description, dropout.text, &layer->dropout);
    }
    return status;
}

tp_status tp_read_layers(const struct tp_safetensors *archive, tp_layer *layer, tp_model_options *options) {
    struct description description = {.archive = archive, .layer = layer, .options = *options};
    tp_status status = get_loss(&description, &description.options);
    if (!status)
        status = get_precision(&description, &description.options.precision);
    if (!status)
        status = describe_layers(&description);
    if (!status)
        *options = description.options;
    return status;
}

static tp_status check_notes(const struct description *description) {
    const struct tp_file *file = &description->archive->file;
    const char *key, *problem;
    json_t *value;
    size_t bytes = 0;
    json_object_foreach(description->archive->metadata, key, value) {
        const char *text = json_string_value(value);
        if (!tp_is_note(key))
            continue;
        problem = tp_note_problem(key, text, bytes);
        if (problem)
            return tp_fail(file->context, TP_ERR_FORMAT, "%s: " TP_KEY_METADATA ": \"%s\" %s", file->path, key,
                           problem);
        bytes += tp_note_bytes(key, text);
    }
    return TP_OK;
}

static tp_status get_digest(struct description *description) {
    if (!json_object_get(description->archive->metadata, TP_KEY_DIGEST))
        return TP_OK;
    const tp_status status = get_text(description, TP_KEY_DIGEST, &description->digest);
    const char *text = status ? "" : description->digest;
    if (strspn(text, "0123456789abcdef") == SHA256_DIGEST_STRING_LENGTH - 1 && !text[SHA256_DIGEST_STRING_LENGTH - 1])
        return status;
    return status ? status : fail_value(description, TP_KEY_DIGEST, text);
}

/* layer has room for TP_MAX_LAYERS. */
static tp_status read_description(struct tp_safetensors *archive, struct description *description, tp_layer *layer) {
    tp_model_options *options = &description->options;
    memset(description, 0, sizeof *description);
    memset(layer, 0, TP_MAX_LAYERS * sizeof *layer);
    description->archive = archive;
    description->layer = layer;
    tp_model_options_default(options);
    options->layers = layer;
    options->init = TP_INIT_ZERO;
    tp_status status = check_format(description);
    if (!status)
        status = tp_safetensors_list(archive);
    if (!status)
        status = assign_tensors(description);
    if (!status)
        status = describe_shapes(description);
    if (!status)
        status = get_loss(description, options);
    if (!status)
        status = get_precision(description, &options->precision);
    if (!status)
        status = describe_scaling(description);
    if (!status)
        status = describe_schema(description);
    if (!status)
        status = check_notes(description);
    if (!status)
        status = get_digest(description);
    return status ? status : describe_layers(description);
}

/* ---- model ---- */

static tp_status check_digest(const struct description *description, SHA2_CTX *digest) {
    const struct tp_file *file = &description->archive->file;
    char actual[SHA256_DIGEST_STRING_LENGTH] = "";
    SHA256End(digest, actual);
    if (!description->digest)
        tp_note(file->context, "%s: " TP_KEY_METADATA " has no \"" TP_KEY_DIGEST "\": damage would not be found",
                file->path);
    else if (strcmp(actual, description->digest) != 0)
        return tp_fail(file->context, TP_ERR_FORMAT,
                       "%s: damaged: the SHA-256 of its tensors is %s; " TP_KEY_METADATA " has %s", file->path, actual,
                       description->digest);
    return TP_OK;
}

static void *place_of(tp_model *model, void *schema, size_t slot) {
    double *const arrays[] = {model->inputs_scaled.mean, model->inputs_scaled.deviation, model->outputs_scaled.mean,
                              model->outputs_scaled.deviation};
    assert(slot < TP_MAX_TENSORS && (slot >= SCALING_SLOT || slot / 2 < model->layers));
    if (slot == SCHEMA_SLOT)
        return schema;
    if (slot >= SCALING_SLOT)
        return arrays[slot - SCALING_SLOT];
    const struct tp_shape *shape = &model->shape[slot / 2];
    return model->parameters + (slot % 2 ? shape->bias : shape->weight);
}

/* Straight to their place, in the order of the file. */
static tp_status read_tensors(const struct description *description, tp_model *model, void *schema) {
    const struct tp_safetensors *archive = description->archive;
    SHA2_CTX digest = {0};
    SHA256Init(&digest);
    for (size_t i = 0; i < archive->count; i++) {
        const tp_status status =
            tp_safetensors_read(archive, &archive->tensor[i], place_of(model, schema, description->slot[i]), &digest);
        if (status)
            return status;
    }
    return check_digest(description, &digest);
}

/* What tp_model_create would refuse is here not an argument of the caller but what the file says. Checked with a silent
 * copy of the context, so that the caller hears of it once. */
static tp_status check_model(const struct tp_file *file, const tp_model_options *options) {
    struct tp_message reason = {.lock = ATOMIC_FLAG_INIT};
    struct tp_context silent = *file->context;
    silent.on_message = NULL;
    silent.message = &reason;
    tp_model_options known = *options; /* scaling by tensors is checked when these are read */
    known.inputs_scaled.count *= known.inputs_scaled.count == 1;
    known.outputs_scaled.count *= known.outputs_scaled.count == 1;
    if (!tp_check_model(&silent, &known) && !tp_check_scaled_loss(&silent, options))
        return TP_OK;
    return tp_fail(file->context, TP_ERR_FORMAT, "%s: %s", file->path, reason.text);
}

static tp_status describe_model(struct tp_safetensors *archive, struct description *description, tp_layer *layer) {
    const tp_status status = read_description(archive, description, layer);
    return status ? status : check_model(&archive->file, &description->options);
}

/* A model of this description, with ones for what tensors will say of its scaling. */
static tp_status make_model(tp_context *context, const struct description *description, tp_model **model) {
    tp_model_options options = description->options;
    tp_scaling *const scalings[] = {&options.inputs_scaled, &options.outputs_scaled};
    const size_t count = tp_max(scalings[0]->count, scalings[1]->count);
    double *ones = tp_allocate(context, tp_max(count, 1) * sizeof *ones);
    for (size_t i = 0; ones && i < count; i++)
        ones[i] = 1;
    for (int s = 0; s < 2; s++)
        if (scalings[s]->count > 1)
            scalings[s]->mean = scalings[s]->deviation = ones;
    const tp_status status = ones ? tp_model_create(context, &options, model)
                                  : tp_fail(context, TP_ERR_MEMORY, "%s: cannot allocate memory for its scaling",
                                            description->archive->file.path);
    tp_release(context, ones);
    return status;
}

/* The values that tensors had are those of a model. */
static tp_status finish_scaling(const struct description *description, tp_model *model) {
    struct tp_message reason = {.lock = ATOMIC_FLAG_INIT};
    struct tp_context silent = *model->context;
    silent.on_message = NULL;
    silent.message = &reason;
    if (!tp_model_finish_scaling(&silent, model))
        return TP_OK;
    return tp_fail(model->context, TP_ERR_FORMAT, "%s: %s", description->archive->file.path, reason.text);
}

static tp_status add_schema(const struct tp_file *file, const char *text, size_t size, tp_model *model) {
    tp_model_options options;
    tp_status status = tp_schema_from_json(file->context, file->path, text, size, &model->schema);
    if (!status)
        status = tp_model_describe(model, &options);
    const char *misfit = status ? NULL : tp_schema_misfit(model->schema, &options);
    if (!misfit)
        return status;
    return tp_fail(file->context, TP_ERR_FORMAT, "%s: schema has other %s than the layers", file->path, misfit);
}

static tp_status add_notes(const struct tp_safetensors *archive, tp_model *model) {
    const struct tp_file *file = &archive->file;
    const char *key;
    json_t *value;
    tp_status status = TP_OK;
    json_object_foreach(archive->metadata, key, value) {
        if (!status && tp_is_note(key))
            status = tp_notes_set(file->context, file->path, &model->notes, key, json_string_value(value));
    }
    return status;
}

/* Tensors that become parts of the model, and the schema, which has to be understood first. */
static tp_status read_model(const struct description *description, tp_model *model) {
    const struct tp_file *file = &description->archive->file;
    const struct tp_tensor *schema = description->tensor[SCHEMA_SLOT];
    const size_t size = schema ? schema->dims[0] : 0;
    char *text = schema ? tp_allocate(file->context, size) : NULL;
    if (schema && !text)
        return tp_fail_allocation(file->context, file->path, size);
    tp_status status = read_tensors(description, model, text);
    if (!status && schema)
        status = add_schema(file, text, size, model);
    tp_release(file->context, text);
    return status;
}

static tp_status load_tensors(tp_context *context, struct tp_safetensors *archive, tp_model **model) {
    struct description description;
    tp_layer layer[TP_MAX_LAYERS];
    tp_model *loaded = NULL;
    tp_status status = describe_model(archive, &description, layer);
    if (status)
        return status;
    status = make_model(context, &description, &loaded);
    if (status)
        return status;
    status = add_notes(archive, loaded);
    if (!status)
        status = read_model(&description, loaded);
    if (!status)
        status = finish_scaling(&description, loaded);
    if (status)
        tp_model_destroy(loaded);
    else
        *model = loaded;
    return status;
}

static tp_status load(tp_context *context, const struct tp_file *file, tp_model **model) {
    struct tp_safetensors archive;
    tp_status status = tp_safetensors_open(file, TP_MODEL_HEADER, &archive);
    if (status)
        return status;
    status = load_tensors(context, &archive, model);
    tp_safetensors_close(&archive);
    return status;
}

tp_status tp_model_load(tp_context *context, const char *path, tp_model **model) {
    if (!context)
        return TP_ERR_ARGUMENT;
    if (!path || !model)
        return tp_fail(context, TP_ERR_ARGUMENT, "tp_model_load: %s is NULL", path ? "model" : "path");
    struct tp_file file;
    const int cancel = tp_cancel_hold();
    tp_status status = tp_file_open(context, path, &file);
    if (!status)
        status = load(context, &file, model);
    tp_cancel_restore(cancel);
    return status;
}

tp_status tp_model_read(tp_context *context, const void *buffer, size_t size, tp_model **model) {
    if (!context)
        return TP_ERR_ARGUMENT;
    if (!buffer || !model)
        return tp_fail(context, TP_ERR_ARGUMENT, "tp_model_read: %s is NULL", buffer ? "model" : "buffer");
    const struct tp_file file = tp_file_in_memory(context, buffer, size);
    return load(context, &file, model);
}

/* To where programs have them, which may be of another version. */
static void give_layers(const tp_layer *found, size_t count, tp_layer *layers, size_t layer_size) {
    const size_t size = tp_min(sizeof *layers, layer_size);
    memset(layers, 0, TP_MAX_LAYERS * layer_size);
    for (size_t l = 0; l < count; l++)
        memcpy((char *)layers + l * layer_size, &found[l], size);
}

static tp_status describe_archive(struct tp_safetensors *archive, tp_model_options *options, size_t struct_size,
                                  tp_layer *layers, size_t layer_size) {
    struct description description;
    tp_layer found[TP_MAX_LAYERS];
    tp_status status = describe_model(archive, &description, found);
    if (status)
        return status;
    description.options.layer_size = layer_size;
    description.options.inputs_scaled.mean = description.options.inputs_scaled.deviation = NULL;
    description.options.outputs_scaled.mean = description.options.outputs_scaled.deviation = NULL;
    description.options.layers = layers;
    status = tp_give_model_options(archive->file.context, &description.options, options, struct_size);
    if (!status)
        give_layers(found, description.options.layer_count, layers, layer_size);
    return status;
}

static tp_status describe_file(const struct tp_file *file, tp_model_options *options, size_t struct_size,
                               tp_layer *layers, size_t layer_size) {
    struct tp_safetensors archive;
    tp_status status = tp_safetensors_open(file, TP_MODEL_HEADER, &archive);
    if (status)
        return status;
    status = describe_archive(&archive, options, struct_size, layers, layer_size);
    tp_safetensors_close(&archive);
    return status;
}

tp_status tp_model_get_file_options(tp_context *context, const char *path, tp_model_options *options,
                                    size_t struct_size, tp_layer *layers, size_t layer_size) {
    if (!context)
        return TP_ERR_ARGUMENT;
    if (!path || !options || !layers)
        return tp_fail(context, TP_ERR_ARGUMENT, "tp_model_get_file_options: %s is NULL",
                       !path      ? "path"
                       : !options ? "options"
                                  : "layers");
    tp_status status = tp_check_layer_size(context, layer_size);
    if (status)
        return status;
    struct tp_file file;
    const int cancel = tp_cancel_hold();
    status = tp_file_open(context, path, &file);
    if (!status)
        status = describe_file(&file, options, struct_size, layers, layer_size);
    tp_cancel_restore(cancel);
    return status;
}
