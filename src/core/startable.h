/* SPDX-License-Identifier: BSD-3-Clause */
/* How many threads the process can still start. OpenMP's runtimes end the process when they cannot start one. */
#ifndef TP_CORE_STARTABLE_H
#define TP_CORE_STARTABLE_H

/* At most wanted; found out by starting them, with stacks as large as OpenMP's. They are gone when this returns. */
int tp_startable_threads(int wanted);

#endif
