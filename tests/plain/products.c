/* SPDX-License-Identifier: BSD-3-Clause */
/* tp_sgemm with every transposition, and tp_sgemm_packed with bias and activation. */
#include "plain.h"

enum { M = 61, N = 53, K = 47 };

static float a[M * K], b[K * N], bias[N];
static struct plain_kept kept[5];

static void check_packed(tp_context *context, float *c) {
    const tp_epilogue epilogue = {.bias = bias, .activation = TP_ACTIVATION_SIGMOID};
    tp_packed *packed = NULL;
    require(!tp_packed_create(context, TP_TRANSPOSE_NO, K, N, b, N, NULL, 0, &packed));
    require(!tp_sgemm_packed(context, TP_TRANSPOSE_NO, M, 1, a, K, packed, 0, &epilogue, c, N, NULL, 0));
    plain_require_same(&kept[4], c, M * N);
    tp_packed_destroy(packed);
}

static void check(tp_context *context) {
    for (int form = 0; form < 4; form++) {
        const tp_transpose ta = (tp_transpose)(form & 1), tb = (tp_transpose)(form >> 1);
        float *c = malloc(M * N * sizeof *c);
        require(c);
        tp_test_fill(c, M * N, 9, -1, 1);
        require(!tp_sgemm(context, ta, tb, M, N, K, 1, a, ta ? M : K, b, tb ? K : N, 0.5f, c, N, NULL, 0));
        plain_require_same(&kept[form], c, M * N);
        free(c);
    }
    float *c = malloc(M * N * sizeof *c); /* not filled: nothing of it may be read */
    require(c);
    check_packed(context, c);
    free(c);
}

int main(void) {
    tp_test_fill(a, M * K, 1, -1, 1);
    tp_test_fill(b, K * N, 2, -1, 1);
    tp_test_fill(bias, N, 3, -1, 1);
    plain_for_each(check);
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        plain_release(&kept[i]);
}
