/* SPDX-License-Identifier: BSD-3-Clause */
/* Teams, their barrier, and the shares of their members. */
#include "core/parallel.h"

#include <criterion/criterion.h>
#include <omp.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

#define ROUNDS 2000

struct rounds {
    atomic_int arrived;
    atomic_int wrong;
};

/* Between two barriers everyone must see that everyone has counted. */
static void count_rounds(void *argument, struct tp_team team) {
    struct rounds *r = argument;
    for (int round = 1; round <= ROUNDS; round++) {
        atomic_fetch_add(&r->arrived, 1);
        tp_team_barrier(team);
        if (atomic_load(&r->arrived) != round * team.size)
            atomic_fetch_add(&r->wrong, 1);
        tp_team_barrier(team);
    }
}

Test(parallel, the_barrier_waits_for_everyone) {
    for (int threads = 1; threads <= 5; threads++) {
        struct rounds r = {0};
        tp_parallel(threads, count_rounds, &r);
        cr_expect_eq(atomic_load(&r.wrong), 0, "%d threads", threads);
        cr_expect_eq(atomic_load(&r.arrived), ROUNDS * threads);
    }
}

static void sleep_in_one(void *argument, struct tp_team team) {
    const struct timespec *nap = argument;
    if (team.id == 0)
        nanosleep(nap, NULL);
    tp_team_barrier(team);
}

/* A slow callback on one thread must not cost the others their processors. */
Test(parallel, long_waits_cost_little_processor_time) {
    struct timespec nap = {0, 600000000};
    const clock_t began = clock();
    tp_parallel(3, sleep_in_one, &nap);
    cr_expect_lt((double)(clock() - began) / CLOCKS_PER_SEC, 0.4, "two threads waited for 0.6 s");
}

static void note_size(void *argument, struct tp_team team) {
    *(int *)argument = team.size;
}

Test(parallel, inside_a_region_the_caller_works_alone) {
    for (int threads = 1; threads <= 2; threads++) {
        int size = 0;
#pragma omp parallel num_threads(threads)
        if (omp_get_thread_num() == 0)
            tp_parallel(4, note_size, &size);
        cr_expect_eq(size, 1, "region of %d", threads);
    }
    int size = 0;
    tp_parallel(1, note_size, &size);
    cr_expect_eq(size, 1);
}

Test(parallel, shares_cover_everything_once) {
    for (size_t count = 0; count < 70; count++)
        for (size_t grain = 1; grain < 20; grain += 6)
            for (int size = 1; size <= 9; size++) {
                size_t end = 0;
                for (int id = 0; id < size; id++) {
                    const struct tp_range r = tp_share(count, grain, id, size);
                    cr_assert(r.begin == end && r.end >= r.begin && (r.begin % grain == 0 || r.begin == count));
                    end = r.end;
                }
                cr_assert_eq(end, count);
            }
}
