/* SPDX-License-Identifier: BSD-3-Clause */
/* Functions of groups that exchange nothing: of one rank, or never asked to. */
#ifndef TP_TESTS_LONE_RANK_H
#define TP_TESTS_LONE_RANK_H

#include <tileprop/tileprop.h>

static inline tp_status start_nothing(void *user, int slot, int peer, const void *send, size_t send_bytes,
                                      void *receive, size_t receive_bytes) {
    (void)user, (void)slot, (void)peer, (void)send, (void)send_bytes, (void)receive, (void)receive_bytes;
    return TP_OK;
}

static inline tp_status finish_nothing(void *user, int slot, bool wait, bool *done) {
    (void)user, (void)slot, (void)wait, (void)done;
    return TP_OK;
}

#endif
