/* SPDX-License-Identifier: BSD-3-Clause */
/* What signals do, so that finished work is not lost: SIGINT, SIGTERM and SIGHUP ask the run to stop and are
 * remembered; further ones change nothing, but for a SIGINT half a second or more after the first, which kills (timeout
 * sends its signal twice at once). In a run that can be resumed SIGTERM, SIGUSR1 and SIGUSR2, with which schedulers
 * warn, ask it to stop for now, and any second one of these and SIGINT kills likewise. A signal that was ignored at the
 * start (nohup, background jobs) stays ignored. */
#ifndef TILEPROP_TOOLS_INTERRUPT_H
#define TILEPROP_TOOLS_INTERRUPT_H

#include <stdbool.h>
#include <sysexits.h>

/* From now on writing to a closed pipe or beyond the limit of a file's size is an error, not the end. */
void interrupt_survive(void);

/* From now on the signals above are remembered. */
void interrupt_catch(bool resumable);

/* The signal that arrived first, or 0. */
int interrupt_signal(void);

/* Exit code after it; INTERRUPT_PAUSED if the run is to be resumed. */
#define INTERRUPT_PAUSED EX_TEMPFAIL
int interrupt_code(void);

#endif
