/* SPDX-License-Identifier: BSD-3-Clause */
/* Cancellation. pthread_cancel must not end a thread for which others wait, or one that holds a file or memory. So what
 * can be a cancellation point runs between these two: teams, files, and functions of the caller's. A request that
 * arrives meanwhile acts at the next cancellation point after the call. */
#ifndef TP_CORE_CANCEL_H
#define TP_CORE_CANCEL_H

#include <pthread.h>

/* Returns what tp_cancel_restore takes; they nest. */
static inline int tp_cancel_hold(void) {
    int before;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    return before;
}

static inline void tp_cancel_restore(int before) {
    pthread_setcancelstate(before, &before);
}

#endif
