/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/layout.h"

#include "core/size.h"
#include "net/pass.h"

#include <string.h>

/* Rows of a line or less are read in one way alone. */
bool tp_has_layouts(const tp_model *model, size_t l) {
    return model->shape[l].outputs > TP_LINE;
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

static tp_status make_padded(const struct tp_context *context, const struct tp_shape *shape, struct tp_copies *copies) {
    const size_t ld = tp_padded(shape->outputs);
    if (ld == shape->outputs)
        return TP_OK;
    const tp_status status = allocate_rows(context, shape, ld, &copies->rows[TP_LAYOUT_PADDED]);
    if (!status)
        pad_rows(copies->rows[TP_LAYOUT_ROWS], copies->rows[TP_LAYOUT_PADDED], shape, ld);
    return status;
}

static tp_status make_bf16(const struct tp_context *context, const struct tp_shape *shape, struct tp_copies *copies) {
    const size_t count = shape->inputs * shape->outputs;
    copies->bf16 = tp_allocate(context, count * sizeof *copies->bf16);
    if (!copies->bf16)
        return tp_fail_allocation(context, "predictor", count * sizeof *copies->bf16);
    return tp_bf16_from_f32(context, copies->bf16, copies->rows[TP_LAYOUT_ROWS], count);
}

tp_status tp_layout_make(tp_context *context, const tp_model *model, size_t l, struct tp_copies *copies,
                         enum tp_layout layout) {
    const struct tp_shape *shape = &model->shape[l];
    const bool narrow = layout == TP_LAYOUT_BF16;
    if (tp_layout_is_there(copies, layout) || narrow != (model->bf16 != NULL))
        return TP_OK;
    if (layout == TP_LAYOUT_PANELS)
        return tp_packed_create(context, TP_TRANSPOSE_NO, shape->inputs, shape->outputs, copies->rows[TP_LAYOUT_ROWS],
                                shape->outputs, NULL, 0, &copies->panels);
    return narrow ? make_bf16(context, shape, copies) : make_padded(context, shape, copies);
}

bool tp_layout_is_there(const struct tp_copies *copies, enum tp_layout layout) {
    return layout == TP_LAYOUT_PANELS ? copies->panels != NULL
           : layout == TP_LAYOUT_BF16 ? copies->bf16 != NULL
                                      : copies->rows[layout] != NULL;
}

struct tp_operand tp_layout_operand(const struct tp_shape *shape, const struct tp_copies *copies,
                                    enum tp_layout layout) {
    if (layout == TP_LAYOUT_PANELS)
        return (struct tp_operand){.p = copies->panels->panels, .packed = true};
    if (layout == TP_LAYOUT_BF16)
        return (struct tp_operand){.bits = copies->bf16, .row_step = shape->outputs, .column_step = 1, .narrow = true};
    return tp_plain(copies->rows[layout], layout == TP_LAYOUT_PADDED ? tp_padded(shape->outputs) : shape->outputs);
}

void tp_layout_release(const struct tp_context *context, struct tp_copies *copies, enum tp_layout layout) {
    if (layout == TP_LAYOUT_PANELS) {
        tp_packed_destroy(copies->panels);
        copies->panels = NULL;
    } else if (layout == TP_LAYOUT_BF16) {
        tp_release(context, copies->bf16);
        copies->bf16 = NULL;
    } else {
        tp_release(context, copies->rows[layout]);
        copies->rows[layout] = NULL;
    }
}
