/* SPDX-License-Identifier: BSD-3-Clause */
/* Formulas are those of src/kernels, in the same order, with functions of the C library where these have SLEEF's. */
#include "io/c_functions.h"

const char tp_c_begin[] = "#include <math.h>\n"
                          "#include <stddef.h>\n"
                          "\n"
                          "/* a b + c, rounded once. Where the processor has no instruction for it, fmaf is a slow "
                          "function of the C library:\n"
                          " * with TILEPROP_FMAF(a, b, c) defined as (a) * (b) + (c) before, results are faster and "
                          "differ in the last bits. */\n"
                          "#ifndef TILEPROP_FMAF\n"
                          "#define TILEPROP_FMAF(a, b, c) fmaf(a, b, c)\n"
                          "#endif\n"
                          "\n"
                          "/* Denormal numbers count as 0 everywhere but in products. */\n"
                          "static inline float @_flush(float v) {\n"
                          "    return fabsf(v) < 0x1p-126f ? 0.0f : v;\n"
                          "}\n";

const char tp_c_to_float[] = "\n"
                             "static inline float @_to_float(double v) {\n"
                             "    return fabs(v) < 0x1p-126 ? 0.0f : (float)v;\n"
                             "}\n";

const char tp_c_chain[] =
    "\n"
    "/* y = b + x w: for each output one chain of multiply-adds, along the inputs. */\n"
    "static inline void @_chain(const float *w, const float *b, size_t inputs, size_t outputs, const float *x,\n"
    "                           float *y) {\n"
    "    for (size_t j = 0; j < outputs; j++)\n"
    "        y[j] = b[j];\n"
    "    for (size_t k = 0; k < inputs; k++)\n"
    "        for (size_t j = 0; j < outputs; j++)\n"
    "            y[j] = TILEPROP_FMAF(x[k], w[k * outputs + j], y[j]);\n"
    "}\n";

const char tp_c_lanes[] =
    "\n"
    "/* y = b + x w for few outputs: for each sixteen chains, of every sixteenth input, which are added pairwise. */\n"
    "static inline void @_lanes(const float *w, const float *b, size_t inputs, size_t outputs, const float *x,\n"
    "                           float *y) {\n"
    "    for (size_t j = 0; j < outputs; j++) {\n"
    "        float sum[16] = {0};\n"
    "        for (size_t k = 0; k < inputs; k++)\n"
    "            sum[k % 16] = TILEPROP_FMAF(x[k], w[k * outputs + j], sum[k % 16]);\n"
    "        for (size_t half = 8; half > 0; half /= 2)\n"
    "            for (size_t l = 0; l < half; l++)\n"
    "                sum[l] += sum[l + half];\n"
    "        y[j] = sum[0] + b[j];\n"
    "    }\n"
    "}\n";

const char tp_c_exp[] = "\n"
                        "/* exp(x), 0 where that is below 2^-126 */\n"
                        "static inline float @_exp_normal(float x) {\n"
                        "    return x <= -0x1.5d58ap+6f ? 0.0f : expf(x);\n"
                        "}\n";

