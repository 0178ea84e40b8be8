/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Threads. A task is one function that every thread of a team runs (SPMD): each does its share of every stage and meets
 * the others at tp_team_barrier where data crosses. So a whole training step is one parallel region.
 */
#ifndef TP_CORE_PARALLEL_H
#define TP_CORE_PARALLEL_H

#include "core/clock.h"
#include "core/context.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* What the threads of a team share. */
struct tp_crew {
    struct tp_clock *clock; /* of thread 0, which sets and reads it; or NULL */
    _Alignas(64) atomic_int arrived;
    _Alignas(64) atomic_uint phase;
};

/* Two words, which calls pass in registers. */
struct tp_team {
    int id, size;
    struct tp_crew *crew; /* or NULL for one thread without a clock */
};

static const struct tp_team tp_alone = {0, 1, NULL};

/* Of this thread, or NULL. */
static inline struct tp_clock *tp_team_clock(struct tp_team team) {
    return team.id == 0 && team.crew ? team.crew->clock : NULL;
}

typedef void tp_task_fn(void *argument, struct tp_team team);

/* Runs task on at most threads threads; on the calling thread alone when threads is 1, inside another parallel region,
 * in a child of fork if the thread had workers before, or in a build without OpenMP. The team may be smaller than
 * asked. */
void tp_parallel(int threads, tp_task_fn *task, void *argument);

/* Whether the build has OpenMP. */
bool tp_has_teams(void);

/* Every member of the team waits for every other: spinning at first, then giving its processor away, then napping, so
 * that a team that has to share processors keeps moving. */
void tp_team_barrier(struct tp_team team);

/* How many threads work where so many are wanted: 1 without OpenMP. Refuses what is no number of threads. */
tp_status tp_take_threads(const struct tp_context *context, int wanted, int *threads);

/* The most that a program can ask for. */
#define TP_MAX_THREADS 4096

/* The processors that this process may run on. */
int tp_processors(void);

/* What OpenMP would use at this moment, at most TP_MAX_THREADS; where nobody has asked it for a number, at most the
 * machine's quota. */
int tp_default_threads(const tp_machine *machine);

/* Part id of size of 0..count, cut at multiples of grain: [begin, end). */
struct tp_range {
    size_t begin, end;
};
struct tp_range tp_share(size_t count, size_t grain, int id, int size);

#endif
