/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/c_text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define IN_LINE 6 /* elements */

tp_status tp_c_end(struct tp_c_text *text) {
    if (!text->status)
        text->status = tp_output_write(text->output, text->buffer, text->used);
    text->used = 0;
    return text->status;
}

static void put_bytes(struct tp_c_text *text, const char *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) {
        if (text->used == sizeof text->buffer)
            tp_c_end(text);
        text->buffer[text->used++] = bytes[i];
    }
}

void tp_c_put(struct tp_c_text *text, const char *template) {
    while (*template) {
        const size_t length = strcspn(template, "@");
        put_bytes(text, template, length);
        template += length;
        if (*template) {
            put_bytes(text, text->name, strlen(text->name));
            template ++;
        }
    }
}

void tp_c_print(struct tp_c_text *text, const char *format, ...) {
    char line[512];
    va_list list;
    va_start(list, format);
    vsnprintf(line, sizeof line, format, list);
    va_end(list);
    tp_c_put(text, line);
}

static void put_separator(struct tp_c_text *text, size_t i) {
    tp_c_put(text, !i ? "    " : i % IN_LINE ? ", " : ",\n    ");
}

void tp_c_put_float(struct tp_c_text *text, float value, size_t i) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    const int exponent = bits >> 23 & 255;
    const unsigned digits = (bits & 0x7fffff) << 1;
    const char *const sign = bits >> 31 ? "-" : "";
    put_separator(text, i);
    if (exponent == 255)
        tp_c_print(text, "%s%s", digits ? "" : sign, digits ? "NAN" : "INFINITY");
    else if (exponent)
        tp_c_print(text, "%s0x1.%06xp%+df", sign, digits, exponent - 127);
    else
        tp_c_print(text, digits ? "%s0x0.%06xp-126f" : "%s0.0f", sign, digits);
}

void tp_c_put_double(struct tp_c_text *text, double value, size_t i) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    const int exponent = bits >> 52 & 2047;
    put_separator(text, i);
    tp_c_print(text, "%s0x%d.%013" PRIx64 "p%+d", bits >> 63 ? "-" : "", exponent > 0, bits & (UINT64_MAX >> 12),
               exponent ? exponent - 1023 : -1022);
}
