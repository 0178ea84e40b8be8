/* SPDX-License-Identifier: BSD-3-Clause */
/* Where the process can start few threads or none, teams are smaller and the bits are the same. OpenMP's runtimes end
 * the process when they fail to start one. */

#include "core/parallel.h"
#include "support/child.h"
#include "support/guest.h"
#include "support/tap.h"

#include <grp.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* Address space grows from nothing to STEPS^2 STEP bytes. */
enum { TEAM = 4, ROUNDS = 20, THREADS = 300, TRIES = 500, STEPS = 200, STEP = 7 << 12 };

static struct test_guest_results expected;
static struct test_guest guest; /* of TEAM threads, which has had no team */
static tp_workspace *workspace;
static rlim_t limit;

static void note_size(void *argument, struct tp_team team) {
    if (team.id == 0)
        *(int *)argument = team.size;
}

static int team_of(int threads) {
    int size = 0;
    tp_parallel(threads, note_size, &size);
    return size;
}

static bool passes(void) {
    static struct test_guest_pass pass;
    return test_guest_pass_in(&guest, workspace, &pass) && test_guest_same(&expected.pass, &pass, "pass");
}

static bool trains(void) {
    float trained[GUEST_PARAMETERS];
    return test_guest_train(&guest, NULL, NULL, trained) &&
           test_tap_check(tp_test_same_bits(expected.trained, trained, GUEST_PARAMETERS, "trained"), "training");
}

/* Root, who is exempt, becomes a user without other processes. */
static bool become_somebody(void) {
    const uid_t user = 1000000000u + (uid_t)getpid();
    return geteuid() != 0 || (setgroups(0, NULL) == 0 && setresuid(user, user, user) == 0);
}

/* A team of size is to be had, if not at once: threads that a smaller team sent home may take a while to end. */
static bool has_teams_of(int size) {
    const struct timespec nap = {0, 10000000};
    int large = 0;
    for (int i = 0; i < ROUNDS; i++) {
        const int small = team_of(2);
        for (int tries = 0; tries < TRIES && (large = team_of(TEAM)) < size; tries++)
            nanosleep(&nap, NULL);
        if (!test_tap_check(small == (size < 2 ? size : 2) && large == size, "teams of %d and %d where %d can be",
                            small, large, size))
            return false;
    }
    return true;
}

/* The limit is the number of threads of the user. */
static bool with_few_threads(void) {
    const struct rlimit few = {limit, limit};
    return test_tap_check(become_somebody() && setrlimit(RLIMIT_NPROC, &few) == 0, "no limit of threads") && passes() &&
           trains() && has_teams_of((int)limit);
}

static void *have_a_team(void *wrong) {
    const int size = team_of(2);
    *(bool *)wrong = size != 1 && size != 2;
    return NULL;
}

/* So threads that end are seen by others before they have ended altogether. */
static bool stay_on_one_processor(void) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)sched_getcpu(), &set);
    return sched_setaffinity(0, sizeof set, &set) == 0;
}

/* Threads one after the other, of which each finds out how many more there can be, and starts one where it can. */
static bool with_one_worker(void) {
    const struct rlimit few = {3, 3};
    bool wrong = false;
    if (!test_tap_check(stay_on_one_processor() && become_somebody() && setrlimit(RLIMIT_NPROC, &few) == 0,
                        "no limit of threads"))
        return false;
    for (int i = 0; i < THREADS && !wrong; i++) {
        pthread_t thread;
        if (!pthread_create(&thread, NULL, have_a_team, &wrong)) /* else the last ones have not quite ended */
            pthread_join(thread, NULL);
    }
    return test_tap_check(!wrong, "wrong size of a team");
}

static void limited_threads(void) {
    const rlim_t most = geteuid() == 0 ? TEAM : 1;
    for (limit = 1; limit <= most; limit++)
        test_in_child("few threads", with_few_threads);
    test_in_child("one worker", with_one_worker);
}

#if defined(__SANITIZE_ADDRESS__)
static void limited_memory(void) {
    test_tap_skipped("limits of memory: a sanitizer needs all of it");
}
#else
static rlim_t address_space(void) {
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file && fscanf(file, "%lu", &pages) != 1)
        pages = 0;
    if (file)
        fclose(file);
    return pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

/* The limit is what may be added to the address space. */
static bool limit_address_space(void) {
    const struct rlimit little = {address_space() + limit, RLIM_INFINITY};
    return test_tap_check(setrlimit(RLIMIT_AS, &little) == 0, "no limit of the address space");
}

/* Even where stacks fit and nothing else. */
static bool with_little_memory(void) {
    return limit_address_space() && passes() && team_of(TEAM) <= TEAM;
}

static bool with_no_memory(void) {
    return limit_address_space() && passes() && test_tap_check(team_of(TEAM) == 1, "a team without memory");
}

static bool with_enough_memory(void) {
    return limit_address_space() && passes() && test_tap_check(team_of(TEAM) == TEAM, "a small team in much memory");
}

static void limited_memory(void) {
    if (getenv("TILEPROP_TEST_EMULATED")) {
        test_tap_skipped("limits of memory: an emulator does not keep them");
        return;
    }
    limit = 0;
    test_in_child("no memory", with_no_memory);
    for (int i = 1; i < STEPS; i++) {
        limit = (rlim_t)i * (rlim_t)i * STEP;
        test_in_child("little memory", with_little_memory);
    }
    limit = (rlim_t)STEPS * STEPS * STEP;
    test_in_child("enough memory", with_enough_memory);
}
#endif

int main(void) {
    if (!test_guest_expect(&expected) || !test_guest_open(&guest, TEAM) ||
        tp_workspace_create(guest.model, TEST_WORKSPACE(GUEST_BATCH, TP_MODE_TRAINING), NULL, 0, &workspace))
        return 1;
    test_tap_run("few threads", limited_threads);
    test_tap_run("little memory", limited_memory);
    tp_workspace_destroy(workspace);
    test_guest_close(&guest);
    return test_tap_status();
}
