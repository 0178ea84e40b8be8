/* SPDX-License-Identifier: BSD-3-Clause */
/* A chain of ONNX nodes becomes a model. */
#include "core/memory.h"
#include "core/size.h"
#include "io/exchange.h"
#include "io/onnx.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define NEAR 1e-6 /* what floats of a graph differ from the doubles that metadata has */

/* A model that is made. */
struct draft {
    const struct tp_onnx_chain *chain;
    const struct tp_onnx_part *product[TP_MAX_LAYERS];
    tp_layer layer[TP_MAX_LAYERS];
    tp_model_options options;
    double *scaling[TP_SCALING_ARRAYS]; /* of the graph */
    struct tp_torch_memory memory;      /* of the metadata */
};

/* ---- layers ---- */

static tp_status fail_width(const struct tp_onnx_chain *chain, const struct tp_onnx_part *part, size_t width) {
    return tp_fail(chain->file->context, TP_ERR_FORMAT,
                   "%s: tensor '%s' has %zu rows; the layer before it has width %zu", chain->file->path,
                   part->weight.name, part->weight.dims[0], width);
}

static tp_status add_product(struct draft *draft, const struct tp_onnx_part *part) {
    const struct tp_onnx_chain *chain = draft->chain;
    tp_model_options *options = &draft->options;
    const size_t l = options->layer_count;
    if (l == TP_MAX_LAYERS)
        return tp_onnx_fail_node(chain, part->node, "does not fit: models have at most 64 layers");
    if (l && part->weight.dims[0] != draft->layer[l - 1].width)
        return fail_width(chain, part, draft->layer[l - 1].width);
    if (!l)
        options->inputs = part->weight.dims[0];
    draft->product[l] = part;
    draft->layer[l].width = part->weight.dims[1];
    options->layer_count++;
    return TP_OK;
}

static tp_status add_activation(struct draft *draft, size_t i) {
    const struct tp_onnx_part *part = &draft->chain->part[i];
    if (!i || part[-1].kind != TP_ONNX_PRODUCT)
        return tp_onnx_fail_node(draft->chain, part->node,
                                 "does not fit: an activation must follow Gemm, or MatMul and Add");
    tp_layer *layer = &draft->layer[draft->options.layer_count - 1];
    layer->activation = part->activation;
    layer->slope = part->slope;
    return TP_OK;
}

/* Arithmetic belongs to the scaling of inputs or of outputs. */
static tp_status check_end(const struct draft *draft, size_t i) {
    const struct tp_onnx_part *part = &draft->chain->part[i];
    for (size_t j = i + 1; draft->options.layer_count && j < draft->chain->count; j++)
        if (draft->chain->part[j].kind != TP_ONNX_ARITHMETIC)
            return tp_onnx_fail_node(draft->chain, part->node,
                                     "does not fit between layers: only at the ends of the graph");
    return TP_OK;
}

static tp_status add_parts(struct draft *draft) {
    const struct tp_onnx_chain *chain = draft->chain;
    tp_status status = TP_OK;
    for (size_t i = 0; !status && i < chain->count; i++)
        status = chain->part[i].kind == TP_ONNX_PRODUCT      ? add_product(draft, &chain->part[i])
                 : chain->part[i].kind == TP_ONNX_ACTIVATION ? add_activation(draft, i)
                                                             : check_end(draft, i);
    if (!status && !draft->options.layer_count)
        return tp_fail(chain->file->context, TP_ERR_FORMAT, "%s: graph has no layer: no Gemm or MatMul",
                       chain->file->path);
    return status;
}

/* ---- scaling ---- */

/* scaled = (value - mean) / deviation, and one more operation on it. */
static void scale_input(char op, double c, double *mean, double *deviation) {
    if (op == 'S' || op == 'A')
        *mean += (op == 'S' ? c : -c) * *deviation;
    else
        *deviation = op == 'M' ? *deviation / c : *deviation * c;
}

