/* SPDX-License-Identifier: BSD-3-Clause */
#include "train_data.h"

#include "memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DATA_SEED 1000u
#define STRIDE 1000003u /* a prime, larger than any number of samples */

static uint32_t hash(size_t i, uint32_t seed) {
    uint32_t x = (uint32_t)i * 2654435761u + seed * 2246822519u;
    x = (x ^ x >> 15) * 2246822519u;
    x = (x ^ x >> 13) * 3266489917u;
    return x ^ x >> 16;
}

struct train_data train_data_make(const struct train_task *task) {
    struct train_data data = {.samples = (size_t)task->samples,
                              .inputs = (size_t)task->widths[0],
                              .outputs = (size_t)task->widths[task->layers],
                              .stride = task->shuffled ? STRIDE : 1};
    const size_t bytes = data.samples * data.inputs, classes = data.outputs > 1 ? data.outputs : 2;
    data.bytes = bench_allocate(bytes);
    data.classes = bench_allocate(data.samples * sizeof *data.classes);
    for (size_t i = 0; i < bytes; i++)
        data.bytes[i] = (uint8_t)(hash(i, DATA_SEED) >> 24);
    for (size_t i = 0; i < data.samples; i++)
        data.classes[i] = (int32_t)(i % classes);
    return data;
}

void train_data_release(struct train_data *data) {
    free(data->bytes);
    free(data->classes);
    *data = (struct train_data){0};
}

void train_start_weights(float *w, size_t inputs, size_t outputs, size_t layer) {
    const float limit = (float)sqrt(6.0 / (double)inputs);
    for (size_t i = 0; i < inputs * outputs; i++)
        w[i] = ((float)(hash(i, (uint32_t)layer) >> 8) * 0x1p-23f - 1) * limit;
}
