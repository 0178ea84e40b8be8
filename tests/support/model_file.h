/* SPDX-License-Identifier: BSD-3-Clause */
/* Model files of tests, in the directory and the context of scratch.h, and the model that most of them hold: 2 inputs,
 * leaky ReLU of width 1, softmax of width 2, 7 parameters. */
#ifndef TP_TESTS_MODEL_FILE_H
#define TP_TESTS_MODEL_FILE_H

#include "scratch.h"

#define MAX_FILE 8192

/* Parts of the header of a file. */
#define DIGEST "4e8143b825437b8e28face1a8c654664a4537ec16dd4a3ac7ad4a046019f796c"
#define OLD_METADATA                                                                                                   \
    "\"loss\":\"cce\",\"input_mean\":\"0.100000001\",\"input_deviation\":\"255.0\","                                   \
    "\"layers.0.activation\":\"leaky_relu\",\"layers.0.slope\":\"0.00999999978\","                                     \
    "\"layers.1.activation\":\"softmax\""
#define METADATA                                                                                                       \
    "\"format\":\"tileprop\",\"version\":\"0.2.0\",\"sha256\":\"" DIGEST "\",\"format_version\":\"2\","                \
    "\"loss\":\"cce\",\"input_mean\":\"0.10000000000000001\",\"input_deviation\":\"255.0\","                           \
    "\"layers.0.activation\":\"leaky_relu\",\"layers.0.slope\":\"0.00999999978\","                                     \
    "\"layers.1.activation\":\"softmax\""
#define TENSOR(name, shape, begin, end)                                                                                \
    "\"" name "\":{\"dtype\":\"F32\",\"shape\":[" shape "],\"data_offsets\":[" #begin "," #end "]}"
#define W0 TENSOR("layers.0.weight", "2,1", 0, 8)
#define B0 TENSOR("layers.0.bias", "1", 8, 12)
#define W1 TENSOR("layers.1.weight", "1,2", 12, 20)
#define B1 TENSOR("layers.1.bias", "2", 20, 28)
#define TENSORS W0 "," B0 "," W1 "," B1
#define SCALED "\"loss\":\"cce\",\"input_mean\":\"0\",\"input_deviation\":\"1\","
#define HEADER(metadata, tensors) "{\"__metadata__\":{" metadata "}," tensors "}"

tp_model *test_make_model(const tp_model_options *options);
tp_model *test_small_model(uint64_t seed);

/* It is the small model, whose inputs have this mean. */
void test_check_small_model(const tp_model *model, double mean);

/* A file of this header text, not padded, and the first data_size bytes of the small model's data (zeros after them).
 * Returns its size; file has room for MAX_FILE. */
size_t test_compose_model(const char *header, size_t data_size, unsigned char *file);
void test_write_model_file(const char *name, const char *header, size_t data_size);

/* Returns the size of a file, which must be less than MAX_FILE. */
size_t test_read_model_file(const char *name, void *data);
void test_check_same_files(const char *a, const char *b);

/* A file's bytes in a block of just their size, to be freed, so that a sanitizer sees what is read beyond. */
unsigned char *test_bytes_of_file(const char *name, size_t *size);

/* The file is what is written to memory of the model, in whatever buffer there is room, and reads as the same. */
void test_check_memory(const tp_model *model, const char *name);

void test_save_model(const tp_model *model, const char *name);
tp_model *test_load_model(const char *name);

/* The small model loads from a file of this header. */
void test_accept_model(const char *header);

/* The status, a part of the message, and the file's directory in it. */
void test_check_file_failure(tp_status got, tp_status expected, const char *fragment);

#endif