/* value = scaled deviation + mean, and one more operation on it. */
static void scale_output(char op, double c, double *mean, double *deviation) {
    if (op == 'S' || op == 'A') {
        *mean += op == 'A' ? c : -c;
    } else {
        *mean = op == 'M' ? *mean * c : *mean / c;
        *deviation = op == 'M' ? *deviation * c : *deviation / c;
    }
}

static tp_status check_constant(const struct draft *draft, const struct tp_onnx_part *part, size_t values) {
    const struct tp_onnx_array *constant = &part->constant;
    if (constant->count == 1 || (constant->count == values && (constant->rank == 1 || constant->dims[0] == 1)))
        return TP_OK;
    return tp_fail(draft->chain->file->context, TP_ERR_FORMAT, "%s: tensor '%s' has %zu numbers; %zu, or 1, fit",
                   draft->chain->file->path, constant->name, constant->count, values);
}

static tp_status apply(const struct draft *draft, const struct tp_onnx_part *part, size_t values, bool output,
                       double *mean, double *deviation) {
    const tp_status status = check_constant(draft, part, values);
    for (size_t i = 0; !status && i < values; i++) {
        const double c = tp_onnx_element(&part->constant, part->constant.count == 1 ? 0 : i);
        (output ? scale_output : scale_input)(*part->node->op_type, c, &mean[i], &deviation[i]);
    }
    return status;
}

static bool all_equal(const double *values, size_t count) {
    for (size_t i = 1; i < count; i++)
        if (values[i] != values[0])
            return false;
    return true;
}

/* The arithmetic of parts begin..end-1, if there is any. */
static tp_status take_scaling(struct draft *draft, size_t begin, size_t end, size_t values, bool output,
                              tp_scaling *scaling) {
    const struct tp_file *file = draft->chain->file;
    const size_t size = tp_size_mul(values, sizeof(double));
    double **pair = &draft->scaling[output ? TP_OUTPUT_MEAN : TP_INPUT_MEAN];
    if (begin == end)
        return TP_OK;
    for (int i = 0; i < 2; i++) {
        pair[i] = tp_allocate(file->context, size);
        if (!pair[i])
            return tp_fail_allocation(file->context, file->path, size);
    }
    for (size_t i = 0; i < values; i++)
        pair[0][i] = 0, pair[1][i] = 1;
    tp_status status = TP_OK;
    for (size_t i = begin; !status && i < end; i++)
        status = apply(draft, &draft->chain->part[i], values, output, pair[0], pair[1]);
    const bool each = !(all_equal(pair[0], values) && all_equal(pair[1], values));
    *scaling = (tp_scaling){each ? values : 1, pair[0], pair[1]};
    return status;
}

static tp_status add_scaling(struct draft *draft) {
    const struct tp_onnx_chain *chain = draft->chain;
    tp_model_options *options = &draft->options;
    size_t begin = 0, end = chain->count;
    while (chain->part[begin].kind == TP_ONNX_ARITHMETIC)
        begin++;
    while (chain->part[end - 1].kind == TP_ONNX_ARITHMETIC)
        end--;
    const tp_status status = take_scaling(draft, 0, begin, options->inputs, false, &options->inputs_scaled);
    return status ? status
                  : take_scaling(draft, end, chain->count, draft->layer[options->layer_count - 1].width, true,
                                 &options->outputs_scaled);
}

/* ---- metadata ---- */

/* What the metadata has for us, with our keys; NULL if memory runs out. Whether it is UTF-8 is seen when it is used. */
static json_t *own_metadata(const TpOnnx__ModelProto *proto) {
    const size_t prefix = strlen(TP_ONNX_PREFIX);
    json_t *metadata = json_object();
    for (size_t i = 0; metadata && i < proto->n_metadata_props; i++) {
        const TpOnnx__StringStringEntryProto *entry = proto->metadata_props[i];
        const char *key = tp_onnx_text(entry->key);
        if (!strncmp(key, TP_ONNX_PREFIX, prefix) &&
            json_object_set_new_nocheck(metadata, key + prefix, json_string_nocheck(tp_onnx_text(entry->value)))) {
            json_decref(metadata);
            return NULL;
        }
    }
    return metadata;
}

