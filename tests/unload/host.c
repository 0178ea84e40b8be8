/* SPDX-License-Identifier: BSD-3-Clause */
/* A program that knows nothing of OpenMP loads and unloads plugins that use the library, and lives on.
 * Usage: unload PLUGIN... */
#include "plugin.h"
#include "support/child.h"
#include "support/tap.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

static const char *path;

/* Threads that the plugin left run meanwhile. */
static void sleep_a_little(void) {
    const struct timespec nap = {0, 50000000};
    nanosleep(&nap, NULL);
}

static bool use(void) {
    void *plugin = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    bool (*run)(void) = NULL;
    if (plugin)
        *(void **)&run = dlsym(plugin, "plugin_run");
    const bool done = test_tap_check(run, "%s", dlerror()) && test_tap_check(run(), "%s: wrong product", path) &&
                      test_tap_check(dlclose(plugin) == 0, "%s", dlerror());
    sleep_a_little();
    return done;
}

static void *use_in_thread(void *done) {
    *(bool *)done = use();
    return NULL;
}

/* The thread's OpenMP workers end with it. */
static bool in_a_thread(void) {
    bool done = false;
    pthread_t thread;
    test_tap_check(pthread_create(&thread, NULL, use_in_thread, &done) == 0, "thread");
    test_tap_check(pthread_join(thread, NULL) == 0, "join");
    sleep_a_little();
    return done;
}

static bool again(void) {
    return use() && use();
}

static void plugin_is_unloaded(void) {
    test_in_child("once", use);
    test_in_child("twice", again);
    test_in_child("in a thread", in_a_thread);
}

int main(int arguments, char **argument) {
    setenv("OMP_WAIT_POLICY", "active", 1); /* waiting workers run code, which must be there */
    for (int i = 1; i < arguments; i++) {
        path = argument[i];
        test_tap_run(path, plugin_is_unloaded);
    }
    return test_tap_status();
}
