/* SPDX-License-Identifier: BSD-3-Clause */
/* C source that is written to an output: numbers in hexadecimal, whatever the locale. */
#ifndef TP_IO_C_TEXT_H
#define TP_IO_C_TEXT_H

#include "core/context.h"

struct tp_c_text {
    tp_output *output;
    const char *name; /* what @ in a text stands for */
    tp_status status; /* of the first write that failed; nothing is written after it */
    size_t used;
    char buffer[4096];
};

void tp_c_put(struct tp_c_text *text, const char *template);
void tp_c_print(struct tp_c_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* An element of an array, with what separates it: number i of count, so many in a line. */
void tp_c_put_float(struct tp_c_text *text, float value, size_t i);
void tp_c_put_double(struct tp_c_text *text, double value, size_t i);

/* Writes what is left in the buffer. */
tp_status tp_c_end(struct tp_c_text *text);

#endif