static tp_status fail_metadata(const struct draft *draft, const char *key) {
    return tp_fail(draft->chain->file->context, TP_ERR_FORMAT,
                   "%s: metadata " TP_ONNX_PREFIX "%s is not what the nodes say", draft->chain->file->path, key);
}

static tp_status compare_layers(const struct draft *draft, const tp_layer *said) {
    for (size_t l = 0; l < draft->options.layer_count; l++) {
        const tp_layer *layer = &draft->layer[l];
        if (said[l].activation != layer->activation ||
            (tp_has_slope(layer->activation) && said[l].slope != layer->slope))
            return fail_metadata(draft, tp_layer_key(l, TP_OF_LAYER_ACTIVATION).text);
    }
    return TP_OK;
}

static bool are_near(const tp_scaling *graph, const tp_scaling *said, size_t values) {
    if (!graph->count != !said->count)
        return false;
    for (size_t i = 0; graph->count && i < values; i++) {
        const size_t g = graph->count == 1 ? 0 : i, s = said->count == 1 ? 0 : i;
        const double mean = said->mean[s], deviation = said->deviation[s];
        if (!(fabs(graph->deviation[g] - deviation) <= NEAR * deviation &&
              fabs(graph->mean[g] - mean) <= NEAR * fabs(mean) + (double)FLT_MIN))
            return false;
    }
    return true;
}

static tp_status compare_scaling(const struct draft *draft, const tp_model_options *said) {
    const tp_model_options *options = &draft->options;
    if (!are_near(&options->inputs_scaled, &said->inputs_scaled, options->inputs))
        return fail_metadata(draft, tp_scaling_key(TP_INPUT_MEAN));
    if (!are_near(&options->outputs_scaled, &said->outputs_scaled, draft->layer[options->layer_count - 1].width))
        return fail_metadata(draft, tp_scaling_key(TP_OUTPUT_MEAN));
    return TP_OK;
}

/* Nodes say what is computed, and metadata the rest, with scaling to its last digit. */
static tp_status add_metadata(struct draft *draft, json_t *metadata) {
    struct tp_safetensors archive = {.file = *draft->chain->file, .metadata = metadata};
    tp_layer said[TP_MAX_LAYERS];
    tp_model_options options = draft->options;
    options.inputs_scaled = options.outputs_scaled = (tp_scaling){0};
    memcpy(said, draft->layer, sizeof said);
    tp_status status = tp_torch_read_metadata(&archive, said, &options, &draft->memory);
    if (!status)
        status = compare_layers(draft, said);
    if (!status)
        status = compare_scaling(draft, &options);
    if (status)
        return status;
    for (size_t l = 0; l < options.layer_count; l++)
        draft->layer[l].dropout = said[l].dropout;
    draft->options = options;
    return TP_OK;
}

/* Only this one goes with scaled outputs. */
static tp_loss loss_of(const struct draft *draft) {
    const tp_model_options *options = &draft->options;
    return options->outputs_scaled.count ? TP_LOSS_MSE
                                         : tp_loss_after(draft->layer[options->layer_count - 1].activation);
}

static tp_status add_plain_schema(struct draft *draft) {
    const struct tp_file *file = draft->chain->file;
    const tp_status status = tp_schema_make_plain(file->context, file->path, &draft->options, &draft->memory.schema);
    draft->options.schema = draft->memory.schema;
    return status;
}

