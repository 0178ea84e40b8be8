/* SPDX-License-Identifier: BSD-3-Clause */
#include "npz_array.h"
#include "interrupt.h"
#include "report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX 10 /* magic, version, length of the header */

static const char byte_order = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? '<' : '>';

static int flush(struct npz_writer *writer) {
    const int code = zip_write(&writer->zip, writer->buffer, writer->used);
    writer->used = 0;
    return code ? code : interrupt_code();
}

int npz_add(struct npz_writer *writer, const void *value, size_t size) {
    const int code = writer->used + size > NPZ_BUFFER ? flush(writer) : EXIT_SUCCESS;
    memcpy(writer->buffer + writer->used, value, size);
    writer->used += size;
    return code;
}

int npz_begin(struct npz_writer *writer, const char *name, const char *type, const char *shape) {
    char text[160], header[256];
    const int length = snprintf(text, sizeof text, "{'descr': '%c%s', 'fortran_order': False, 'shape': (%s), }",
                                byte_order, type, shape);
    const int end = (PREFIX + length + ZIP_ALIGNMENT) / ZIP_ALIGNMENT * ZIP_ALIGNMENT;
    snprintf(header, sizeof header, "%c%s%c%c%c%c%-*s\n", 0x93, "NUMPY", 1, '?', 0, 0, end - PREFIX - 1, text);
    header[7] = 0;
    header[8] = (char)(end - PREFIX);
    const int code = zip_begin(&writer->zip, name);
    return code ? code : zip_write(&writer->zip, header, (size_t)end);
}

int npz_end(struct npz_writer *writer) {
    const int code = flush(writer);
    return code ? code : zip_end(&writer->zip);
}

/* ---- texts ---- */

/* The next character of UTF-8. */
static uint32_t next_character(const char **text) {
    const unsigned char first = (unsigned char)*(*text)++;
    uint32_t character = first < 0x80 ? first : first < 0xe0 ? first & 0x1f : first < 0xf0 ? first & 0x0f : first & 7;
    while (((unsigned char)**text & 0xc0) == 0x80)
        character = character << 6 | ((unsigned char)*(*text)++ & 0x3f);
    return character;
}

/* jansson tells. */
bool npz_is_utf8(const char *text) {
    json_t *string = json_string(text);
    json_decref(string);
    return string != NULL;
}

int npz_widen(size_t *width, const char *text) {
    size_t count = 0;
    if (!npz_is_utf8(text)) {
        complain("'%s': the name cannot be written to NPZ, as it is not UTF-8", text);
        return EXIT_FAILURE;
    }
    for (; *text; count++)
        next_character(&text);
    *width = count > *width ? count : *width;
    return EXIT_SUCCESS;
}

int npz_add_text(struct npz_writer *writer, const char *text, size_t width) {
    int code = EXIT_SUCCESS;
    for (size_t i = 0; !code && i < width; i++) {
        const uint32_t character = *text ? next_character(&text) : 0;
        code = npz_add(writer, &character, sizeof character);
    }
    return code;
}

int npz_begin_texts(struct npz_writer *writer, const char *name, size_t width, size_t count) {
    char type[32], shape[32];
    snprintf(type, sizeof type, "U%zu", width);
    snprintf(shape, sizeof shape, "%zu,", count);
    return npz_begin(writer, name, type, shape);
}
