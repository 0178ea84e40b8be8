/* SPDX-License-Identifier: BSD-3-Clause */
/* Any small network, data and training options: an instruction set, thread count and blocking chosen by the input must
 * give the status, parameters, scores, predictions and gradients of the scalar path on one thread, bit for bit, also if
 * its run is saved after a step and resumed by another trainer. */
#include "fuzz.h"

#include "../support/blocking.h"
#include "../support/nets.h"
#include "../support/support.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

enum { MAX_HIDDEN = 3, MAX_WIDTH = 70, MAX_BATCH = 40, MAX_SAMPLES = 50 };

struct problem {
    tp_layer layers[MAX_HIDDEN + 1];
    tp_model_options model;
    double mean, deviation;
    tp_train_options train;
    tp_data data;
    uint8_t bytes[MAX_SAMPLES * MAX_WIDTH];
    float x[MAX_SAMPLES * MAX_WIDTH], targets[MAX_SAMPLES * MAX_WIDTH];
    int32_t classes[MAX_SAMPLES];
    uint64_t stop_at; /* a step after which the run is saved; 0: never */
};

/* All that a configuration gives. */
struct results {
    tp_status status;
    uint64_t stop_at, steps;
    tp_score train, validation, evaluation;
    uint64_t confusion[MAX_WIDTH * MAX_WIDTH];
    size_t parameter_count;
    float *parameters, *gradients;
    float y[MAX_SAMPLES * MAX_WIDTH], dx[MAX_BATCH * MAX_WIDTH];
};

/* ---- the problem ---- */

static float pick(struct fuzz_input *input, const float *values, size_t count) {
    return values[fuzz_below(input, count)];
}

static void choose_model(struct problem *p, struct fuzz_input *input) {
    static const float slopes[] = {0.01f, 0.25f, 1, 0.5f}, dropouts[] = {0, 0.5f, 0, 0.125f}, smoothings[] = {0, 0.1f};
    static const float means[] = {0, 0.5f, -3, 100}, deviations[] = {1, 0.25f, 255, 7};
    const struct test_head head = test_heads[fuzz_below(input, TEST_HEADS)];
    tp_model_options_default(&p->model);
    p->model.layer_count = 1 + fuzz_below(input, MAX_HIDDEN + 1);
    p->model.layers = p->layers;
    p->model.inputs = 1 + fuzz_below(input, MAX_WIDTH);
    for (size_t l = 0; l < p->model.layer_count; l++)
        p->layers[l] = (tp_layer){1 + fuzz_below(input, MAX_WIDTH), test_hidden[fuzz_below(input, TEST_HIDDEN)],
                                  pick(input, slopes, 4), pick(input, dropouts, 4)};
    p->layers[p->model.layer_count - 1].activation = head.activation;
    p->layers[p->model.layer_count - 1].dropout = 0;
    p->model.loss = head.loss;
    if (head.loss == TP_LOSS_BCE || head.loss == TP_LOSS_CCE)
        p->model.label_smoothing = pick(input, smoothings, 2);
    p->model.init = (tp_init)fuzz_below(input, TP_INIT_COUNT);
    p->model.seed = fuzz_take(input, 1);
    p->mean = (double)pick(input, means, 4);
    p->deviation = (double)pick(input, deviations, 4);
    p->model.inputs_scaled = (tp_scaling){1, &p->mean, &p->deviation};
}

/* One value of x is replaced by a special one, now and then. */
static void spoil(struct problem *p, struct fuzz_input *input) {
    static const float special[] = {NAN, INFINITY, -INFINITY, 0x1p-149f, -0x1p-130f, 0x1p127f, -0.0f, 1e30f};
    const size_t kind = fuzz_below(input, 16), at = fuzz_below(input, 65536);
    if (kind < sizeof special / sizeof *special)
        p->x[at % (p->data.samples * p->data.features)] = special[kind];
}