static tp_status describe(struct draft *draft, const TpOnnx__ModelProto *proto, tp_loss loss) {
    const struct tp_file *file = draft->chain->file;
    json_t *metadata = own_metadata(proto);
    if (!metadata)
        return tp_fail(file->context, TP_ERR_MEMORY, "%s: cannot allocate memory for its metadata", file->path);
    const bool said = json_object_get(metadata, TP_KEY_TORCH);
    const tp_status status = said ? add_metadata(draft, metadata) : TP_OK;
    json_decref(metadata);
    if (!said)
        draft->options.loss = loss_of(draft);
    if (loss != TP_LOSS_COUNT)
        draft->options.loss = loss;
    return status || said ? status : add_plain_schema(draft);
}

/* ---- model ---- */

/* What tp_model_create would refuse is here what the file says. */
static tp_status check_draft(const struct draft *draft) {
    const struct tp_file *file = draft->chain->file;
    struct tp_message reason = {.lock = ATOMIC_FLAG_INIT};
    struct tp_context silent = *file->context;
    silent.on_message = NULL;
    silent.message = &reason;
    if (!tp_check_model(&silent, &draft->options))
        return TP_OK;
    return tp_fail(file->context, TP_ERR_FORMAT, "%s: %s", file->path, reason.text);
}

static tp_status fill_layer(const struct draft *draft, size_t l, tp_model *model) {
    const struct tp_onnx_part *part = draft->product[l];
    const struct tp_shape *shape = &model->shape[l];
    float *bias = model->parameters + shape->bias;
    tp_status status = tp_onnx_fill(draft->chain->file, &part->weight, part->alpha, model->parameters + shape->weight);
    if (!status && part->constant.count)
        status = tp_onnx_fill(draft->chain->file, &part->constant, part->beta, bias);
    for (size_t i = part->constant.count; part->constant.count == 1 && i < shape->outputs; i++)
        bias[i] = bias[0];
    return status;
}

static tp_status add_notes(const struct tp_file *file, const TpOnnx__ModelProto *proto, tp_model *model) {
    tp_status status = TP_OK;
    for (size_t i = 0; !status && i < proto->n_metadata_props; i++) {
        const char *key = tp_onnx_text(proto->metadata_props[i]->key);
        const char *text = tp_onnx_text(proto->metadata_props[i]->value);
        const char *problem = tp_is_note(key) ? tp_note_problem(key, text, model->notes.bytes) : NULL;
        if (problem)
            status = tp_fail(file->context, TP_ERR_FORMAT, "%s: metadata '%s' %s", file->path, key, problem);
        else if (tp_is_note(key))
            status = tp_notes_set(file->context, file->path, &model->notes, key, text);
    }
    return status;
}

static tp_status make(tp_context *context, struct draft *draft, const TpOnnx__ModelProto *proto, tp_loss loss,
                      tp_model **model) {
    tp_status status = add_parts(draft);
    if (!status)
        status = add_scaling(draft);
    if (!status)
        status = describe(draft, proto, loss);
    if (!status)
        status = check_draft(draft);
    if (!status)
        status = tp_model_create(context, &draft->options, model);
    for (size_t l = 0; !status && l < draft->options.layer_count; l++)
        status = fill_layer(draft, l, *model);
    return status ? status : add_notes(draft->chain->file, proto, *model);
}

tp_status tp_onnx_make(tp_context *context, const struct tp_onnx_chain *chain, const TpOnnx__ModelProto *proto,
                       tp_loss loss, tp_model **model) {
    struct draft draft = {.chain = chain};
    tp_model *made = NULL;
    tp_model_options_default(&draft.options);
    draft.options.layers = draft.layer;
    draft.options.init = TP_INIT_ZERO;
    const tp_status status = make(context, &draft, proto, loss, &made);
    for (int array = 0; array < TP_SCALING_ARRAYS; array++)
        tp_release(context, draft.scaling[array]);
    tp_torch_release(context, &draft.memory);
    if (status)
        tp_model_destroy(made);
    else
        *model = made;
    return status;
}
