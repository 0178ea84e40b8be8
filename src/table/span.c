/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/memory.h"
#include "core/size.h"
#include "table/plan.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void *tp_table_take(struct tp_table *table, size_t count, size_t size) {
    const size_t bytes = tp_size_mul(tp_max(count, 1), size);
    void *block = tp_table_allocate(table, bytes);
    if (!block)
        tp_fail_allocation(table->context, table->path, bytes);
    else
        memset(block, 0, bytes);
    return block;
}

struct tp_row_label tp_row_label(const struct tp_table *table, size_t row) {
    struct tp_row_label label;
    snprintf(label.text, sizeof label.text, table->lines ? "line %zu" : "row %zu",
             table->lines ? table->lines[row] : row + 1);
    return label;
}

bool tp_field_missing(const struct tp_field *field, size_t row) {
    return field->codes ? field->codes[row] == TP_NO_WORD : isnan(tp_field_number(field, row));
}

/* Numbers from one field to the next; 0: not of one matrix. */
static size_t step_between(const struct tp_field *a, const struct tp_field *b) {
    const uintptr_t from = (uintptr_t)a->numbers, to = (uintptr_t)b->numbers;
    const size_t size = tp_number_size(a->type);
    if (!b->numbers || a->type != b->type || a->stride != b->stride || to <= from || (to - from) % size)
        return 0;
    return (to - from) / size;
}

struct tp_span tp_span_at(const struct tp_table *table, const size_t *list, size_t count, size_t first) {
    const struct tp_field *field = &table->fields[list[first]];
    struct tp_span span = {
        .first = first, .count = 1, .numbers = field->numbers, .type = field->type, .stride = field->stride, .step = 1};
    for (size_t i = first + 1; field->numbers && i < count; i++, span.count++) {
        const size_t step = step_between(&table->fields[list[i - 1]], &table->fields[list[i]]);
        if (!step || (span.count > 1 && step != span.step))
            break;
        span.step = step;
    }
    return span;
}

size_t tp_block_rows(const struct tp_span *span) {
    return tp_max(TP_BLOCK / span->count, 1);
}

#define DEFINE_LOAD(type, name)                                                                                        \
    static void load_##name(const struct tp_span *span, size_t row, size_t rows, double *numbers) {                    \
        const type *from = (const type *)span->numbers + row * span->stride;                                           \
        for (size_t i = 0; i < rows; i++, from += span->stride)                                                        \
            for (size_t j = 0; j < span->count; j++)                                                                   \
                *numbers++ = (double)from[j * span->step];                                                             \
    }

DEFINE_LOAD(uint8_t, u8)
DEFINE_LOAD(float, f32)
DEFINE_LOAD(double, f64)

void tp_span_load(const struct tp_span *span, size_t row, size_t rows, double *numbers) {
    static void (*const loads[])(const struct tp_span *, size_t, size_t, double *) = {
        [TP_NUMBER_U8] = load_u8, [TP_NUMBER_F32] = load_f32, [TP_NUMBER_F64] = load_f64};
    loads[span->type](span, row, rows, numbers);
}
