/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Speed of whole training steps: gather, forward, loss, backward, update, on random data.
 * Usage: bench_train [--isa NAME] [--threads N] [--seconds S] [--net A..H]
 */
#include "tileprop/tileprop.h"
#include "timing.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SETS 8 /* batches in the data set */

struct net {
    const char *name;
    size_t batch;
    tp_optimizer_kind optimizer;
    size_t widths[8]; /* inputs, layers, 0 */
};

static const struct net nets[] = {
    {"A", 32, TP_SGD, {784, 128, 10}},
    {"B", 128, TP_SGD, {784, 512, 512, 10}},
    {"C", 128, TP_ADAM, {784, 512, 512, 10}},
    {"D", 1024, TP_SGD, {1024, 1024, 1024, 1024}},
    {"E", 256, TP_SGD, {2048, 2048, 2048, 2048, 10}},
    {"F", 256, TP_SGD, {784, 10}},
    {"G", 256, TP_ADAM, {64, 256, 256, 1}},
    {"H", 1, TP_SGD, {32, 64, 64, 8}},
};

struct clock {
    double limit;
    double began; /* after the first step, which warms up */
    uint64_t steps;
    double seconds;
};

static int on_step(void *user, const tp_step *step) {
    struct clock *clock = user;
    const double now = bench_now();
    if (step->step == 1)
        clock->began = now;
    clock->steps = step->step - 1;
    clock->seconds = now - clock->began;
    return clock->seconds >= clock->limit;
}

static void need(tp_status status) {
    if (status != TP_OK)
        exit(1); /* the message callback has said why */
}

static void print_message(void *user, tp_status status, const char *message) {
    (void)user;
    if (status != TP_ERR_STOPPED)
        fprintf(stderr, "bench_train: %s\n", message);
}

static size_t layer_count(const struct net *net) {
    size_t layers = 0;
    while (net->widths[layers + 1])
        layers++;
    return layers;
}

static tp_model *make_model(tp_context *context, const struct net *net) {
    tp_layer layer[8] = {0};
    tp_model_options options;
    tp_model_options_default(&options);
    options.inputs = net->widths[0];
    options.layers = layer_count(net);
    options.layer = layer;
    for (size_t l = 0; l < options.layers; l++)
        layer[l] = (tp_layer){.width = net->widths[l + 1], .activation = TP_RELU};
    tp_layer *last = &layer[options.layers - 1];
    last->activation = last->width == 1 ? TP_SIGMOID : TP_SOFTMAX;
    options.loss = last->width == 1 ? TP_BCE : TP_CCE;
    options.input_deviation = 255;
    tp_model *model = NULL;
    need(tp_model_create(context, &options, &model));
    return model;
}

/* Random bytes and classes; *bytes and *classes are to be freed. */
static tp_data make_data(const struct net *net, uint8_t **bytes, int32_t **classes) {
    const size_t samples = net->batch * SETS, outputs = net->widths[layer_count(net)];
    *bytes = malloc(samples * net->widths[0]);
    *classes = malloc(samples * sizeof **classes);
    if (!*bytes || !*classes)
        exit(1);
    for (size_t i = 0; i < samples * net->widths[0]; i++)
        (*bytes)[i] = (uint8_t)(i * 2654435761u >> 13);
    for (size_t i = 0; i < samples; i++)
        (*classes)[i] = (int32_t)(i % (outputs > 1 ? outputs : 2));
    return (tp_data){samples, net->widths[0], *bytes, NULL, *classes, NULL, outputs};
}

/* 2 per multiply-add: forward, dW, and dX of all layers but the first. */
static double flops_per_sample(const struct net *net) {
    double flops = 0;
    for (size_t l = 0; net->widths[l + 1]; l++)
        flops += (l ? 6 : 4) * (double)net->widths[l] * (double)net->widths[l + 1];
    return flops;
}

static void run(tp_context *context, const struct net *net, double seconds, double peak) {
    uint8_t *bytes;
    int32_t *classes;
    const tp_data data = make_data(net, &bytes, &classes);
    tp_model *model = make_model(context, net);
    struct clock clock = {.limit = seconds};
    tp_train_options options;
    tp_train_options_default(&options);
    options.batch = net->batch;
    options.epochs = 1u << 30;
    options.optimizer.kind = net->optimizer;
    options.optimizer.learning_rate = 1e-4f;
    options.on_step = on_step;
    options.user = &clock;
    tp_trainer *trainer = NULL;
    need(tp_trainer_create(model, &data, &options, NULL, 0, &trainer));
    if (tp_trainer_run(trainer) != TP_ERR_STOPPED)
        exit(1);
    const double rate = (double)clock.steps * (double)net->batch / clock.seconds;
    const double gflops = 1e-9 * rate * flops_per_sample(net);
    printf("%-4s %6zu %-5s %12.0f %10.1f %7.1f %%\n", net->name, net->batch, tp_optimizer_name(net->optimizer), rate,
           gflops, 100 * gflops / peak);
    tp_trainer_destroy(trainer);
    tp_model_destroy(model);
    free(bytes);
    free(classes);
}

int main(int argc, char **argv) {
    static const struct option names[] = {{"isa", required_argument, NULL, 'i'},
                                          {"threads", required_argument, NULL, 't'},
                                          {"seconds", required_argument, NULL, 's'},
                                          {"net", required_argument, NULL, 'n'},
                                          {0}};
    tp_context_options options;
    tp_context_options_default(&options);
    options.message = print_message;
    options.threads = 1;
    double seconds = 0.5;
    const char *only = NULL;
    for (int o; (o = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        if (o == 'i')
            options.isa = optarg;
        else if (o == 't')
            options.threads = atoi(optarg);
        else if (o == 's')
            seconds = atof(optarg);
        else if (o == 'n')
            only = optarg;
        else
            return 2;
    }
    tp_context *context;
    need(tp_context_create(&options, &context));
    const double one = bench_peak(tp_context_isa(context)), peak = one * tp_context_threads(context);
    printf("%s, %d threads, FMA peak %.1f GFLOP/s\n", tp_context_isa(context), tp_context_threads(context), peak);
    printf("net   batch rule     samples/s    GFLOP/s  of peak\n");
    for (size_t n = 0; n < sizeof nets / sizeof *nets; n++)
        if (!only || !strcmp(only, nets[n].name))
            run(context, &nets[n], seconds, peak);
    tp_context_destroy(context);
    return 0;
}
