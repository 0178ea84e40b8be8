/* SPDX-License-Identifier: BSD-3-Clause */
/* How the weights of a layer can lie for inference. Products read them with the same bits in every layout. */
#ifndef TP_NET_LAYOUT_H
#define TP_NET_LAYOUT_H

#include "gemm/packed.h"
#include "net/model.h"

enum tp_layout {
    TP_LAYOUT_ROWS,   /* as in a model */
    TP_LAYOUT_PADDED, /* rows tp_padded apart, which do not share sets of a cache */
    TP_LAYOUT_PANELS, /* as products pack them */
    TP_LAYOUT_BF16,   /* rows that are rounded already, for products in bf16, which read no other layout than rows */
    TP_LAYOUT_COUNT
};

/* The weights of a layer in each layout that is there; else NULL. */
struct tp_copies {
    float *rows[TP_LAYOUT_PANELS];
    tp_packed *panels;
    uint16_t *bf16;
};

/* Whether layer l has layouts to choose from; else its weights stay among the parameters. */
bool tp_has_layouts(const tp_model *model, size_t l);

/* The rows of the model's layer l. */
tp_status tp_layout_take(const struct tp_context *context, const tp_model *model, size_t l, struct tp_copies *copies);

/* Another layout of layer l, from the rows, unless it is there already, would be the rows once more, or the products of
 * the model cannot read it. */
tp_status tp_layout_make(tp_context *context, const tp_model *model, size_t l, struct tp_copies *copies,
                         enum tp_layout layout);
bool tp_layout_is_there(const struct tp_copies *copies, enum tp_layout layout);
void tp_layout_release(const struct tp_context *context, struct tp_copies *copies, enum tp_layout layout);

/* A layout that is there, as the right side of a product. */
struct tp_operand tp_layout_operand(const struct tp_shape *shape, const struct tp_copies *copies,
                                    enum tp_layout layout);

#endif
