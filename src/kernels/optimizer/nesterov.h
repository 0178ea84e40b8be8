/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/optimizer/update.h"

/* v = mu v + g; w = w - r (g + mu v) */
ALWAYS_INLINE void nesterov_rule(const struct tp_update *u, struct parameters *p) {
    const vf g = full_gradient(u, p);
    p->s = v_fma(v_set(u->momentum), p->s, g);
    p->w = v_fma(v_set(-u->rate), v_fma(v_set(u->momentum), p->s, g), p->w);
}
