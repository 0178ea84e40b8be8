/* SPDX-License-Identifier: BSD-3-Clause */
#include "refuse/refuse.h"

CALL(sgemm, tp_sgemm(now.context, now.ta, now.tb, now.m, now.n, now.k, 1, now.a, now.lda, now.b, now.ldb, now.beta,
                     now.c, now.ldc, now.memory, now.size)){
    REFUSED_FACTORS("sgemm"),
    REFUSED_B,
    REFUSE("lda is 4; it must be at least 18446744073709551615", WITH(k, SIZE_MAX)),
    REFUSE("ldb is 5; it must be at least 18446744073709551615", WITH(n, SIZE_MAX)),
};
CALL(sgemm_workspace_size, nothing(!tp_sgemm_workspace_size(now.context, now.m, now.n, now.k))){
    SILENT(WITH(context, NULL)),
};
CALL(bf16gemm, tp_bf16gemm(now.context, now.ta, now.tb, now.m, now.n, now.k, now.a_precision, now.a, now.lda,
                           now.b_precision, now.b, now.ldb, now.beta, now.c, now.ldc, now.memory, now.size)){
    REFUSED_FACTORS("bf16gemm"),
    REFUSED_B,
    REFUSE("a_precision is -1; it must be TP_PRECISION_F32 or TP_PRECISION_BF16", WITH(a_precision, (tp_precision)-1)),
    REFUSE("a_precision is 2; it must be", WITH(a_precision, TP_PRECISION_COUNT)),
    REFUSE("b_precision is -1; it must be TP_PRECISION_F32 or TP_PRECISION_BF16", WITH(b_precision, (tp_precision)-1)),
    REFUSE("b_precision is 2; it must be", WITH(b_precision, TP_PRECISION_COUNT)),
    REFUSE("lda is 4; it must be at least 18446744073709551615", WITH(k, SIZE_MAX)),
    REFUSE("ldb is 5; it must be at least 18446744073709551615", WITH(n, SIZE_MAX)),
};
CALL(bf16gemm_workspace_size, nothing(!tp_bf16gemm_workspace_size(now.context, now.m, now.n, now.k))){
    SILENT(WITH(context, NULL)),
};
CALL(bf16_from_f32, tp_bf16_from_f32(now.context, now.bits, now.x, now.batch)){
    SILENT(WITH(context, NULL)),
    REFUSE("out is NULL", WITH(bits, NULL)),
    REFUSE("in is NULL", WITH(x, NULL)),
};
CALL(bf16_to_f32, tp_bf16_to_f32(now.context, now.c, now.bits, now.batch)){
    SILENT(WITH(context, NULL)),
    REFUSE("out is NULL", WITH(c, NULL)),
    REFUSE("in is NULL", WITH(bits, NULL)),
};
CALL(packed_size, nothing(!tp_packed_size(now.context, now.k, now.n))){
    SILENT(WITH(context, NULL)),
    SILENT(WITH(k, SIZE_MAX)),
    SILENT(WITH(n, SIZE_MAX)),
    SILENT(WITH(k, SIZE_MAX), WITH(n, SIZE_MAX)),
    SILENT(WITH(k, SIZE_MAX / 2)),
    SILENT(WITH(n, SIZE_MAX / 2)),
    SILENT(WITH(k, (size_t)1 << 32), WITH(n, (size_t)1 << 32)),
    SILENT(WITH(k, 1), WITH(n, (size_t)1 << 62)),
    SILENT(WITH(k, (size_t)1 << 62), WITH(n, 1)),
    SILENT(WITH(k, (size_t)1 << 62), WITH(n, 4)),
};
CALL(packed_create,
     tp_packed_create(now.context, now.tb, now.k, now.n, now.b, now.ldb, now.memory, now.size, now.packed_out)){
    REFUSED_B,
    REFUSED_MEMORY("packed matrix"),
    SILENT(WITH(context, NULL)),
    REFUSE("packed is NULL", WITH(packed_out, NULL)),
    REFUSE("ldb is 5; it must be at least 18446744073709551615", WITH(n, SIZE_MAX)),
    REFUSE("b: 18446744073709551615 rows of 5 floats do not fit in memory", WITH(k, SIZE_MAX)),
    REFUSE("b: 4611686018427387904 rows of 5 floats do not fit in memory", WITH(k, (size_t)1 << 62)),
};
CALL(packed_update, tp_packed_update(now.packed, now.tb, now.b, now.ldb)){
    REFUSED_B,
    SILENT(WITH(packed, NULL)),
    REFUSE("transpose_b is 2147483647; it must be", WITH(tb, (tp_transpose)INT_MAX)),
};
CALL_VOID(packed_destroy, tp_packed_destroy(NULL)){SILENT({0})};
CALL(sgemm_packed, tp_sgemm_packed(now.context, now.ta, now.m, 1, now.a, now.lda, now.packed, now.beta, &now.epilogue,
                                   now.c, now.ldc, now.memory, now.size)){
    REFUSED_FACTORS("sgemm"),
    REFUSE("b is NULL", WITH(packed, NULL)),
    REFUSE("b was packed for another instruction set", FROM(packed, foreign_packed)),
    REFUSE("epilogue: activation -1 is unknown", WITH(epilogue.activation, (tp_activation)-1)),
    REFUSE("epilogue: activation", WITH(epilogue.activation, TP_ACTIVATION_COUNT)),
    REFUSE("or not elementwise", WITH(epilogue.activation, TP_ACTIVATION_SOFTMAX)),
    REFUSE("epilogue: slope is -0.5; it must be 0..1", WITH(epilogue.activation, TP_ACTIVATION_LEAKY_RELU),
           WITH(epilogue.slope, -0.5f)),
    REFUSE("epilogue: slope is 2; it must be 0..1", WITH(epilogue.activation, TP_ACTIVATION_LEAKY_RELU),
           WITH(epilogue.slope, 2)),
    REFUSE("epilogue: slope is nan; it must be 0..1", WITH(epilogue.activation, TP_ACTIVATION_LEAKY_RELU),
           WITH(epilogue.slope, NAN)),
    REFUSE("epilogue: slope is -1; it must be positive and finite, or 0 for 1: it is ELU's alpha",
           WITH(epilogue.activation, TP_ACTIVATION_ELU), WITH(epilogue.slope, -1)),
    REFUSED_DATA_SIZES("epilogue", epilogue),
    REFUSE("epilogue: bias needs beta = 0, not 1", FROM(epilogue.bias, x), WITH(beta, 1)),
    REFUSE("epilogue: bias needs beta = 0, not nan", FROM(epilogue.bias, x), WITH(beta, NAN)),
    REFUSE("epilogue: ld is 4; it must be at least 5", FROM(epilogue.outputs, x), WITH(epilogue.ld, N - 1)),
    REFUSE("epilogue: 3 rows of 18446744073709551615 floats do not fit in memory", FROM(epilogue.outputs, x),
           WITH(epilogue.ld, SIZE_MAX)),
};

GROUP(refuse_products, FUNCTION(sgemm, MANY), FUNCTION(sgemm_workspace_size, FEW), FUNCTION(bf16gemm, MANY),
      FUNCTION(bf16gemm_workspace_size, FEW), FUNCTION(bf16_from_f32, FEW), FUNCTION(bf16_to_f32, FEW),
      FUNCTION(packed_size, MANY), FUNCTION(packed_create, MANY), FUNCTION(packed_update, MANY),
      FUNCTION(packed_destroy, NULL_ONLY), FUNCTION(sgemm_packed, MANY));
