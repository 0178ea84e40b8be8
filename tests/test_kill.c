/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A process that saves one model over another is killed, at random moments: each time the file is a complete model, one
 * of the two. 20 times; with TILEPROP_TEST_LONG=1 1,000 times.
 */

#include "support/scratch.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Large enough for a save to be more than an instant. */
enum { IN = 300, OUT = 100, PARAMETERS = IN * OUT + OUT, MODELS = 2 };

static tp_context *context;
static tp_model *models[MODELS];
static float *parameters[MODELS];

static void set_up(void) {
    tp_test_scratch_open();
    context = tp_test_scratch.context;
    for (int i = 0; i < MODELS; i++) {
        const tp_layer layer = {OUT, TP_ACTIVATION_SOFTMAX, 0, 0};
        tp_model_options options;
        tp_model_options_default(&options);
        options.inputs = IN;
        options.layer_count = 1;
        options.layers = &layer;
        options.seed = (uint64_t)i;
        cr_assert_eq(tp_model_create(context, &options, &models[i]), TP_OK);
        parameters[i] = tp_test_floats(PARAMETERS);
        cr_assert_eq(tp_model_get_parameters(models[i], parameters[i], PARAMETERS), TP_OK);
    }
}

static void tear_down(void) {
    for (int i = 0; i < MODELS; i++) {
        free(parameters[i]);
        tp_model_destroy(models[i]);
    }
    tp_test_scratch_close();
}

TestSuite(kill, .init = set_up, .fini = tear_down);

static void save(int i) {
    cr_assert_eq(tp_model_save(models[i], tp_test_in_scratch("model")), TP_OK, "%s", tp_test_message(context));
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void wait_for(double seconds) {
    nanosleep(&(struct timespec){(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)}, NULL);
}

/* A child that saves for ever, and is known to have begun. */
static pid_t start_child(void) {
    int ready[2];
    char byte = 0;
    cr_assert_eq(pipe(ready), 0);
    const pid_t child = fork();
    cr_assert_geq(child, 0);
    if (child == 0) {
        if (write(ready[1], &byte, 1) == 1)
            for (int i = 0; !tp_model_save(models[i], tp_test_in_scratch("model"));)
                i = (i + 1) % MODELS;
        _exit(1);
    }
    close(ready[1]);
    cr_assert_eq(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return child;
}

static void kill_child(pid_t child) {
    int status;
    cr_assert_eq(kill(child, SIGKILL), 0);
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "the child ended by itself");
}

/* Removes what the killed process left: at most one temporary file. Anything else is an error. */
static int tidy(void) {
    int left = 0;
    DIR *directory = opendir(tp_test_scratch.path);
    cr_assert_not_null(directory);
    for (const struct dirent *entry; (entry = readdir(directory));) {
        if (!strncmp(entry->d_name, ".tileprop-", 10)) {
            left++;
            unlink(tp_test_in_scratch(entry->d_name));
        } else if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..")) {
            cr_expect_str_eq(entry->d_name, "model");
        }
    }
    closedir(directory);
    cr_expect_leq(left, 1);
    return left;
}

/* Which of the models the file is. */
static int load(int round) {
    tp_model *model = NULL;
    float *loaded = tp_test_floats(PARAMETERS);
    int which = 0;
    cr_assert_eq(tp_model_load(context, tp_test_in_scratch("model"), &model), TP_OK, "kill %d: %s", round,
                 tp_test_message(context));
    cr_assert_eq(tp_model_get_parameters(model, loaded, PARAMETERS), TP_OK);
    while (which < MODELS && memcmp(loaded, parameters[which], PARAMETERS * sizeof *loaded) != 0)
        which++;
    cr_assert_lt(which, MODELS, "kill %d: the file is neither model", round);
    free(loaded);
    tp_model_destroy(model);
    return which;
}

Test(kill, the_file_is_one_of_the_models) {
    const char *wanted = getenv("TILEPROP_TEST_LONG");
    const bool all = wanted && !strcmp(wanted, "1");
    const int kills = all ? 1000 : 20;
    int in_a_save = 0, found[MODELS] = {0};
    save(0);
    const double began = now();
    save(1);
    const double one_save = now() - began;
    for (int i = 0; i < kills; i++) {
        const pid_t child = start_child();
        wait_for(8 * one_save * (double)(tp_test_random(1, (uint64_t)i) >> 11) * 0x1p-53);
        kill_child(child);
        found[load(i)]++;
        in_a_save += tidy();
    }
    fprintf(stderr, "%d kills, %d while a temporary file was there; the file was the first model %d times\n", kills,
            in_a_save, found[0]);
    cr_expect_gt(in_a_save, 0, "no kill was in a save");
    if (all)
        cr_expect(found[0] && found[1], "the models were found %d and %d times", found[0], found[1]);
}
