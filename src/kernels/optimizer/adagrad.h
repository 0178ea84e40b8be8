/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/optimizer/adam.h"

/* s = s + g g; w = w - r (g / (sqrt(s) + eps)) */
ALWAYS_INLINE void adagrad_rule(const struct tp_update *u, struct parameters *p) {
    const vf g = adam_gradient(u, full_gradient(u, p));
    p->s = v_fma(g, g, p->s);
    p->w = v_fma(v_set(-u->rate), v_div(g, v_add(v_sqrt(p->s), v_set(u->epsilon))), p->w);
}