static void choose_data(struct problem *p, struct fuzz_input *input) {
    static const float ranges[] = {1, 8, 1e-3f, 1e-20f, 1e10f, 1e-38f};
    const size_t outputs = p->layers[p->model.layer_count - 1].width;
    const size_t classes = outputs > 1 || p->model.loss == TP_LOSS_CCE ? outputs : 2;
    const float range = pick(input, ranges, 6);
    const uint64_t seed = fuzz_take(input, 2);
    p->data = (tp_data){.samples = 1 + fuzz_below(input, MAX_SAMPLES), .features = p->model.inputs, .outputs = outputs};
    for (size_t i = 0; i < p->data.samples * p->data.features; i++)
        p->bytes[i] = (uint8_t)tp_test_random(seed, i);
    tp_test_fill(p->x, p->data.samples * p->data.features, seed, -range, range);
    tp_test_fill(p->targets, p->data.samples * outputs, seed + 1, 0, 1);
    tp_test_fill_classes(p->classes, p->data.samples, seed + 2, (int32_t)classes);
    spoil(p, input);
    const size_t kind = fuzz_below(input, 4);
    p->data.bytes = kind & 1 ? p->bytes : NULL;
    p->data.floats = kind & 1 ? NULL : p->x;
    p->data.classes = kind & 2 ? p->classes : NULL;
    p->data.values = kind & 2 ? NULL : p->targets;
    if (p->data.classes)
        p->data.outputs = classes;
}

static void choose_training(struct problem *p, struct fuzz_input *input) {
    static const float rates[] = {1e-3f, 0.1f, 1, 1e-8f, 100, 1e30f}, factors[] = {0.9f, 0, 0.5f, 0.999f};
    static const float decays[] = {0, 1e-4f, 0.1f, 10}, norms[] = {0, 1, 1e-6f, 1e20f};
    tp_train_options *t = &p->train;
    tp_train_options_default(t);
    t->batch = 1 + fuzz_below(input, MAX_BATCH);
    t->epochs = 1 + fuzz_below(input, 2);
    t->shuffle = fuzz_below(input, 2);
    t->seed = fuzz_take(input, 1);
    t->validation_fraction = (double)fuzz_below(input, 4) / 8;
    t->optimizer.kind = (tp_optimizer_kind)fuzz_below(input, TP_OPTIMIZER_COUNT);
    t->optimizer.learning_rate = pick(input, rates, 6);
    t->optimizer.momentum = pick(input, factors, 4);
    t->optimizer.beta1 = pick(input, factors, 4);
    t->optimizer.beta2 = pick(input, factors, 4);
    t->optimizer.weight_decay = pick(input, decays, 4);
    t->optimizer.clip_norm = pick(input, norms, 4);
    t->optimizer.schedule = (tp_schedule)fuzz_below(input, TP_SCHEDULE_COUNT);
    t->optimizer.warmup_steps = fuzz_below(input, 4);
    t->optimizer.step_every = 1 + fuzz_below(input, 3);
    t->optimizer.step_factor = pick(input, factors, 1);
    t->optimizer.final_factor = pick(input, factors, 4);
}

static void choose_best(struct problem *p, struct fuzz_input *input) {
    static const float averages[] = {0, 0.5f, 0.999f, 0}, deltas[] = {0, 1e-3f, 10};
    tp_train_options *t = &p->train;
    t->average = (double)pick(input, averages, 4);
    t->keep = (tp_keep)fuzz_below(input, TP_KEEP_COUNT);
    t->monitor = (tp_monitor)fuzz_below(input, TP_MONITOR_COUNT);
    t->patience = fuzz_below(input, 3);
    t->plateau = 1 + fuzz_below(input, 2);
    t->min_delta = (double)pick(input, deltas, 3);
    p->stop_at = fuzz_below(input, 16);
}

/* ---- one configuration ---- */

static int note_epoch(void *user, const tp_epoch *epoch) {
    struct results *r = user;
    r->steps = epoch->steps;
    r->train = epoch->train;
    r->validation = epoch->validation;
    return 0;
}

static int stop_then(void *user, const tp_step *step) {
    const struct results *r = user;
    return step->step == r->stop_at;
}

/* Another trainer, which knows only what was saved; this one if its run has diverged, which is not saved. */
static tp_trainer *replace(const struct problem *p, tp_model *model, tp_trainer *trainer, const struct results *r) {
    const char *path = fuzz_scratch_path();
    const tp_status saved = tp_trainer_save(trainer, path);
    if (saved == TP_ERR_NONFINITE)
        return trainer;
    float *other = calloc(r->parameter_count, sizeof *other);
    tp_trainer *next = NULL;
    require(other && !saved);
    tp_trainer_destroy(trainer);
    require(!tp_model_set_parameters(model, other, r->parameter_count));
    require(!tp_trainer_create(model, &p->data, &p->train, NULL, 0, &next) && !tp_trainer_resume(next, path));
    unlink(path);
    free(other);
    return next;
}

