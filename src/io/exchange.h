/* SPDX-License-Identifier: BSD-3-Clause */
/* Models from and for other programs. */
#ifndef TP_IO_EXCHANGE_H
#define TP_IO_EXCHANGE_H

#include "io/model_names.h"
#include "io/safetensors.h"

#define TP_TORCH_HEADER                                                                                                \
    ((size_t)4 << 20)              /* bytes of a header, at most: it also has what models scale by, and schemas */
#define TP_KEY_TORCH "tileprop"    /* in the metadata of files of layers: which version of the library wrote it */
#define TP_TORCH_ROWS ((size_t)16) /* of weights as files have them, which are turned together */

/* A program's options with NULL for those by default. */
tp_status tp_exchange_take(const struct tp_context *context, const tp_exchange_options *given,
                           tp_exchange_options *options);

/* The context's error unless the output is there and empty. */
tp_status tp_exchange_check_output(const tp_model *model, const char *function, const tp_output *output);

/* The loss of a model whose file says only its last activation. */
tp_loss tp_loss_after(tp_activation last);

/* A pattern of names: what comes before the number and behind it. */
struct tp_pattern {
    const char *prefix, *suffix;
    size_t prefix_length;
    bool counted; /* first, first + 1, ...; else places in nn.Sequential */
    size_t first;
};

tp_status tp_pattern_parse(const struct tp_context *context, const char *text, struct tp_pattern *pattern);

/* The last "weight" in a name; NULL: none. */
const char *tp_weight_word(const char *name);

struct tp_layer_names {
    const char *weight, *bias; /* keys of the header; bias NULL: none */
};

/* Which tensors are those of layers, of which there is at least one. */
tp_status tp_torch_names(const struct tp_safetensors *archive, const tp_exchange_options *options,
                         struct tp_layer_names names[TP_MAX_LAYERS], size_t *count);

/* Weights of so many outputs, at most TP_TORCH_ROWS, from one on, as rows of all inputs. */
void tp_torch_turn(const tp_model *model, size_t l, size_t output, size_t rows, float *floats);

/* What a file says of a model beyond its tensors, with the schema as JSON, or NULL; 0, or -1 if memory runs out. */
int tp_torch_describe(const struct tp_context *context, json_t *metadata, const tp_model_options *options,
                      const char *schema, size_t size);

/* What options from metadata point to. */
struct tp_torch_memory {
    double *scaling[TP_SCALING_ARRAYS];
    struct tp_schema *schema;
};

/* Adds to options, which have the shapes, and to layer, which are theirs. The memory, which begins as zeros, is
 * released in any case. */
tp_status tp_torch_read_metadata(const struct tp_safetensors *archive, tp_layer *layer, tp_model_options *options,
                                 struct tp_torch_memory *memory);
void tp_torch_release(const struct tp_context *context, const struct tp_torch_memory *memory);

/* Loss, activations and dropout as metadata has them, of the layers of options, which layer is, too. */
tp_status tp_read_layers(const struct tp_safetensors *archive, tp_layer *layer, tp_model_options *options);

#endif
