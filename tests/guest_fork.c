/* SPDX-License-Identifier: BSD-3-Clause */
/* Children of fork compute what their parent does, and nobody hangs. Criterion cannot run tests that fork. */
#include "core/parallel.h"
#include "support/child.h"
#include "support/guest.h"
#include "support/tap.h"

#include <pthread.h>
#include <stdio.h>

static struct test_guest_results expected;
static struct test_guest guest; /* of the parent, with two threads */

static bool passes(void) {
    static struct test_guest_pass pass;
    return test_guest_pass(&guest, &pass) && test_guest_same(&expected.pass, &pass, "pass");
}

/* Everything from the context on is made here. */
static bool trains(void) {
    static struct test_guest own;
    float trained[GUEST_PARAMETERS];
    const bool done = test_guest_open(&own, 2) && test_guest_train(&own, NULL, NULL, trained) &&
                      test_tap_check(tp_test_same_bits(expected.trained, trained, GUEST_PARAMETERS, "trained"),
                                     "training run: other bits than on one thread");
    test_guest_close(&own);
    return done;
}

static bool passes_on_one_thread(void) {
    return test_tap_check(tp_context_set_threads(guest.context, 1) == TP_OK, "set_threads") && passes();
}

static void note_size(void *argument, struct tp_team team) {
    if (team.id == 0)
        *(int *)argument = team.size;
}

static bool has_team_of(int size) {
    int actual = 0;
    tp_parallel(2, note_size, &actual);
    return test_tap_check(actual == size, "a team of %d instead of %d", actual, size);
}

static bool has_a_team(void) {
    return passes() && has_team_of(2);
}

static bool is_alone(void) {
    return passes() && has_team_of(1);
}

static void *run_in_thread(void *child) {
    static bool done;
    done = (*(bool (**)(void))child)();
    return &done;
}

static bool starts_a_thread(void) {
    bool (*child)(void) = has_a_team;
    pthread_t thread;
    void *done = NULL;
    return test_tap_check(pthread_create(&thread, NULL, run_in_thread, &child) == 0, "thread") &&
           test_tap_check(pthread_join(thread, &done) == 0, "join") && *(bool *)done;
}

static bool has_a_child(void) {
    return test_in_child("grandchild", is_alone);
}

static void before_any_team(void) {
    test_in_child("a child whose parent never had a team", has_a_team);
}

static void after_a_team(void) {
    has_a_team();
    test_in_child("the parent's model", is_alone);
    test_in_child("the parent's model on one thread", passes_on_one_thread);
    test_in_child("a model of its own", trains);
    test_in_child("a thread of the child", starts_a_thread);
    test_in_child("a grandchild", has_a_child);
    has_a_team();
    trains();
}

static int fork_in_step(void *user, const tp_step *step) {
    if (step->step == 2)
        test_in_child(user, passes);
    return 0;
}

static void during_training(void) {
    static struct test_guest own;
    static char what[] = "a child of on_step";
    float trained[GUEST_PARAMETERS];
    if (test_guest_open(&own, 2) && test_guest_train(&own, fork_in_step, what, trained))
        test_tap_check(tp_test_same_bits(expected.trained, trained, GUEST_PARAMETERS, "trained"), "parent");
    test_guest_close(&own);
}

int main(void) {
    if (!test_guest_expect(&expected) || !test_guest_open(&guest, 2))
        return 1;
    test_tap_run("fork before any team", before_any_team);
    test_tap_run("fork after a team", after_a_team);
    test_tap_run("fork during training", during_training);
    test_guest_close(&guest);
    return test_tap_status();
}
