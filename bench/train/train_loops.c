/* SPDX-License-Identifier: BSD-3-Clause */
#include "train_loops.h"

#include <math.h>
#include <string.h>

/* As a compiler for this very machine would make them; clang 16 cannot link clones from another file. */
#if defined(__x86_64__) && !defined(__clang__)
#define FOR_EACH_MACHINE __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define FOR_EACH_MACHINE
#endif

#define SHARED 16384 /* elements of an update that are worth a parallel region */

FOR_EACH_MACHINE static void scale(float *restrict x, const uint8_t *restrict bytes, size_t count) {
    for (size_t i = 0; i < count; i++)
        x[i] = ((float)bytes[i] - TRAIN_MEAN) * (1 / TRAIN_DEVIATION);
}

void train_gather(struct train_data *data, size_t batch, float *x, int32_t *classes) {
    for (size_t r = 0; r < batch; r++) {
        scale(x + r * data->inputs, data->bytes + data->next * data->inputs, data->inputs);
        classes[r] = data->classes[data->next];
        data->next = (data->next + data->stride) % data->samples;
    }
}

FOR_EACH_MACHINE void train_bias(float *restrict z, const float *restrict bias, size_t rows, size_t n) {
    for (size_t r = 0; r < rows; r++)
        for (size_t j = 0; j < n; j++)
            z[r * n + j] += bias[j];
}

FOR_EACH_MACHINE void train_bias_relu(float *restrict z, const float *restrict bias, size_t rows, size_t n) {
    for (size_t r = 0; r < rows; r++)
        for (size_t j = 0; j < n; j++) {
            const float x = z[r * n + j] + bias[j];
            z[r * n + j] = x > 0 ? x : 0;
        }
}

static void softmax(float *z, size_t n) {
    float largest = z[0], sum = 0;
    for (size_t j = 1; j < n; j++)
        largest = z[j] > largest ? z[j] : largest;
    for (size_t j = 0; j < n; j++)
        sum += z[j] = expf(z[j] - largest);
    for (size_t j = 0; j < n; j++)
        z[j] *= 1 / sum;
}

void train_probabilities(float *z, size_t rows, size_t n) {
    for (size_t r = 0; r < rows; r++)
        if (n > 1)
            softmax(z + r * n, n);
        else
            z[r] = 1 / (1 + expf(-z[r]));
}

double train_loss(const float *y, const int32_t *classes, size_t rows, size_t n) {
    double sum = 0;
    for (size_t r = 0; r < rows; r++) {
        const float right = n > 1 ? y[r * n + (size_t)classes[r]] : classes[r] ? y[r] : 1 - y[r];
        sum -= (double)logf(right);
    }
    return sum / (double)rows;
}

double train_run(const struct train_task *task, size_t steps, double (*train_step)(void), void (*forward)(void),
                 const float *y, const int32_t *classes) {
    double loss = 0;
    for (size_t i = 0; i < steps; i++)
        if (task->inference)
            forward();
        else
            loss += train_step();
    return task->inference ? train_loss(y, classes, (size_t)task->batch, (size_t)task->widths[task->layers]) : loss;
}

FOR_EACH_MACHINE void train_delta(float *y, const int32_t *classes, size_t rows, size_t n) {
    for (size_t r = 0; r < rows; r++)
        y[r * n + (n > 1 ? (size_t)classes[r] : 0)] -= n > 1 ? 1.0f : (float)classes[r];
    for (size_t i = 0; i < rows * n; i++)
        y[i] *= 1 / (float)rows;
}

FOR_EACH_MACHINE void train_relu_backward(float *restrict dx, const float *restrict a, size_t count) {
    for (size_t i = 0; i < count; i++)
        dx[i] = a[i] > 0 ? dx[i] : 0;
}

FOR_EACH_MACHINE void train_column_sums(float *restrict sums, const float *restrict dz, size_t rows, size_t n) {
    memset(sums, 0, n * sizeof *sums);
    for (size_t r = 0; r < rows; r++)
        for (size_t j = 0; j < n; j++)
            sums[j] += dz[r * n + j];
}

FOR_EACH_MACHINE static void sgd(float *restrict w, const float *restrict g, size_t count, float rate) {
    for (size_t i = 0; i < count; i++)
        w[i] -= rate * g[i];
}

void train_sgd(float *w, const float *g, size_t count, float rate) {
#pragma omp parallel for if (count > SHARED)
    for (size_t i = 0; i < count; i += SHARED)
        sgd(w + i, g + i, count - i < SHARED ? count - i : SHARED, rate);
}

struct adam {
    float rate, scale; /* corrected for the bias of m; the same for sqrt(v) */
};

FOR_EACH_MACHINE static void adam(float *restrict w, const float *restrict g, float *restrict m, float *restrict v,
                                  size_t count, struct adam c) {
    for (size_t i = 0; i < count; i++) {
        m[i] = TRAIN_BETA1 * m[i] + (1 - TRAIN_BETA1) * g[i];
        v[i] = TRAIN_BETA2 * v[i] + (1 - TRAIN_BETA2) * g[i] * g[i];
        w[i] -= c.rate * m[i] / (sqrtf(v[i]) * c.scale + TRAIN_EPSILON);
    }
}

void train_adam(float *w, const float *g, float *m, float *v, size_t count, float rate, size_t step) {
    const double t = (double)step;
    const struct adam c = {(float)((double)rate / (1 - pow((double)TRAIN_BETA1, t))),
                           (float)(1 / sqrt(1 - pow((double)TRAIN_BETA2, t)))};
#pragma omp parallel for if (count > SHARED)
    for (size_t i = 0; i < count; i += SHARED)
        adam(w + i, g + i, m + i, v + i, count - i < SHARED ? count - i : SHARED, c);
}
