/* SPDX-License-Identifier: BSD-3-Clause */
#include "interrupt.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t arrived;

static void remember(int signal) {
    arrived = signal;
}

static void catch_signal(int signal) {
    struct sigaction action = {0};
    sigaction(signal, NULL, &action);
    if (action.sa_handler == SIG_IGN)
        return;
    action.sa_handler = remember;
    action.sa_flags = (int)(SA_RESETHAND | SA_RESTART);
    sigemptyset(&action.sa_mask);
    sigaction(signal, &action, NULL);
}

void interrupt_catch(void) {
    catch_signal(SIGINT);
    catch_signal(SIGTERM);
}

int interrupt_signal(void) {
    return arrived;
}
