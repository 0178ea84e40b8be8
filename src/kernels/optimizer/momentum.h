/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/optimizer/update.h"

/* v = mu v + g; w = w - r v */
ALWAYS_INLINE void momentum_rule(const struct tp_update *u, struct parameters *p) {
    p->s = v_fma(v_set(u->momentum), p->s, full_gradient(u, p));
    p->w = v_fma(v_set(-u->rate), p->s, p->w);
}
