/* SPDX-License-Identifier: BSD-3-Clause */
#include "train_measure.h"

#include <math.h>
#include <stdio.h>

#define WARM_UP 8     /* untimed before each run is this part of it, for caches, sleeping threads and the clock rate */
#define TRIAL 8       /* runs that tell how long a step takes are at least this part of a sample */
#define CHECK_STEPS 8 /* from equal weights, whose losses are compared */
#define CHECK_BATCHES 2 /* few, so that each is seen again after updates, and with rates that make them felt */
#define CHECK_SGD 0.02
#define CHECK_ADAM 1e-3
#define TOLERANCE 3e-4         /* relative; rounding alone makes less than a tenth of it */
#define TOLERANCE_BF16 2e-2    /* not all round the same numbers */
#define TOLERANCE_SKLEARN 1e-2 /* which keeps probabilities away from 0 before it takes their logarithm */

double train_rate(const struct train_row *row, int place) {
    return 1e9 * row->scores.gflops[place] / train_net_flops(&row->net);
}

double train_microseconds(const struct train_row *row, int place) {
    return 1e6 * (double)row->net.task.batch / train_rate(row, place);
}

static struct train_answer ask(struct bench_contestant *contestant, const struct train_command *command) {
    struct train_answer answer;
    if (!bench_contestant_ask(contestant, command, sizeof *command, &answer, sizeof answer))
        answer = (struct train_answer){.loss = NAN};
    return answer;
}

static bool prepare(struct bench_contestant *contestant, const struct train_task *task) {
    return ask(contestant, &(struct train_command){.kind = TRAIN_PREPARE, .task = *task}).value > 0;
}

static struct train_answer run(struct bench_contestant *contestant, int64_t warm_up, int64_t steps) {
    return ask(contestant, &(struct train_command){.kind = TRAIN_RUN, .warm_up = warm_up, .steps = steps});
}

/* A small network first: what the library loads and starts when it is used is not memory of the network. */
static bool prepare_all(struct bench_field *field, struct train_row *row) {
    const struct train_task *task = &row->net.task;
    const struct train_task small = {.batch = 1,
                                     .samples = 8,
                                     .rate = task->rate,
                                     .layers = 2,
                                     .parts = 1,
                                     .widths = {8, 8, 8},
                                     .adam = task->adam,
                                     .inference = task->inference,
                                     .bf16 = task->bf16};
    for (int p = BENCH_AT_OWN; p < field->count; p++) {
        struct bench_contestant *contestant = &field->contestant[p];
        if (prepare(contestant, &small))
            run(contestant, 1, 1);
        row->able[p] = prepare(contestant, task);
    }
    return row->able[BENCH_AT_OWN];
}

struct plan {
    const struct train_row *row;
    int64_t steps[BENCH_MAX_CONTESTANTS];
    double window; /* seconds of one sample */
};

static int64_t steps_for(struct bench_contestant *contestant, double window) {
    int64_t steps = 1;
    double seconds = run(contestant, 1, steps).value;
    while (contestant->alive && seconds < window / TRIAL)
        seconds = run(contestant, 0, steps *= 2).value;
    return contestant->alive ? (int64_t)ceil(window * (double)steps / seconds) : 0;
}

static double run_once(struct bench_contestant *contestant, int place, void *user) {
    const struct plan *plan = user;
    if (place == BENCH_AT_PEAK)
        return ask(contestant, &(struct train_command){.kind = TRAIN_RUN, .seconds = plan->window / WARM_UP}).value;
    if (!plan->row->able[place])
        return 0;
    const int64_t steps = plan->steps[place];
    const double seconds = run(contestant, steps / WARM_UP + (steps > 1), steps).value;
    const double samples = (double)(steps * plan->row->net.task.batch);
    return seconds > 0 ? 1e-9 * samples * train_net_flops(&plan->row->net) / seconds : 0;
}

static void take_times(struct bench_field *field, struct train_row *row, double seconds) {
    struct plan plan = {.row = row, .window = seconds / field->repeats};
    for (int p = BENCH_AT_OWN; p < field->count; p++)
        if (row->able[p])
            plan.steps[p] = steps_for(&field->contestant[p], plan.window);
    bench_field_run(field, &row->scores, run_once, &plan);
}

static void take_memory(struct bench_field *field, struct train_row *row) {
    for (int p = BENCH_AT_OWN; p < field->count; p++) {
        const struct train_answer answer = ask(&field->contestant[p], &(struct train_command){.kind = TRAIN_MEMORY});
        row->memory[p] = row->able[p] ? answer.value : 0;
        if (p == BENCH_AT_OWN)
            row->sizes = answer.sizes;
    }
}

static void take_phases(struct bench_field *field, struct train_row *row, double seconds) {
    struct bench_contestant *own = &field->contestant[BENCH_AT_OWN];
    if (row->net.task.inference)
        return;
    const int64_t steps = steps_for(own, seconds / field->repeats);
    row->phases = ask(own, &(struct train_command){.kind = TRAIN_PHASES, .steps = steps}).phases;
}

static double tolerance(const struct bench_contestant *contestant, const struct train_task *task) {
    if (task->bf16)
        return TOLERANCE_BF16;
    return contestant->library == &bench_sklearn ? TOLERANCE_SKLEARN : TOLERANCE;
}

/* From equal weights and data all must see nearly equal losses, so that nobody wins with a broken step. */
static void check_losses(struct bench_field *field, struct train_row *row) {
    struct train_task task = row->net.task;
    task.shuffled = false;
    task.samples = task.inference ? task.batch : CHECK_BATCHES * task.batch;
    task.rate = task.adam ? CHECK_ADAM : CHECK_SGD;
    for (int p = BENCH_AT_OWN; p < field->count; p++) {
        struct bench_contestant *contestant = &field->contestant[p];
        const bool ready = row->able[p] && prepare(contestant, &task);
        row->loss[p] = ready ? run(contestant, 0, CHECK_STEPS).loss : -1;
        if (row->loss[p] < 0)
            continue;
        row->scores.difference[p] = fabs(row->loss[p] - row->loss[BENCH_AT_OWN]) / row->loss[BENCH_AT_OWN];
        row->scores.wrong[p] = !(row->scores.difference[p] <= tolerance(contestant, &task));
        if (row->scores.wrong[p])
            row->scores.gflops[p] = 0;
    }
}

bool train_measure(struct bench_field *field, const char *isa, const cpu_set_t *processors, double seconds,
                   const struct train_net *net, struct train_row *row) {
    *row = (struct train_row){.net = *net};
    if (!bench_field_start(field, isa, processors) || !prepare_all(field, row))
        return false;
    take_times(field, row, seconds);
    take_memory(field, row);
    take_phases(field, row, seconds);
    check_losses(field, row);
    return field->contestant[BENCH_AT_OWN].alive;
}
