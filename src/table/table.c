/* SPDX-License-Identifier: BSD-3-Clause */
#include "table/table.h"

#include "core/memory.h"

#include <stdio.h>

struct tp_block_list {
    struct tp_block_list *next;
    void (*undo)(void *argument, size_t size); /* NULL: the memory behind this struct is the allocation itself */
    void *argument;
    size_t size;
};

static const size_t sizes[] = {
    [TP_NUMBER_U8] = sizeof(uint8_t), [TP_NUMBER_F32] = sizeof(float), [TP_NUMBER_F64] = sizeof(double)};

size_t tp_number_size(enum tp_number type) {
    return sizes[type];
}

static struct tp_block_list *link_block(struct tp_table *table, size_t size) {
    struct tp_block_list *block = tp_allocate(table->context, size);
    if (!block)
        return NULL;
    *block = (struct tp_block_list){.next = table->blocks};
    table->blocks = block;
    return block;
}

void *tp_table_allocate(struct tp_table *table, size_t size) {
    struct tp_block_list *block = link_block(table, tp_size_add(size, TP_ALIGNMENT));
    return block ? (unsigned char *)block + TP_ALIGNMENT : NULL;
}
_Static_assert(sizeof(struct tp_block_list) <= TP_ALIGNMENT, "what a block is for goes before it");

tp_status tp_table_own(struct tp_table *table, void (*undo)(void *argument, size_t size), void *argument, size_t size) {
    struct tp_block_list *block = link_block(table, sizeof *block);
    if (!block)
        return tp_fail_allocation(table->context, table->path, sizeof *block);
    block->undo = undo;
    block->argument = argument;
    block->size = size;
    return TP_OK;
}

void tp_table_release(struct tp_table *table) {
    while (table->blocks) {
        struct tp_block_list *block = table->blocks;
        table->blocks = block->next;
        if (block->undo)
            block->undo(block->argument, block->size);
        tp_release(table->context, block);
    }
    table->fields = NULL;
    table->count = table->rows = 0;
}

double tp_field_number(const struct tp_field *field, size_t row) {
    const size_t at = row * field->stride;
    switch (field->type) {
    case TP_NUMBER_U8:
        return ((const uint8_t *)field->numbers)[at];
    case TP_NUMBER_F32:
        return (double)((const float *)field->numbers)[at];
    case TP_NUMBER_F64:
        break;
    }
    return ((const double *)field->numbers)[at];
}

const char *tp_field_label(const struct tp_table *table, size_t i, char *room, size_t size) {
    if (table->fields[i].name)
        snprintf(room, size, "'%s'", table->fields[i].name);
    else
        snprintf(room, size, "%zu", i + 1);
    return room;
}