static void train(struct problem *p, tp_model *model, struct results *r) {
    tp_trainer *trainer = NULL;
    p->train.on_epoch = note_epoch;
    p->train.on_step = stop_then;
    p->train.user = r;
    r->status = tp_trainer_create(model, &p->data, &p->train, NULL, 0, &trainer);
    if (!r->status)
        r->status = tp_trainer_run(trainer);
    if (r->status == TP_ERR_STOPPED) {
        trainer = replace(p, model, trainer, r);
        r->status = tp_trainer_run(trainer);
    }
    tp_trainer_destroy(trainer);
    require(!tp_model_get_parameters(model, r->parameters, r->parameter_count));
}

static void measure(const struct problem *p, tp_model *model, struct results *r) {
    const size_t outputs = p->layers[p->model.layer_count - 1].width;
    const size_t batch = p->data.samples < p->train.batch ? p->data.samples : p->train.batch;
    const tp_targets targets = {.classes = p->data.classes, .values = p->data.values, .ld = outputs};
    tp_workspace *workspace = NULL;
    tp_score score;
    require(!tp_workspace_create(model, TEST_WORKSPACE(p->train.batch, TP_MODE_TRAINING), NULL, 0, &workspace));
    require(
        !tp_evaluate(model, workspace, &p->data, &r->evaluation, p->data.classes && outputs > 1 ? r->confusion : NULL));
    require(!tp_predict(model, workspace, &p->data, &(const tp_outputs){.floats = r->y}));
    require(!tp_forward(model, workspace, batch, p->x, p->model.inputs, NULL, 0));
    require(!tp_backward(model, workspace, &targets, r->gradients, r->dx, p->model.inputs, &score));
    tp_workspace_destroy(workspace);
}

static struct results *run(struct problem *p, tp_context *context, uint64_t stop_at) {
    struct results *r = calloc(1, sizeof *r);
    tp_model *model = NULL;
    require(r && !tp_model_create(context, &p->model, &model));
    r->stop_at = stop_at;
    r->parameter_count = tp_model_parameter_count(model);
    r->parameters = tp_test_floats(r->parameter_count);
    r->gradients = tp_test_floats(r->parameter_count);
    train(p, model, r);
    measure(p, model, r);
    tp_model_destroy(model);
    return r;
}

static void release(struct results *r) {
    free(r->parameters);
    free(r->gradients);
    free(r);
}

/* ---- the comparison ---- */

static bool same_score(const tp_score *a, const tp_score *b) {
    const bool same_loss = !memcmp(&a->loss, &b->loss, sizeof a->loss) || (isnan(a->loss) && isnan(b->loss));
    return same_loss && a->correct == b->correct && a->samples == b->samples;
}

static void require_same(const struct results *a, const struct results *b) {
    require(a->status == b->status && a->steps == b->steps);
    require(tp_test_same_bits(a->parameters, b->parameters, a->parameter_count, "parameters"));
    require(same_score(&a->train, &b->train) && same_score(&a->validation, &b->validation));
    require(same_score(&a->evaluation, &b->evaluation));
    require(!memcmp(a->confusion, b->confusion, sizeof a->confusion));
    require(tp_test_same_bits(a->y, b->y, MAX_SAMPLES * MAX_WIDTH, "predictions"));
    require(tp_test_same_bits(a->gradients, b->gradients, a->parameter_count, "gradients"));
    require(tp_test_same_bits(a->dx, b->dx, MAX_BATCH * MAX_WIDTH, "dx"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct problem problem;
    struct fuzz_input input = {data, size};
    tp_context *reference = tp_test_context("scalar", 1);
    tp_context *chosen = tp_test_context(tp_test_isa((int)fuzz_below(&input, (size_t)tp_test_isa_count())),
                                         1 + (int)fuzz_below(&input, 3));
    const struct tp_blocking blocking = {1 + fuzz_below(&input, 100), 1 + fuzz_below(&input, 100),
                                         1 + fuzz_below(&input, 100), fuzz_below(&input, 2) ? 1 : 2e4};
    tp_context blocked = tp_test_with_blocking(chosen, &blocking);
    choose_model(&problem, &input);
    choose_data(&problem, &input);
    choose_training(&problem, &input);
    choose_best(&problem, &input);
    struct results *expected = run(&problem, reference, 0), *actual = run(&problem, &blocked, problem.stop_at);
    require_same(expected, actual);
    release(expected);
    release(actual);
    tp_context_destroy(chosen);
    tp_context_destroy(reference);
    return 0;
}
