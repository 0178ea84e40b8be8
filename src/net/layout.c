/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/layout.h"

#include "core/size.h"
#include "net/pass.h"

#include <string.h>

/* Rows of a line or less are read in one way alone, and so is what is rounded to bf16. */
bool tp_has_layouts(const tp_model *model, size_t l) {
    return !model->bf16 && model->shape[l].outputs > TP_LINE;
}

static tp_status allocate_rows(const struct tp_context *context, const struct tp_shape *shape, size_t ld,
                               float **rows) {
    const size_t size = tp_size_mul(tp_size_mul(shape->inputs, ld), sizeof **rows);
    *rows = tp_allocate(context, size);
    return *rows ? TP_OK : tp_fail_allocation(context, "predictor", size);
}

tp_status tp_layout_take(const struct tp_context *context, const tp_model *model, size_t l, struct tp_copies *copies) {
    const struct tp_shape *shape = &model->shape[l];
    float **rows = &copies->rows[TP_LAYOUT_ROWS];
    const tp_status status = allocate_rows(context, shape, shape->outputs, rows);
    if (!status)
        tp_model_copy_parameters(model, shape->weight, shape->inputs * shape->outputs, *rows);
    return status;
}

static void pad_rows(const float *from, float *to, const struct tp_shape *shape, size_t ld) {
    memset(to, 0, shape->inputs * ld * sizeof *to);
    for (size_t i = 0; i < shape->inputs; i++)
        memcpy(to + i * ld, from + i * shape->outputs, shape->outputs * sizeof *to);
}

tp_status tp_layout_make(tp_context *context, const struct tp_shape *shape, struct tp_copies *copies,
                         enum tp_layout layout) {
    const size_t ld = tp_padded(shape->outputs);
    const float *rows = copies->rows[TP_LAYOUT_ROWS];
    if (layout == TP_LAYOUT_PANELS && !copies->panels)
        return tp_packed_create(context, TP_TRANSPOSE_NO, shape->inputs, shape->outputs, rows, shape->outputs, NULL, 0,
                                &copies->panels);
    if (layout != TP_LAYOUT_PADDED || ld == shape->outputs || copies->rows[TP_LAYOUT_PADDED])
        return TP_OK;
    const tp_status status = allocate_rows(context, shape, ld, &copies->rows[TP_LAYOUT_PADDED]);
    if (!status)
        pad_rows(rows, copies->rows[TP_LAYOUT_PADDED], shape, ld);
    return status;
}

bool tp_layout_is_there(const struct tp_copies *copies, enum tp_layout layout) {
    return layout == TP_LAYOUT_PANELS ? copies->panels != NULL : copies->rows[layout] != NULL;
}

struct tp_operand tp_layout_operand(const struct tp_shape *shape, const struct tp_copies *copies,
                                    enum tp_layout layout) {
    if (layout == TP_LAYOUT_PANELS)
        return (struct tp_operand){.p = copies->panels->panels, .packed = true};
    return tp_plain(copies->rows[layout], layout == TP_LAYOUT_PADDED ? tp_padded(shape->outputs) : shape->outputs);
}

void tp_layout_release(const struct tp_context *context, struct tp_copies *copies, enum tp_layout layout) {
    if (layout == TP_LAYOUT_PANELS) {
        tp_packed_destroy(copies->panels);
        copies->panels = NULL;
    } else {
        tp_release(context, copies->rows[layout]);
        copies->rows[layout] = NULL;
    }
}
