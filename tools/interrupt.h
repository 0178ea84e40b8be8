/* SPDX-License-Identifier: BSD-3-Clause */
/* Stopping at the next step on Ctrl-C or SIGTERM; the second signal of a kind kills. */
#ifndef TILEPROP_TOOLS_INTERRUPT_H
#define TILEPROP_TOOLS_INTERRUPT_H

/* From now on the first signal is remembered. A signal that was ignored (nohup, background jobs) stays ignored. */
void interrupt_catch(void);

/* The signal that arrived, or 0. */
int interrupt_signal(void);

#endif
