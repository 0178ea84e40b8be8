/* SPDX-License-Identifier: BSD-3-Clause */
/* Trains a small model by the processes of half of the world, or of all of it, and prints its fingerprint. Its score by
 * all of them must be that of one.
 * Usage: train_ranks THREADS [RESUME] [SAVE]; '-': none. */
#include "tileprop/tileprop_mpi.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SAMPLES = 300, IN = 40, HIDDEN = 300, OUT = 10, BATCH = 64 };

static float x[SAMPLES * IN];
static int32_t classes[SAMPLES];

static void check(const tp_context *context, tp_status status) {
    char message[1024] = "";
    if (!status)
        return;
    if (context)
        tp_context_message(context, message, sizeof message);
    fprintf(stderr, "train_ranks: %s: %s\n", tp_status_text(status), message);
    const struct timespec tenth = {.tv_nsec = 100000000}; /* else MPICH's mpirun may lose what was said */
    nanosleep(&tenth, NULL);
    MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
}

static void make_data(tp_data *data) {
    uint32_t state = 1;
    for (size_t i = 0; i < SAMPLES * IN; i++) {
        state = state * 1664525 + 1013904223;
        x[i] = (float)(state >> 8) / 0x1p24f - 0.5f;
    }
    for (size_t i = 0; i < SAMPLES; i++)
        classes[i] = (int32_t)(x[i * IN] * 5 + x[i * IN + 1] * 5 + 5) % OUT;
    *data = (tp_data){.samples = SAMPLES, .features = IN, .floats = x, .classes = classes, .outputs = OUT};
}

static tp_model *make_model(tp_context *context) {
    const tp_layer layers[] = {{.width = HIDDEN, .activation = TP_ACTIVATION_RELU, .dropout = 0.1f},
                               {.width = OUT, .activation = TP_ACTIVATION_SOFTMAX}};
    tp_model_options options;
    tp_model *model = NULL;
    tp_model_options_default(&options);
    options.inputs = IN;
    options.layers = layers;
    options.layer_count = 2;
    options.loss = TP_LOSS_CCE;
    check(context, tp_model_create(context, &options, &model));
    return model;
}

static int stop(void *user, const tp_step *step) {
    (void)user;
    return step->step == 7;
}

static void train(tp_context *context, tp_model *model, const tp_group *group, const char *resume, const char *save) {
    tp_data data;
    tp_train_options options;
    tp_trainer *trainer = NULL;
    make_data(&data);
    tp_train_options_default(&options);
    options.batch = BATCH;
    options.epochs = 3;
    options.parts = 8;
    options.group = group;
    options.validation_fraction = 0.2;
    options.on_step = save ? stop : NULL;
    check(context, tp_trainer_create(model, &data, &options, NULL, 0, &trainer));
    if (resume)
        check(context, tp_trainer_resume(trainer, resume));
    const tp_status status = tp_trainer_run(trainer);
    if (!save)
        check(context, status);
    else
        check(context, tp_trainer_save(trainer, save));
    tp_trainer_destroy(trainer);
}

static void evaluate(tp_context *context, const tp_model *model, const tp_group *group) {
    static uint64_t counts[OUT * OUT], all_counts[OUT * OUT];
    tp_data data;
    tp_workspace_options options;
    tp_workspace *workspace = NULL;
    tp_score score, all;
    make_data(&data);
    tp_workspace_options_default(&options);
    options.max_batch = BATCH;
    check(context, tp_workspace_create(model, &options, NULL, 0, &workspace));
    check(context, tp_evaluate(model, workspace, &data, &score, counts));
    check(context, tp_group_evaluate(model, workspace, &data, group, &all, all_counts));
    const bool same = !memcmp(&score.loss, &all.loss, sizeof all.loss) && score.correct == all.correct &&
                      !memcmp(counts, all_counts, sizeof counts);
    check(NULL, same ? TP_OK : TP_ERR_ARGUMENT);
    tp_workspace_destroy(workspace);
}

static const char *name_in(int argc, char **argv, int i) {
    return argc > i && strcmp(argv[i], "-") != 0 ? argv[i] : NULL;
}

int main(int argc, char **argv) {
    int level;
    char digest[TP_FINGERPRINT_SIZE];
    tp_context_options options;
    tp_context *context = NULL;
    tp_mpi_group *group = NULL;
    MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &level);
    tp_context_options_default(&options);
    options.threads = argc > 1 ? atoi(argv[1]) : 1;
    check(NULL, tp_context_create(&options, &context));
    check(context, tp_mpi_group_create_f(context, MPI_Comm_c2f(MPI_COMM_WORLD), &group));
    tp_model *model = make_model(context);
    train(context, model, tp_mpi_group_get(group), name_in(argc, argv, 2), name_in(argc, argv, 3));
    evaluate(context, model, tp_mpi_group_get(group));
    check(context, tp_model_fingerprint(model, digest));
    printf("%s\n", digest);
    tp_model_destroy(model);
    tp_mpi_group_destroy(group);
    tp_context_destroy(context);
    MPI_Finalize();
    return EXIT_SUCCESS;
}
