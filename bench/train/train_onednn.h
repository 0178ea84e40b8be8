/* SPDX-License-Identifier: BSD-3-Clause */
/* Short names for what oneDNN's C API does in many words. */
#ifndef TP_BENCH_TRAIN_ONEDNN_H
#define TP_BENCH_TRAIN_ONEDNN_H

#include <oneapi/dnnl/dnnl.h>

extern dnnl_engine_t onednn_engine;
extern dnnl_stream_t onednn_stream;

/* Makes both, once. */
void onednn_start(void);

/* An error ends the worker, which the reader of its answers sees. */
void onednn_need(dnnl_status_t status);

dnnl_memory_desc_t onednn_matrix(int64_t rows, int64_t columns, dnnl_format_tag_t tag);
dnnl_memory_desc_t onednn_vector(int64_t size);

/* The caller owns block. */
dnnl_memory_t onednn_make_memory(const dnnl_memory_desc_t *desc, void *block);
/* Zeros, also where the layout pads. */
dnnl_memory_t onednn_make_zeros(const dnnl_memory_desc_t *desc);

/* NULL if there is no memory. */
float *onednn_block_of(dnnl_memory_t memory);
size_t onednn_elements_of(dnnl_memory_t memory);

dnnl_primitive_t onednn_make_reorder(dnnl_memory_t from, dnnl_memory_t to);
void onednn_execute(dnnl_primitive_t primitive, int count, const dnnl_exec_arg_t *arguments);
void onednn_reorder(dnnl_primitive_t primitive, dnnl_memory_t from, dnnl_memory_t to);

/* The layout of something that the primitive prefers: memory itself if it has it, else new memory. */
dnnl_memory_t onednn_memory_for(dnnl_primitive_desc_t desc, dnnl_query_t what, dnnl_memory_t memory);

/* With its block; nothing if there is no memory. */
void onednn_release_memory(dnnl_memory_t memory);

#endif