static const struct tp_c_activation activations[] = {
    [TP_ACTIVATION_IDENTITY] = {0},
    [TP_ACTIVATION_RELU] = {.text = "static inline float @_relu(float z) {\n"
                                    "    return z < 0x1p-126f ? 0.0f : z;\n"
                                    "}\n"},
    [TP_ACTIVATION_LEAKY_RELU] = {.text = "static inline float @_leaky_relu(float z, float slope) {\n"
                                          "    const float x = @_flush(z);\n"
                                          "    return @_flush(x <= 0 ? slope * x : x);\n"
                                          "}\n",
                                  .parameter = true},
    [TP_ACTIVATION_SIGMOID] = {.text = "static inline float @_sigmoid(float z) {\n"
                                       "    const float e = @_exp_normal(-fabsf(z));\n"
                                       "    return (z >= 0 ? 1 : e) / (1 + e);\n"
                                       "}\n",
                               .exp = true,
                               .libm = true},
    [TP_ACTIVATION_TANH] = {.text = "static inline float @_tanh(float z) {\n"
                                    "    return @_flush(tanhf(@_flush(z)));\n"
                                    "}\n",
                            .libm = true},
    [TP_ACTIVATION_SOFTMAX] = {.text = "/* Sixteen sums, of every sixteenth value, which are added pairwise. */\n"
                                       "static inline void @_softmax(float *z, size_t n) {\n"
                                       "    float sum[16] = {0}, m = -INFINITY;\n"
                                       "    for (size_t k = 0; k < n; k++)\n"
                                       "        m = z[k] <= m ? m : z[k];\n"
                                       "    for (size_t k = 0; k < n; k++) {\n"
                                       "        z[k] = @_exp_normal(z[k] - m);\n"
                                       "        sum[k % 16] += z[k];\n"
                                       "    }\n"
                                       "    for (size_t half = 8; half > 0; half /= 2)\n"
                                       "        for (size_t l = 0; l < half; l++)\n"
                                       "            sum[l] += sum[l + half];\n"
                                       "    for (size_t k = 0; k < n; k++)\n"
                                       "        z[k] = @_flush(z[k] / sum[0]);\n"
                                       "}\n",
                               .exp = true,
                               .row = true,
                               .libm = true},
    [TP_ACTIVATION_ELU] = {.text = "static inline float @_elu(float z, float alpha) {\n"
                                   "    const float x = @_flush(z);\n"
                                   "    return @_flush(x <= 0 ? alpha * expm1f(x) : x);\n"
                                   "}\n",
                           .parameter = true,
                           .libm = true},
    [TP_ACTIVATION_SOFTPLUS] = {.text = "static inline float @_softplus(float z) {\n"
                                        "    return (z <= 0 ? 0 : z) + log1pf(@_exp_normal(-fabsf(z)));\n"
                                        "}\n",
                                .exp = true,
                                .libm = true},
    [TP_ACTIVATION_SILU] =
        {.text = "/* Below -64 exp(z) is a product, so that it is not denormal before z does its part. */\n"
                 "static inline float @_silu(float z) {\n"
                 "    const float x = @_flush(z < -0x1.6f6d56p+6f ? -0x1.6f6d56p+6f : z);\n"
                 "    const float shift = x <= -64 ? 32.0f : 0.0f, scale = x <= -64 ? 0x1.c8465p-47f : 1.0f;\n"
                 "    const float e = expf(shift - fabsf(x));\n"
                 "    const float above = x >= 0 ? x : x * e * scale;\n"
                 "    return z <= -0x1.6f6d58p+6f ? 0.0f : @_flush(above / (1 + e));\n"
                 "}\n",
         .libm = true},
    [TP_ACTIVATION_GELU] =
        {.text =
             "/* Below -12 an asymptotic series of phi(z); elsewhere z erfc(-z / sqrt 2) / 2, corrected for the "
             "rounding "
             "of\n"
             " * z / sqrt 2. */\n"
             "static inline float @_gelu_tail(float z) {\n"
             "    const float x = z < -0x1.a4ae0cp+3f ? -0x1.a4ae0cp+3f : z, w = 1 / (x * x), p = x * x;\n"
             "    const float cube = fmaf(w, 105, -15), square = fmaf(w, cube, 3);\n"
             "    const float sum = fmaf(w, fmaf(w, square, -1), 1), e = expf(-0.5f * p);\n"
             "    return -0x1.988454p-2f * sum * fmaf(e, -0.5f * fmaf(x, x, -p), e);\n"
             "}\n"
             "\n"
             "static inline float @_gelu(float z) {\n"
             "    const float v = @_flush(z), limited = v > 16 ? 16 : v, x = -0x1.6a09e6p-1f * limited;\n"
             "    if (z <= -12)\n"
             "        return z <= -0x1.a4ae0ep+3f ? 0.0f : @_flush(@_gelu_tail(z));\n"
             "    const float d = fmaf(limited, -0x1.9fcef4p-27f, fmaf(limited, -0x1.6a09e6p-1f, -x)), y = erfcf(x);\n"
             "    return @_flush(0.5f * v * fmaf(y, -2 * (x <= 0 ? 0 : x) * d, y));\n"
             "}\n",
         .libm = true},
    [TP_ACTIVATION_EXP] = {.text = "static inline float @_exp(float z) {\n"
                                   "    return @_exp_normal(z);\n"
                                   "}\n",
                           .exp = true,
                           .libm = true},
};

const struct tp_c_activation *tp_c_activation(tp_activation activation) {
    return &activations[activation];
}
