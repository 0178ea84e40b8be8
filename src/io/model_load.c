/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/memory.h"
#include "core/options.h"
#include "core/size.h"
#include "io/model_names.h"
#include "io/safetensors.h"
#include "net/model.h"

#include <math.h>
#include <string.h>

#define FLOAT_OVERFLOW 0x1.ffffffp+127 /* what rounds to infinity as a float; larger than FLT_MAX */

/* A model as its file describes it. */
struct description {
    const struct tp_safetensors *archive;
    const struct tp_tensor *tensor[TP_MAX_TENSORS]; /* in the flat order of the parameters */
    size_t slot[TP_MAX_TENSORS];                    /* there, of the tensors in the order of their data */
    const char *digest;                             /* or NULL */
    tp_layer *layer;                                /* TP_MAX_LAYERS */
    tp_model_options options;
};

/* ---- tensors ---- */

static tp_status fail_tensor(const struct tp_safetensors *archive, const char *name, const char *problem) {
    return tp_fail(archive->file.context, TP_ERR_FORMAT, "%s: tensor %s %s", archive->file.path, name, problem);
}

static size_t slot_of(const char *name) {
    size_t slot = 0;
    while (slot < TP_MAX_TENSORS && strcmp(name, tp_tensor_key(slot).text) != 0)
        slot++;
    return slot;
}

static tp_status assign_tensors(struct description *description) {
    const struct tp_safetensors *archive = description->archive;
    const size_t layers = (archive->count + 1) / 2;
    for (size_t i = 0; i < archive->count; i++) {
        const size_t slot = slot_of(archive->tensor[i].name);
        if (slot == TP_MAX_TENSORS)
            return fail_tensor(archive, archive->tensor[i].name, "is not part of a tileprop model");
        description->tensor[slot] = &archive->tensor[i];
        description->slot[i] = slot;
    }
    for (size_t slot = 0; slot < 2 * layers; slot++)
        if (!description->tensor[slot])
            return fail_tensor(archive, tp_tensor_key(slot).text, "is missing");
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
static tp_status get_number(const struct description *description, const char *key, float *number) {
    const char *text;
    const tp_status status = get_text(description, key, &text);
    if (status)
        return status;
    bool refused;
    json_t *json = tp_json_parse(text, strlen(text), JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, NULL, &refused);
    if (refused)
        return tp_fail(description->archive->file.context, TP_ERR_MEMORY, "%s: cannot allocate memory to read %s",
                       description->archive->file.path, key);
    const bool valid = json_is_real(json) && fabs(json_real_value(json)) < FLOAT_OVERFLOW;
    if (valid)
        *number = (float)json_real_value(json);
    json_decref(json);
    return valid ? TP_OK : fail_value(description, key, text);
}

static tp_status check_format(const struct description *description) {
    const char *text;
    const tp_status status = get_text(description, TP_KEY_FORMAT, &text);
    if (status)
        return status;
    return strcmp(text, TP_FORMAT) ? fail_value(description, TP_KEY_FORMAT, text) : TP_OK;
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
static tp_status describe(const struct tp_safetensors *archive, struct description *description, tp_layer *layer) {
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
        status = assign_tensors(description);
    if (!status)
        status = describe_shapes(description);
    if (!status)
        status = get_loss(description, options);
    if (!status)
        status = get_number(description, TP_KEY_MEAN, &options->input_mean);
    if (!status)
        status = get_number(description, TP_KEY_DEVIATION, &options->input_deviation);
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

/* Straight to their place, in the order of the file. */
static tp_status read_parameters(const struct description *description, tp_model *model) {
    const struct tp_safetensors *archive = description->archive;
    SHA2_CTX digest = {0};
    SHA256Init(&digest);
    for (size_t i = 0; i < archive->count; i++) {
        const size_t slot = description->slot[i];
        const struct tp_shape *shape = &model->shape[slot / 2];
        float *place = model->parameters + (slot % 2 ? shape->bias : shape->weight);
        const tp_status status = tp_safetensors_read(archive, &archive->tensor[i], place, &digest);
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
    if (!tp_check_model(&silent, options))
        return TP_OK;
    return tp_fail(file->context, TP_ERR_FORMAT, "%s: %s", file->path, reason.text);
}

static tp_status describe_model(const struct tp_safetensors *archive, struct description *description,
                                tp_layer *layer) {
    const tp_status status = describe(archive, description, layer);
    return status ? status : check_model(&archive->file, &description->options);
}

static tp_status load(tp_context *context, const struct tp_safetensors *archive, tp_model **model) {
    struct description description;
    tp_layer layer[TP_MAX_LAYERS];
    tp_model *loaded = NULL;
    tp_status status = describe_model(archive, &description, layer);
    if (status)
        return status;
    if (tp_model_create(context, &description.options, &loaded))
        return tp_fail(context, TP_ERR_MEMORY, "%s: cannot allocate its parameters", archive->file.path);
    status = read_parameters(&description, loaded);
    if (status)
        tp_model_destroy(loaded);
    else
        *model = loaded;
    return status;
}

tp_status tp_model_load(tp_context *context, const char *path, tp_model **model) {
    if (!context)
        return TP_ERR_ARGUMENT;
    if (!path || !model)
        return tp_fail(context, TP_ERR_ARGUMENT, "tp_model_load: %s is NULL", path ? "model" : "path");
    struct tp_safetensors archive;
    tp_status status = tp_safetensors_open(context, path, &archive);
    if (status)
        return status;
    status = load(context, &archive, model);
    tp_safetensors_close(&archive);
    return status;
}

/* To where programs have them, which may be of another version. */
static void give_layers(const struct description *description, tp_layer *layers, size_t layer_size) {
    const size_t size = tp_min(sizeof *layers, layer_size);
    memset(layers, 0, TP_MAX_LAYERS * layer_size);
    for (size_t l = 0; l < description->options.layer_count; l++)
        memcpy((char *)layers + l * layer_size, &description->options.layers[l], size);
}

static tp_status describe_file(const struct tp_safetensors *archive, tp_model_options *options, size_t struct_size,
                               tp_layer *layers, size_t layer_size) {
    struct description description;
    tp_layer found[TP_MAX_LAYERS];
    const tp_status status = describe_model(archive, &description, found);
    if (status)
        return status;
    give_layers(&description, layers, layer_size);
    description.options.layers = layers;
    description.options.layer_size = layer_size;
    tp_struct_give(&description.options, sizeof description.options, options, struct_size);
    return TP_OK;
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
    struct tp_safetensors archive;
    tp_status status = tp_safetensors_open(context, path, &archive);
    if (status)
        return status;
    status = describe_file(&archive, options, struct_size, layers, layer_size);
    tp_safetensors_close(&archive);
    return status;
}
