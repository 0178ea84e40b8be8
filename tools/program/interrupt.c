/* SPDX-License-Identifier: BSD-3-Clause */
#include "interrupt.h"
#include "report.h"

#include <signal.h>
#include <stddef.h>
#include <stdlib.h>

#define SECONDS_TO_KILL 0.5

static volatile sig_atomic_t arrived;
static volatile double first_interrupt; /* when the first signal came that kills if it comes again; 0: none came */
static bool pauses;                     /* SIGTERM, SIGUSR1 and SIGUSR2 stop the run for now */

static void remember(int signal) {
    if (!arrived)
        arrived = signal;
}

static void kill_if_again(int signal) {
    const double time = now();
    if (first_interrupt > 0 && time - first_interrupt >= SECONDS_TO_KILL) {
        struct sigaction action = {0};
        action.sa_handler = SIG_DFL;
        sigaction(signal, &action, NULL);
        raise(signal); /* as the handler returns */
    }
    if (first_interrupt <= 0)
        first_interrupt = time;
    remember(signal);
}

static void handle(int signal, void (*handler)(int)) {
    struct sigaction action = {0};
    sigaction(signal, NULL, &action);
    if (action.sa_handler == SIG_IGN)
        return;
    action.sa_handler = handler;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    sigaction(signal, &action, NULL);
}

void interrupt_survive(void) {
    handle(SIGPIPE, SIG_IGN);
    handle(SIGXFSZ, SIG_IGN);
}

void interrupt_catch(bool resumable) {
    pauses = resumable;
    handle(SIGINT, kill_if_again);
    handle(SIGHUP, remember);
    handle(SIGTERM, resumable ? kill_if_again : remember);
    if (resumable) {
        handle(SIGUSR1, kill_if_again);
        handle(SIGUSR2, kill_if_again);
    }
}

int interrupt_signal(void) {
    return arrived;
}

int interrupt_code(void) {
    if (pauses && (arrived == SIGTERM || arrived == SIGUSR1 || arrived == SIGUSR2))
        return INTERRUPT_PAUSED;
    return arrived ? 128 + arrived : EXIT_SUCCESS;
}
