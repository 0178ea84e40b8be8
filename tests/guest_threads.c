/* SPDX-License-Identifier: BSD-3-Clause */
/* Many callers at once, teams within teams, more threads than processors, changing thread counts: the bits of one
 * thread, and no hang. */
#include "support/guest.h"
#include "support/tap.h"

#include <omp.h>
#include <pthread.h>
#include <stdio.h>

enum { CALLERS = 64, REPEATS = 10, TEAM = 4, MANY = 16 };

static struct test_guest_results expected;
static struct test_guest guest;

/* REPEATS passes in a workspace of the caller's own. */
static void *call(void *unused) {
    struct test_guest_pass pass;
    tp_workspace *workspace = NULL;
    const tp_status status =
        tp_workspace_create(guest.model, TEST_WORKSPACE(GUEST_BATCH, TP_MODE_TRAINING), NULL, 0, &workspace);
    bool ok = test_tap_check(status == TP_OK, "workspace: %s", tp_status_text(status));
    for (int i = 0; i < REPEATS && ok; i++)
        ok = test_guest_pass_in(&guest, workspace, &pass) && test_guest_same(&expected.pass, &pass, "caller");
    tp_workspace_destroy(workspace);
    return unused;
}

static void run_callers(int threads) {
    pthread_t caller[CALLERS];
    if (!test_guest_open(&guest, threads))
        return;
    int started = 0;
    while (started < CALLERS && test_tap_check(!pthread_create(&caller[started], NULL, call, NULL), "%d", started))
        started++;
    for (int i = 0; i < started; i++)
        test_tap_check(pthread_join(caller[i], NULL) == 0, "join");
    test_guest_close(&guest);
}

static void callers_alone(void) {
    run_callers(1);
}

static void callers_with_teams(void) {
    run_callers(2);
}

/* Called by every thread of the program's own teams, nested ones as well. */
static void nested(void) {
    omp_set_max_active_levels(3);
    if (!test_guest_open(&guest, TEAM))
        return;
#pragma omp parallel num_threads(TEAM)
    call(NULL);
#pragma omp parallel num_threads(2)
#pragma omp parallel num_threads(2)
    call(NULL);
#pragma omp parallel for num_threads(TEAM) schedule(dynamic)
    for (int i = 0; i < CALLERS / 4; i++)
        call(NULL);
#pragma omp parallel num_threads(TEAM)
#pragma omp single
    for (int i = 0; i < TEAM; i++) {
#pragma omp task
        call(NULL);
    }
    call(NULL);
    test_guest_close(&guest);
    omp_set_max_active_levels(1);
}

/* One workspace serves for every thread count, also for more threads than it was made for. */
static void changing_thread_counts(void) {
    static const int counts[] = {1, 3, 2, MANY, 1, 5, MANY, 2, 4, 0, 3};
    struct test_guest_pass pass;
    for (int made_for = 1; made_for <= MANY; made_for *= 4) {
        tp_workspace *workspace = NULL;
        bool ok = test_guest_open(&guest, made_for) &&
                  test_tap_check(!tp_workspace_create(guest.model, TEST_WORKSPACE(GUEST_BATCH, TP_MODE_TRAINING), NULL,
                                                      0, &workspace),
                                 "%d", made_for);
        for (size_t i = 0; i < sizeof counts / sizeof *counts && ok; i++) {
            ok = test_tap_check(!tp_context_set_threads(guest.context, counts[i]), "%d threads", counts[i]) &&
                 test_guest_pass_in(&guest, workspace, &pass) &&
                 test_guest_same(&expected.pass, &pass, "old workspace") && test_guest_pass(&guest, &pass) &&
                 test_guest_same(&expected.pass, &pass, "new workspace");
        }
        tp_workspace_destroy(workspace);
        test_guest_close(&guest);
    }
}

static void train_on(int threads) {
    float trained[GUEST_PARAMETERS];
    if (test_guest_open(&guest, threads) && test_guest_train(&guest, NULL, NULL, trained))
        test_tap_check(tp_test_same_bits(expected.trained, trained, GUEST_PARAMETERS, "trained"), "%d threads",
                       threads);
    test_guest_close(&guest);
}

static void more_threads_than_processors(void) {
    const int processors = omp_get_num_procs();
    train_on(processors + 1);
    train_on(8 * processors);
    train_on(MANY);
}

int main(void) {
    if (!test_guest_expect(&expected))
        return 1;
    test_tap_run("64 callers, one thread each", callers_alone);
    test_tap_run("64 callers with teams", callers_with_teams);
    test_tap_run("inside the program's teams", nested);
    test_tap_run("changing thread counts", changing_thread_counts);
    test_tap_run("more threads than processors", more_threads_than_processors);
    return test_tap_status();
}
