/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/parallel.h"

#include <omp.h>

void tp_parallel(int threads, tp_task_fn *task, void *argument) {
    if (threads <= 1 || omp_in_parallel()) {
        task(argument, (struct tp_team){0, 1});
        return;
    }
#pragma omp parallel num_threads(threads)
    task(argument, (struct tp_team){omp_get_thread_num(), omp_get_num_threads()});
}

void tp_team_barrier(struct tp_team team) {
    if (team.size > 1) {
#pragma omp barrier
    }
}

int tp_default_threads(void) {
    return omp_get_max_threads();
}

int tp_processors(void) {
    return omp_get_num_procs();
}

struct tp_range tp_share(size_t count, size_t grain, int id, int size) {
    const size_t grains = count / grain + (count % grain != 0);
    const size_t first = grains / (size_t)size * (size_t)id;
    const size_t extra = grains % (size_t)size;
    const size_t before = (size_t)id < extra ? (size_t)id : extra;
    const size_t begin = (first + before) * grain;
    const size_t end = begin + (grains / (size_t)size + ((size_t)id < extra)) * grain;
    return (struct tp_range){begin < count ? begin : count, end < count ? end : count};
}
