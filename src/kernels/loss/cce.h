/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/softmax.h"

#include <assert.h>

ALWAYS_INLINE void target_step(void *state, size_t part, size_t offset, size_t count) {
    struct row_scan *s = state;
    const vf y = v_flush(load_some(s->y + offset, count));
    const vf below = v_flush(v_sub(s->m, load_some(s->x + offset, count)));
    /* a target of 0 takes no part, even where z is -Inf */
    const vf term = v_select_le(v_abs(y), v_set(0), v_set(0), v_mul(y, below));
    s->lanes.part[part] = v_add(s->lanes.part[part], first_some(term, v_set(0), count));
}

ALWAYS_INLINE vf minus_target(vf a, vf y, vf scale) {
    return v_flush(v_mul(v_flush(v_sub(a, y)), scale));
}

/* logsumexp(z) - sum_j y_j z_j = ln sum_j exp(z_j - m) + sum_j y_j (m - z_j), m = max z, because sum_j y_j = 1;
 * d_j = scale (softmax(z)_j - y_j); x is z */
static float cce_row(const float *x, const float *y, size_t n, float parameter, float scale, float *d) {
    assert(n >= 1 && d != y);
    (void)parameter;
    const float m = row_max(x, n);
    struct row_scan target = {.x = x, .y = y, .m = v_set(m), .lanes = lanes_set(0)};
    lanes_each(n, &target, target_step);
    const float sum = row_exp_sum(x, n, m, d);
    if (d) {
        map1(d, n, 1, n, sum, divide);
        map2(d, n, y, n, 1, n, scale, minus_target);
    }
    return v_get(v_log(v_set(sum))) + lanes_sum(&target.lanes);
}

static void cce_column(const float *x, const float *y, size_t m, float parameter, const float *scale, float *loss,
                       float *d) {
    for (size_t i = 0; i < m; i++)
        loss[i] = cce_row(x + i, y + i, 1, parameter, scale[i], d ? d + i : NULL);
}
