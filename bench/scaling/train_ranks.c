/* SPDX-License-Identifier: BSD-3-Clause */
/* Time of a training step on MPI processes, and what of it the first process waits for messages, as one line of JSON.
 * Usage: train_ranks overlap|in-turn|alone THREADS PARTS BATCH EPOCHS WIDTH WIDTH...: inputs and layers.
 * in-turn: each exchange is over before anything else goes on; alone: each process trains its share of the batch, and
 * there are no messages. The fastest of the epochs, of four steps each, counts. */
#define _POSIX_C_SOURCE 200809L
#include "tileprop/tileprop_mpi.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { STEPS = 4 };

static tp_context *context;

/* A group that watches another one. */
struct watch {
    const tp_group *under;
    bool in_turn;
    double waited; /* seconds */
    double sent;   /* bytes */
    double best, best_waited, best_sent;
};

static void expect(tp_status status) {
    if (!status)
        return;
    char message[512] = "";
    if (context)
        tp_context_message(context, message, sizeof message);
    fprintf(stderr, "train_ranks: %s: %s\n", tp_status_text(status), message);
    MPI_Abort(MPI_COMM_WORLD, 1);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static tp_status start(void *user, int slot, int peer, const void *send, size_t send_bytes, void *receive,
                       size_t receive_bytes) {
    struct watch *watch = user;
    const double since = now();
    bool done;
    tp_status status = watch->under->start(watch->under->user, slot, peer, send, send_bytes, receive, receive_bytes);
    if (!status && watch->in_turn)
        status = watch->under->finish(watch->under->user, slot, true, &done);
    watch->waited += now() - since;
    watch->sent += (double)send_bytes;
    return status;
}

static tp_status finish(void *user, int slot, bool wait, bool *done) {
    struct watch *watch = user;
    const double since = now();
    const tp_status status = watch->under->finish(watch->under->user, slot, wait, done);
    watch->waited += now() - since;
    return status;
}

static int on_epoch(void *user, const tp_epoch *epoch) {
    struct watch *watch = user;
    if (epoch->epoch > 1 && (watch->best <= 0 || epoch->seconds < watch->best)) {
        watch->best = epoch->seconds;
        watch->best_waited = watch->waited;
        watch->best_sent = watch->sent;
    }
    watch->waited = watch->sent = 0;
    return 0;
}

static void *numbers(size_t count) {
    float *x = malloc(count * sizeof *x);
    uint32_t state = 1;
    if (!x)
        MPI_Abort(MPI_COMM_WORLD, 1);
    for (size_t i = 0; i < count; i++) {
        state = state * 1664525 + 1013904223;
        x[i] = (float)(state >> 8) / 0x1p24f - 0.5f;
    }
    return x;
}

static tp_model *make_model(int count, char **widths) {
    tp_layer layers[TP_MAX_LAYERS] = {{.width = 0}};
    tp_model_options options;
    tp_model *model = NULL;
    for (int i = 1; i < count; i++)
        layers[i - 1] = (tp_layer){.width = (size_t)atol(widths[i]),
                                   .activation = i + 1 < count ? TP_ACTIVATION_RELU : TP_ACTIVATION_IDENTITY};
    tp_model_options_default(&options);
    options.inputs = (size_t)atol(widths[0]);
    options.layers = layers;
    options.layer_count = (size_t)count - 1;
    options.loss = TP_LOSS_MSE;
    expect(tp_model_create(context, &options, &model));
    return model;
}

static void train(tp_model *model, const tp_data *data, tp_train_options *options, struct watch *watch, double *step) {
    tp_trainer *trainer = NULL;
    options->on_epoch = on_epoch;
    options->user = watch;
    options->tune = TP_TUNE_OFF;
    options->optimizer.learning_rate = 1e-4f;
    expect(tp_trainer_create(model, data, options, NULL, 0, &trainer));
    expect(tp_trainer_run(trainer));
    tp_trainer_destroy(trainer);
    MPI_Allreduce(&watch->best, step, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
}

int main(int argc, char **argv) {
    int level, rank, ranks;
    MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &level);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    if (argc < 8 || argc - 6 > TP_MAX_LAYERS)
        return fputs("train_ranks: see the head of train_ranks.c for the arguments\n", stderr), 2;
    const bool alone = !strcmp(argv[1], "alone");
    const size_t share = alone ? (size_t)ranks : 1;
    tp_context_options options;
    tp_train_options training;
    tp_mpi_group *members = NULL;
    double step = 0;
    tp_context_options_default(&options);
    options.threads = atoi(argv[2]);
    expect(tp_context_create(&options, &context));
    expect(tp_mpi_group_create(context, MPI_COMM_WORLD, &members));
    struct watch watch = {.under = tp_mpi_group_get(members), .in_turn = !strcmp(argv[1], "in-turn")};
    tp_group group = *watch.under;
    group.user = &watch, group.start = start, group.finish = finish, group.reason = NULL;
    tp_train_options_default(&training);
    training.parts = (size_t)atol(argv[3]) / share;
    training.batch = (size_t)atol(argv[4]) / share;
    training.epochs = (size_t)atol(argv[5]);
    training.group = alone ? NULL : &group;
    tp_model *model = make_model(argc - 6, argv + 6);
    const size_t inputs = (size_t)atol(argv[6]), outputs = (size_t)atol(argv[argc - 1]);
    tp_data data = {.samples = STEPS * training.batch, .features = inputs, .outputs = outputs};
    float *x = numbers(data.samples * inputs), *y = numbers(data.samples * outputs);
    data.floats = x, data.values = y;
    train(model, &data, &training, &watch, &step);
    if (rank == 0)
        printf(
            "{\"mode\":\"%s\",\"ranks\":%d,\"threads\":%s,\"batch\":%s,\"step\":%.6f,\"waited\":%.6f,\"sent\":%.0f}\n",
            argv[1], ranks, argv[2], argv[4], step / STEPS, watch.best_waited / STEPS, watch.best_sent / STEPS);
    free(x), free(y), tp_model_destroy(model), tp_mpi_group_destroy(members), tp_context_destroy(context);
    MPI_Finalize();
    return 0;
}
