/* SPDX-License-Identifier: BSD-3-Clause */
/* Files of other programs that models can become, or be made of. */
#ifndef TILEPROP_TOOLS_EXCHANGE_H
#define TILEPROP_TOOLS_EXCHANGE_H

#include "session.h"

#include <jansson.h>

typedef tp_status exchange_export_fn(const tp_model *model, tp_output *output, const tp_exchange_options *options);
typedef tp_status exchange_import_fn(tp_context *context, const char *path, const tp_exchange_options *options,
                                     tp_model **model);

struct exchange_format {
    const char *name;                 /* NULL ends the table */
    const char *endings[2];           /* of names of files; NULL: no second one */
    exchange_export_fn *export_model; /* NULL: it cannot be written */
    exchange_import_fn *import_model; /* NULL: it cannot be read */
    bool tensors;                     /* --pattern and --map say how its tensors are called */
    bool complete;                    /* it says what --activations and --like would */
    bool identifier;                  /* --name says how what is in it is called */
};

#define FORMAT_OF_ENDING (-1)

/* Names of formats that can be written, and read, for option rows. */
const char *exchange_export_name(int value);
const char *exchange_import_name(int value);

/* The format of this value, or FORMAT_OF_ENDING, for the option --to or --from and the file; NULL, with a message. */
const struct exchange_format *exchange_find(const char *option, int value, const char *path);

/* What options say, and what the library's options point to; begins as zeros but for these. */
struct exchange_names {
    tp_exchange_options options;
    json_t *map;
    const char *weights[TP_MAX_LAYERS], *biases[TP_MAX_LAYERS];
    tp_activation activations[TP_MAX_LAYERS];
};

/* These return false, with a message, if something is not valid. A map is a JSON list with an object for each layer. */
bool exchange_read_map(struct exchange_names *names, const char *path);
bool exchange_take_activations(struct exchange_names *names, const char *list);

void exchange_release(const struct exchange_names *names);

#endif
