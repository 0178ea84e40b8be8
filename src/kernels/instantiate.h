/* SPDX-License-Identifier: BSD-3-Clause */
/* Includes every kernel and fills the table of one instruction set. Before: the vocabulary of vec.h, and
 * TP_ISA (the table's name), TP_ISA_NAME (a string), TP_ISA_NEEDS (features), TP_ISA_TUNING (of products). */
#include "kernels/average.h"
#include "kernels/bf16_tile.h"
#include "kernels/gemm_strip.h"
#include "kernels/lanes.h"
#include "kernels/levels.h"
#include "kernels/normal.h"
#include "kernels/pack.h"
#include "kernels/reduce.h"
#include "kernels/skinny.h"
#include "kernels/softmax.h"

#include "kernels/activation/elu.h"
#include "kernels/activation/exp.h"
#include "kernels/activation/gelu.h"
#include "kernels/activation/identity.h"
#include "kernels/activation/leaky_relu.h"
#include "kernels/activation/relu.h"
#include "kernels/activation/sigmoid.h"
#include "kernels/activation/silu.h"
#include "kernels/activation/softplus.h"
#include "kernels/activation/tanh.h"

#include "kernels/loss/bce.h"
#include "kernels/loss/cce.h"
#include "kernels/loss/huber.h"
#include "kernels/loss/mae.h"
#include "kernels/loss/mse.h"
#include "kernels/loss/poisson.h"

#include "kernels/optimizer/adagrad.h"
#include "kernels/optimizer/adam.h"
#include "kernels/optimizer/adamw.h"
#include "kernels/optimizer/momentum.h"
#include "kernels/optimizer/nesterov.h"
#include "kernels/optimizer/rmsprop.h"
#include "kernels/optimizer/sgd.h"

#define ACTIVATION(id, name, from)                                                                                     \
    static void name##_activate(float *z, size_t ldz, size_t rows, size_t columns, float parameter) {                  \
        map1(z, ldz, rows, columns, parameter, name##_value);                                                          \
    }                                                                                                                  \
    static void name##_derive(float *d, size_t ldd, const float *x, size_t ldx, size_t rows, size_t columns,           \
                              float parameter) {                                                                       \
        map2(d, ldd, x, ldx, rows, columns, parameter, name##_slope);                                                  \
    }
#include "kernels/activation.def"
#undef ACTIVATION

#define OPTIMIZER(id, name, states)                                                                                    \
    static void name##_update(const struct tp_update *u, float *w, const float *g, float *s, float *t, size_t n) {     \
        update_all(u, w, g, s, t, n, states, name##_rule);                                                             \
    }                                                                                                                  \
    static void name##_update_outer(const struct tp_update *u, float *w, float *s, float *t, const float *a,           \
                                    const float *b, size_t m, size_t n) {                                              \
        update_all_outer(u, w, s, t, a, b, m, n, states, name##_rule);                                                 \
    }
#include "kernels/optimizer.def"
#undef OPTIMIZER

const struct tp_isa TP_ISA = {
    .name = TP_ISA_NAME,
    .needs = TP_ISA_NEEDS,
    .lanes = VL,
    .mr = MR,
    .nr = NR,
    .tuning = TP_ISA_TUNING,
    .gemm_strip = gemm_strip,
    .gemm_ger = gemm_ger,
    .gemm_dot = gemm_dot,
    .gemm_axpy = gemm_axpy,
    .gemm_lanes = gemm_lanes,
    .pack_a = pack_a,
    .pack_b = pack_b,
    .transpose = transpose,
    .activation =
        {
#define ACTIVATION(id, name, from) [TP_ACTIVATION_##id] = {name##_activate, name##_derive, TP_FROM_##from},
#include "kernels/activation.def"
#undef ACTIVATION
            [TP_ACTIVATION_SOFTMAX] = {softmax_activate, softmax_derive, TP_FROM_A},
        },
    .loss_row =
        {
#define LOSS(id, name, last) [TP_LOSS_##id] = name##_row,
#include "kernels/loss.def"
#undef LOSS
        },
    .loss_column =
        {
#define LOSS(id, name, last) [TP_LOSS_##id] = name##_column,
#include "kernels/loss.def"
#undef LOSS
        },
    .update =
        {
#define OPTIMIZER(id, name, states) [TP_OPTIMIZER_##id] = name##_update,
#include "kernels/optimizer.def"
#undef OPTIMIZER
        },
    .update_outer =
        {
#define OPTIMIZER(id, name, states) [TP_OPTIMIZER_##id] = name##_update_outer,
#include "kernels/optimizer.def"
#undef OPTIMIZER
        },
    .column_sums = column_sums,
    .square_sum = square_sum,
    .scale_bytes = scale_bytes,
    .scale_floats = scale_floats,
    .scale_doubles = scale_doubles,
    .normals = normals,
    .cosine = cosine,
    .average = average,
    .bf16 = {.name = TP_ISA_NAME,
             .mr = BF16_MR,
             .nr = BF16_NR,
             .element = sizeof(float),
             .mc = 24 * BF16_MR,
             .nc = 16 * BF16_NR,
             .kc = 256,
             .near = 256,
             .pack_a = bf16_pack_a,
             .pack_b = bf16_pack_b,
             .tiles = bf16_tiles},
    .add_levels = add_levels,
};
