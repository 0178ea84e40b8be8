/* SPDX-License-Identifier: BSD-3-Clause */
/* How much processor time the process may use: the CPU quota of its control groups, by which containers and batch
 * systems limit it although it can run on every processor. */
#ifndef TP_CORE_QUOTA_H
#define TP_CORE_QUOTA_H

/* So many processors' time, rounded up: the least that a control group leaves on the way from that of the process to
 * the highest that can be seen; version 1 or 2. 0: no limit, or none that can be read. root is put before every path
 * and is "", but for tests. */
int tp_quota(const char *root);

#endif
