/* SPDX-License-Identifier: BSD-3-Clause */
#include "train_onednn.h"
#include "memory.h"
#include "train_data.h"

#include <stdlib.h>

dnnl_engine_t onednn_engine;
dnnl_stream_t onednn_stream;

void onednn_need(dnnl_status_t status) {
    if (status != dnnl_success)
        exit(1);
}

void onednn_start(void) {
    if (onednn_engine)
        return;
    onednn_need(dnnl_engine_create(&onednn_engine, dnnl_cpu, 0));
    onednn_need(dnnl_stream_create(&onednn_stream, onednn_engine, dnnl_stream_default_flags));
}

dnnl_memory_desc_t onednn_matrix(int64_t rows, int64_t columns, dnnl_format_tag_t tag) {
    dnnl_memory_desc_t desc;
    onednn_need(dnnl_memory_desc_init_by_tag(&desc, 2, (const dnnl_dims_t){rows, columns}, dnnl_f32, tag));
    return desc;
}

dnnl_memory_desc_t onednn_vector(int64_t size) {
    dnnl_memory_desc_t desc;
    onednn_need(dnnl_memory_desc_init_by_tag(&desc, 1, (const dnnl_dims_t){size}, dnnl_f32, dnnl_a));
    return desc;
}

dnnl_memory_t onednn_make_memory(const dnnl_memory_desc_t *desc, void *block) {
    dnnl_memory_t memory;
    onednn_need(dnnl_memory_create(&memory, desc, onednn_engine, block));
    return memory;
}

dnnl_memory_t onednn_make_zeros(const dnnl_memory_desc_t *desc) {
    return onednn_make_memory(desc, bench_allocate(dnnl_memory_desc_get_size(desc)));
}

float *onednn_block_of(dnnl_memory_t memory) {
    void *block = NULL;
    if (memory)
        onednn_need(dnnl_memory_get_data_handle(memory, &block));
    return block;
}

size_t onednn_elements_of(dnnl_memory_t memory) {
    const dnnl_memory_desc_t *desc;
    onednn_need(dnnl_memory_get_memory_desc(memory, &desc));
    return dnnl_memory_desc_get_size(desc) / sizeof(float);
}

dnnl_primitive_t onednn_make_reorder(dnnl_memory_t from, dnnl_memory_t to) {
    const dnnl_memory_desc_t *from_desc, *to_desc;
    dnnl_primitive_desc_t desc;
    dnnl_primitive_t reorder;
    onednn_need(dnnl_memory_get_memory_desc(from, &from_desc));
    onednn_need(dnnl_memory_get_memory_desc(to, &to_desc));
    onednn_need(dnnl_reorder_primitive_desc_create(&desc, from_desc, onednn_engine, to_desc, onednn_engine, NULL));
    onednn_need(dnnl_primitive_create(&reorder, desc));
    onednn_need(dnnl_primitive_desc_destroy(desc));
    return reorder;
}

void onednn_execute(dnnl_primitive_t primitive, int count, const dnnl_exec_arg_t *arguments) {
    onednn_need(dnnl_primitive_execute(primitive, onednn_stream, count, arguments));
}

void onednn_reorder(dnnl_primitive_t primitive, dnnl_memory_t from, dnnl_memory_t to) {
    onednn_execute(primitive, 2, (const dnnl_exec_arg_t[]){{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}});
}

dnnl_memory_t onednn_memory_for(dnnl_primitive_desc_t desc, dnnl_query_t what, dnnl_memory_t memory) {
    const dnnl_memory_desc_t *wanted = dnnl_primitive_desc_query_md(desc, what, 0), *present;
    onednn_need(dnnl_memory_get_memory_desc(memory, &present));
    return dnnl_memory_desc_equal(wanted, present) ? memory : onednn_make_zeros(wanted);
}

void onednn_release_memory(dnnl_memory_t memory) {
    free(onednn_block_of(memory));
    if (memory)
        onednn_need(dnnl_memory_destroy(memory));
}
