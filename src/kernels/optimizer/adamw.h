/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/optimizer/adam.h"

/* w = w - (r decay) w, then Adam with the plain gradient */
ALWAYS_INLINE void adamw_rule(const struct tp_update *u, struct parameters *p) {
    p->w = v_fma(v_set(-u->decay), p->w, p->w);
    adam_moments(u, p, plain_gradient(u, p));
}
