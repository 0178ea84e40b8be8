/* SPDX-License-Identifier: BSD-3-Clause */
/* Inference on threads of your own: they share a predictor, which was made of a model and needs it no longer, and each
 * has a one-thread workspace in memory that the caller owns. The outputs have the same bits as those of one call of the
 * model for all samples.
 *   cc inference.c -pthread $(pkg-config --cflags --libs tileprop) -o inference */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tileprop/tileprop.h>

enum { THREADS = 4, SAMPLES = 1000, BATCH = 16, INPUTS = 32, OUTPUTS = 8 };

struct worker {
    pthread_t thread;
    const tp_predictor *predictor;
    tp_workspace *workspace;
    size_t first, end; /* its samples */
};

static float x[SAMPLES][INPUTS], together[SAMPLES][OUTPUTS], apart[SAMPLES][OUTPUTS];
static tp_context *context;

static void expect(tp_status status) {
    if (!status)
        return;
    char message[256];
    tp_context_message(context, message, sizeof message);
    fprintf(stderr, "%s: %s\n", tp_status_text(status), message);
    exit(1);
}

static void *work(void *argument) {
    const struct worker *worker = argument;
    for (size_t i = worker->first; i < worker->end; i += BATCH) { /* allocates nothing */
        const size_t batch = worker->end - i < BATCH ? worker->end - i : BATCH;
        expect(tp_predictor_run(worker->predictor, worker->workspace, batch, x[i], INPUTS, apart[i], OUTPUTS));
    }
    return NULL;
}

int main(void) {
    const tp_layer layers[] = {{.width = 64, .activation = TP_ACTIVATION_GELU}, {.width = OUTPUTS}};
    tp_model_options shape;
    tp_workspace_options room;
    tp_model_options_default(&shape);
    tp_workspace_options_default(&room);
    shape.inputs = INPUTS, shape.layer_count = 2, shape.layers = layers, shape.loss = TP_LOSS_MSE;
    tp_model *model = NULL; /* with random parameters; tp_model_load gives a trained one */
    tp_workspace *workspace = NULL;
    expect(tp_context_create(NULL, &context));
    expect(tp_model_create(context, &shape, &model));
    for (size_t i = 0; i < SAMPLES * INPUTS; i++)
        x[i / INPUTS][i % INPUTS] = (float)(i * 37 % 101) / 50 - 1;
    room.max_batch = SAMPLES;
    expect(tp_workspace_create(model, &room, NULL, 0, &workspace));
    expect(tp_forward(model, workspace, SAMPLES, x[0], INPUTS, together[0], OUTPUTS));
    tp_workspace_destroy(workspace);
    const size_t batches[] = {1, BATCH};
    tp_predictor_options fast;
    tp_predictor_options_default(&fast);
    fast.measure = true, fast.batches = batches, fast.batch_count = 2;
    tp_predictor *predictor = NULL;
    expect(tp_predictor_create(context, model, &fast, &predictor));
    tp_model_destroy(model);
    room.max_batch = BATCH, room.threads = 1;
    const size_t size = tp_predictor_workspace_size(predictor, &room);
    char *memory = malloc(THREADS * size);
    if (!size || !memory)
        return 1;
    struct worker workers[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        workers[i].predictor = predictor, workers[i].first = SAMPLES * i / THREADS;
        workers[i].end = SAMPLES * (i + 1) / THREADS;
        expect(tp_predictor_workspace_create(predictor, &room, memory + i * size, size, &workers[i].workspace));
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]))
            return 1;
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        tp_workspace_destroy(workers[i].workspace);
    }
    free(memory);
    tp_predictor_destroy(predictor), tp_context_destroy(context);
    const int differ = memcmp(together, apart, sizeof together) != 0;
    printf("%d threads with workspaces of %zu bytes: %s bits\n", THREADS, size, differ ? "OTHER" : "the same");
    return differ;
}
