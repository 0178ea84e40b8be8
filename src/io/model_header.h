/* SPDX-License-Identifier: BSD-3-Clause */
/* What headers of files with models say; the functions return 0, or -1 if memory runs out, as those of jansson do. */
#ifndef TP_IO_MODEL_HEADER_H
#define TP_IO_MODEL_HEADER_H

#include "core/digits.h"
#include "io/safetensors.h"

/* A number as text of at most so many digits, in every locale the same. NULL if memory runs out. */
json_t *tp_json_number(double value, size_t digits);

/* Adds what a model is, but for its shapes and what is in tensors. */
int tp_describe_model(json_t *metadata, const tp_model_options *options);

/* Of this the loss with its options and the precision, and the layers. */
int tp_describe_objective(json_t *metadata, const tp_model_options *options);
int tp_describe_layers(json_t *metadata, const tp_model_options *options);

/* One of the arrays of a model's scaling (enum tp_scaling_array), and how many values it has. */
const double *tp_scaling_values(const tp_model_options *options, int array, size_t *count);

/* Adds a tensor whose data begins at *offset and moves *offset to its end. shape may be NULL if memory ran out. */
int tp_describe_tensor(json_t *header, const char *name, json_t *shape, size_t elements, size_t element,
                       size_t *offset);

#endif
