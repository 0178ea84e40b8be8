/* SPDX-License-Identifier: BSD-3-Clause */
/* Files of networks: lines "name batch optimiser inputs width..."; # begins a comment. */
#ifndef TP_BENCH_TRAIN_NET_H
#define TP_BENCH_TRAIN_NET_H

#include "train_data.h"

struct train_net {
    char group[32]; /* the file's name without folder and suffix */
    char name[32];
    struct train_task task; /* shuffled, with enough samples for timing */
};

struct train_nets {
    struct train_net *net; /* to be freed */
    size_t count;
};

/* Appends the networks of a file, those of a list of names if that is not NULL; false with a message on standard
 * error. */
bool train_nets_read(struct train_nets *nets, const char *path, const char *names, bool inference, bool bf16);

/* 2 per multiply-add: forward and, in training, dW, and dX of all layers but the first. */
double train_net_flops(const struct train_net *net);

/* "784-128-10" */
void train_net_shape(const struct train_net *net, char *text, size_t size);

#endif
