/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/parallel.h"
#include "core/cancel.h"
#include "core/size.h"
#include "core/startable.h"

#include <assert.h>
#include <sched.h>
#include <time.h>

/* How a thread waits: so many polls (about 5 microseconds: if the others have to share its processor, that is lost at
 * every barrier), then as many between which it gives its processor away (some milliseconds), then naps, so that a long
 * callback costs the others no processor time. */
#define POLLS 200
#define YIELDS 4000
#define NAP_NANOSECONDS 100000

/* One poll's worth of rest for the other thread of the core. */
static void relax(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb");
#endif
}

static void wait_for_phase(atomic_uint *phase, unsigned old) {
    const struct timespec nap = {0, NAP_NANOSECONDS};
    for (int polls = 0; atomic_load_explicit(phase, memory_order_acquire) == old; polls += polls < POLLS + YIELDS) {
        if (polls < POLLS)
            relax();
        else if (polls < POLLS + YIELDS)
            sched_yield();
        else
            nanosleep(&nap, NULL);
    }
}

void tp_team_barrier(struct tp_team team) {
    if (team.size <= 1)
        return;
    const int interrupted = tp_enter(tp_team_clock(team), TP_PHASE_BARRIER);
    struct tp_crew *b = team.crew;
    assert(b && team.id >= 0 && team.id < team.size);
    const unsigned phase = atomic_load_explicit(&b->phase, memory_order_relaxed);
    if (atomic_fetch_add_explicit(&b->arrived, 1, memory_order_acq_rel) == team.size - 1) {
        atomic_store_explicit(&b->arrived, 0, memory_order_relaxed);
        atomic_store_explicit(&b->phase, phase + 1, memory_order_release);
    } else {
        wait_for_phase(&b->phase, phase);
    }
    tp_enter(tp_team_clock(team), interrupted);
}

struct tp_range tp_share(size_t count, size_t grain, int id, int size) {
    assert(grain > 0 && id >= 0 && id < size);
    if (size == 1)
        return (struct tp_range){0, count};
    const size_t grains = tp_ceil_div(count, grain);
    const size_t first = grains / (size_t)size * (size_t)id;
    const size_t extra = grains % (size_t)size;
    const size_t before = (size_t)id < extra ? (size_t)id : extra;
    const size_t begin = (first + before) * grain;
    const size_t end = begin + (grains / (size_t)size + ((size_t)id < extra)) * grain;
    return (struct tp_range){begin < count ? begin : count, end < count ? end : count};
}

static void run_alone(tp_task_fn *task, void *argument) {
    struct tp_crew crew;
    crew.clock = NULL;
    task(argument, (struct tp_team){0, 1, &crew});
}

/* The one place that knows OpenMP, if the build has it. */
#if defined(TP_OPENMP)
#include <omp.h>
#include <stdlib.h>
#include <unistd.h>

/* The process in which this thread opened its first region. GNU's OpenMP keeps workers for each thread that did, and in
 * a child of fork, where they are not, would wait for them for ever. */
static _Thread_local pid_t process_of_workers;
/* How large a team OpenMP keeps for this thread; 0 before the first. GNU's keeps the last one: it ends what a smaller
 * team leaves over, and starts it again for a larger one. LLVM's keeps the largest. */
static _Thread_local int kept_team;
#if defined(__clang__)
#define KEEPS_LARGEST true
#else
#define KEEPS_LARGEST false
#endif

static bool lost_its_workers(void) {
    const pid_t process = getpid();
    if (!process_of_workers)
        process_of_workers = process;
    return process_of_workers != process;
}

/* At most threads; as many as this thread can have without that OpenMP fails to start them. */
static int team_size(int threads) {
    const int kept = kept_team ? kept_team : 1;
    const int size = threads <= kept ? threads : kept + tp_startable_threads(threads - kept);
    if (size > kept || !KEEPS_LARGEST)
        kept_team = size;
    return size;
}

static void run_team(int size, tp_task_fn *task, void *argument) {
    struct tp_crew crew;
    if (size == 1) {
        run_alone(task, argument);
        return;
    }
    crew.clock = NULL;
    atomic_init(&crew.arrived, 0);
    atomic_init(&crew.phase, 0);
#pragma omp parallel num_threads(size)
    task(argument, (struct tp_team){omp_get_thread_num(), omp_get_num_threads(), &crew});
}

void tp_parallel(int threads, tp_task_fn *task, void *argument) {
    if (threads <= 1) {
        run_alone(task, argument);
        return;
    }
    const int cancel = tp_cancel_hold(); /* others would wait for a thread that ended */
    run_team(omp_get_level() > 0 || lost_its_workers() ? 1 : team_size(threads), task, argument);
    tp_cancel_restore(cancel);
}

bool tp_has_teams(void) {
    return true;
}

/* OpenMP's runtime reads files when it is first asked for anything. */
static int ask_openmp(int question(void)) {
    const int cancel = tp_cancel_hold();
    const int answer = question();
    tp_cancel_restore(cancel);
    return answer;
}

int tp_processors(void) {
    return ask_openmp(omp_get_num_procs);
}

/* Whether the user or the program chose the number of threads. Else it is one for each processor, of which there may be
 * fewer than when OpenMP was loaded. */
static bool is_chosen(int threads, const tp_machine *machine) {
    const char *text = getenv("OMP_NUM_THREADS");
    return threads < machine->processors || (text && strtol(text, NULL, 10) > 0);
}

int tp_default_threads(const tp_machine *machine) {
    const int threads = ask_openmp(omp_get_max_threads), limit = ask_openmp(omp_get_thread_limit);
    const int quota = machine->quota;
    const int wanted = quota && quota < threads && !is_chosen(threads, machine) ? quota : threads;
    const int most = limit < TP_MAX_THREADS ? limit : TP_MAX_THREADS;
    return wanted < most ? wanted : most;
}
#else
/* As many as Linux can have. */
#define MAX_PROCESSORS 8192

void tp_parallel(int threads, tp_task_fn *task, void *argument) {
    (void)threads;
    run_alone(task, argument);
}

bool tp_has_teams(void) {
    return false;
}

int tp_processors(void) {
    cpu_set_t set[MAX_PROCESSORS / CPU_SETSIZE];
    return sched_getaffinity(0, sizeof set, set) ? 1 : CPU_COUNT_S(sizeof set, set);
}

int tp_default_threads(const tp_machine *machine) {
    (void)machine;
    return 1;
}
#endif
