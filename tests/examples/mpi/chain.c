/* SPDX-License-Identifier: BSD-3-Clause */
/* Training inside a simulation on many processes: a ring of pendulums with springs between neighbours, each process
 * moves its own. Now and then all of them train one network on what they have seen, how a pendulum's acceleration
 * follows from its angle, its speed and its neighbours' angles. The parameters, whose fingerprint is printed, are the
 * same for 1, 2, 4 and 8 processes.
 *   mpicc chain.c $(pkg-config --cflags --libs tileprop) -ltileprop_mpi -lm -o chain; mpirun -n 4 ./chain */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <tileprop/tileprop_mpi.h>

enum { PENDULUMS = 256, INPUTS = 4, ROUNDS = 4, STEPS = 50, PARTS = 8 };

static const float time_step = 0.02f;
static tp_context *context;

static void expect(tp_status status) {
    if (!status)
        return;
    char message[512] = "";
    if (context)
        tp_context_message(context, message, sizeof message);
    fprintf(stderr, "%s: %s\n", tp_status_text(status), message);
    MPI_Abort(MPI_COMM_WORLD, 1);
}

/* The pendulums of this process, and the neighbours' at both ends. */
struct ring {
    int rank, ranks, own;
    float angle[PENDULUMS + 2], speed[PENDULUMS + 2];
};

static void start(struct ring *ring) {
    MPI_Comm_rank(MPI_COMM_WORLD, &ring->rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ring->ranks);
    ring->own = PENDULUMS / ring->ranks;
    for (int i = 1; i <= ring->own; i++) {
        const int place = ring->rank * ring->own + i;
        ring->angle[i] = (float)(place * 37 % 64) / 32 - 1;
        ring->speed[i] = (float)(place * 11 % 64) / 64 - 0.5f;
    }
}

static void meet_neighbours(struct ring *ring) {
    const int left = (ring->rank + ring->ranks - 1) % ring->ranks, right = (ring->rank + 1) % ring->ranks;
    float *angle = ring->angle;
    MPI_Sendrecv(&angle[ring->own], 1, MPI_FLOAT, right, 0, &angle[0], 1, MPI_FLOAT, left, 0, MPI_COMM_WORLD,
                 MPI_STATUS_IGNORE);
    MPI_Sendrecv(&angle[1], 1, MPI_FLOAT, left, 1, &angle[ring->own + 1], 1, MPI_FLOAT, right, 1, MPI_COMM_WORLD,
                 MPI_STATUS_IGNORE);
}

/* What the network learns to compute. */
static float acceleration(const float *x) {
    return -2 * x[0] + 0.33f * x[0] * x[0] * x[0] - 0.1f * x[1] + 0.5f * (x[2] - 2 * x[0] + x[3]);
}

static void step(struct ring *ring, float (*x)[INPUTS], float *y) {
    meet_neighbours(ring);
    for (int i = 1; i <= ring->own; i++) {
        const float sample[] = {ring->angle[i], ring->speed[i], ring->angle[i - 1], ring->angle[i + 1]};
        for (int j = 0; j < INPUTS; j++)
            x[i - 1][j] = sample[j];
        y[i - 1] = acceleration(sample);
    }
    for (int i = 1; i <= ring->own; i++) {
        ring->speed[i] += time_step * y[i - 1];
        ring->angle[i] += time_step * ring->speed[i];
    }
}

/* All samples of a step on every process, in the order of the pendulums whatever their number. */
static void record(struct ring *ring, float (*x)[INPUTS], float *y) {
    static float own_x[PENDULUMS][INPUTS], own_y[PENDULUMS];
    step(ring, own_x, own_y);
    MPI_Allgather(own_x, ring->own * INPUTS, MPI_FLOAT, x, ring->own * INPUTS, MPI_FLOAT, MPI_COMM_WORLD);
    MPI_Allgather(own_y, ring->own, MPI_FLOAT, y, ring->own, MPI_FLOAT, MPI_COMM_WORLD);
}

static tp_model *make_model(void) {
    const tp_layer layers[] = {{.width = 32, .activation = TP_ACTIVATION_TANH}, {.width = 1}};
    tp_model_options options;
    tp_model *model = NULL;
    tp_model_options_default(&options);
    options.inputs = INPUTS, options.layer_count = 2, options.layers = layers, options.loss = TP_LOSS_MSE;
    expect(tp_model_create(context, &options, &model));
    return model;
}

static int remember_loss(void *user, const tp_epoch *epoch) {
    *(double *)user = epoch->train.loss;
    return 0;
}

static double train(tp_model *model, const tp_group *group, float (*x)[INPUTS], const float *y) {
    const tp_data data = {
        .samples = (size_t)STEPS * PENDULUMS, .features = INPUTS, .floats = x[0], .values = y, .outputs = 1};
    tp_train_options options;
    tp_trainer *trainer = NULL;
    double loss = 0;
    tp_train_options_default(&options);
    options.epochs = 3, options.parts = PARTS, options.group = group;
    options.optimizer.learning_rate = 0.003f;
    options.on_epoch = remember_loss, options.user = &loss;
    expect(tp_trainer_create(model, &data, &options, NULL, 0, &trainer));
    expect(tp_trainer_run(trainer));
    tp_trainer_destroy(trainer);
    return loss;
}

int main(int argc, char **argv) {
    static float x[STEPS * PENDULUMS][INPUTS], y[STEPS * PENDULUMS];
    static struct ring ring;
    char fingerprint[TP_FINGERPRINT_SIZE];
    double first = 0, loss = 0;
    int level;
    MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &level);
    tp_mpi_group *group = NULL;
    expect(tp_context_create(NULL, &context));
    expect(tp_mpi_group_create(context, MPI_COMM_WORLD, &group));
    tp_model *model = make_model();
    start(&ring);
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < STEPS; i++)
            record(&ring, x + i * PENDULUMS, y + i * PENDULUMS);
        loss = train(model, tp_mpi_group_get(group), x, y);
        if (round == 0)
            first = loss;
    }
    expect(tp_model_fingerprint(model, fingerprint));
    if (ring.rank == 0)
        printf("mean loss %.1e after the first round, then %.1e; parameters %s\n", first, loss, fingerprint);
    tp_model_destroy(model), tp_mpi_group_destroy(group), tp_context_destroy(context);
    MPI_Finalize();
    return loss > first / 4;
}
