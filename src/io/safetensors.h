/* SPDX-License-Identifier: BSD-3-Clause */
/* The safetensors container: 8 bytes header length, JSON header, data. Only what models need: tensors of floats, and of
 * bytes, of up to two dimensions. */
#ifndef TP_IO_SAFETENSORS_H
#define TP_IO_SAFETENSORS_H

#include "io/file.h"

#include <jansson.h>
#include <stdint.h>
#include <sys/types.h>
/* needs both */
#include <sha2.h>

#define TP_TENSOR_MAX_RANK 2
#define TP_MAX_TENSORS (2 * TP_MAX_LAYERS + 5)

/* Types of elements. */
enum tp_tensor_type { TP_TENSOR_F32, TP_TENSOR_F64, TP_TENSOR_U8, TP_TENSOR_F16, TP_TENSOR_BF16, TP_TENSOR_TYPES };

struct tp_tensor {
    const char *name; /* lives as long as the header */
    enum tp_tensor_type type;
    size_t rank;
    size_t dims[TP_TENSOR_MAX_RANK]; /* at least 1; 1 beyond rank */
    size_t element;                  /* bytes: 1, 2, 4 or 8 */
    size_t begin, end;               /* in bytes, from the begin of the data */
};

struct tp_safetensors {
    struct tp_file file;
    json_t *header;
    json_t *metadata;                        /* strings only; NULL if the file has none */
    size_t data;                             /* offset in the file */
    size_t count;                            /* 0 until they are listed */
    struct tp_tensor tensor[TP_MAX_TENSORS]; /* in the order of their data */
};

/* Bytes of a header, at most. One of 128 tensors, in whatever notation, with the metadata of a model and as much of
 * others'; as JSON in memory it can take 80 times as much. */
#define TP_MODEL_HEADER ((size_t)256 * 1024)

/* Reads the header, of at most limit bytes, as far as the metadata, which can say that the tensors are not for this
 * library. The archive takes the file, which is closed with it, or if this fails. */
tp_status tp_safetensors_open(const struct tp_file *file, size_t limit, struct tp_safetensors *archive);
/* Looks at the tensors, before any of them is read. Makes the checks of the reference reader: they fill the rest of the
 * file exactly, in order, without holes or overlaps. */
tp_status tp_safetensors_list(struct tp_safetensors *archive);
/* Looks at one tensor, of floats, which must be in the header, and must have its data within the file. */
tp_status tp_safetensors_find(const struct tp_safetensors *archive, const char *name, struct tp_tensor *tensor);
void tp_safetensors_close(const struct tp_safetensors *archive);

/* Reads the elements of a tensor of an open archive, and adds its bytes to digest, unless that is NULL. */
tp_status tp_safetensors_read(const struct tp_safetensors *archive, const struct tp_tensor *tensor, void *elements,
                              SHA2_CTX *digest);

/* How many bytes a file with this header has before its tensors; 0 if memory runs out. */
size_t tp_safetensors_begin_size(const json_t *header);

/* These bytes, of which there are size, from the context's allocator; NULL if memory runs out. */
void *tp_safetensors_begin(const struct tp_context *context, const json_t *header, size_t size);

/* Changes count elements, of so many bytes each, between the machine's byte order and that of files, either way. */
void tp_safetensors_swap(void *elements, size_t count, size_t element);

/* Brackets within brackets, at most; of text that is not JSON anything. */
size_t tp_json_depth(const char *text, size_t length);

/* json_loadb, but NULL with refused set if memory ran out. */
json_t *tp_json_parse(const char *text, size_t length, size_t flags, json_error_t *error, bool *refused);

#endif
