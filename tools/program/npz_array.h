/* SPDX-License-Identifier: BSD-3-Clause */
/* Arrays as members of an NPZ file, value after value. */
#ifndef TILEPROP_TOOLS_NPZ_ARRAY_H
#define TILEPROP_TOOLS_NPZ_ARRAY_H

#include "zip.h"

#define NPZ_BUFFER 65536

struct npz_writer {
    struct zip zip;
    tp_dataset *dataset;
    const tp_data *data;
    const tp_schema *schema;
    size_t used; /* of buffer */
    unsigned char buffer[NPZ_BUFFER];
};

/* These return an exit code; they have said why. An array lasts from its begin to its end. */

/* type: as NumPy writes it, without the order of bytes. */
int npz_begin(struct npz_writer *writer, const char *name, const char *type, const char *shape);
/* At most NPZ_BUFFER bytes. */
int npz_add(struct npz_writer *writer, const void *value, size_t size);
int npz_end(struct npz_writer *writer);

/* Other bytes would be changed in an array, and two texts might become one. */
bool npz_is_utf8(const char *text);
/* Makes width, in characters, at least that of the text. */
int npz_widen(size_t *width, const char *text);
/* An array of count texts of this width. */
int npz_begin_texts(struct npz_writer *writer, const char *name, size_t width, size_t count);
int npz_add_text(struct npz_writer *writer, const char *text, size_t width);

#endif
