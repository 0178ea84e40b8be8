/* SPDX-License-Identifier: BSD-3-Clause */
/* The functions of which C source of models consists, with @ for its name. */
#ifndef TP_IO_C_FUNCTIONS_H
#define TP_IO_C_FUNCTIONS_H

#include "io/c_text.h"

extern const char tp_c_begin[];    /* what they all need */
extern const char tp_c_to_float[]; /* of scaling */
extern const char tp_c_chain[];    /* products */
extern const char tp_c_lanes[];    /* of layers with few outputs */
extern const char tp_c_exp[];      /* what some activations need */

/* What an activation is in C. */
struct tp_c_activation {
    const char *text;
    bool exp;       /* needs tp_c_exp */
    bool parameter; /* the slope, as second argument */
    bool row;       /* of all values at once: arguments are the array and their number */
    bool libm;      /* bits depend on functions of the C library */
};

const struct tp_c_activation *tp_c_activation(tp_activation activation);

#endif
