/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/optimizer/update.h"

/* w = w - r g */
ALWAYS_INLINE void sgd_rule(const struct tp_update *u, struct parameters *p) {
    p->w = v_fma(v_set(-u->rate), full_gradient(u, p), p->w);
}
