/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Nets in bf16: the same parameters whatever multiplies and on however many threads, through files and checkpoints too;
 * on every processor those of the digest below.
 */
#include "support/bf16.h"
#include "support/model_file.h"
#include "support/nets.h"
#include "support/support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { IN = 37, SAMPLES = 23, OUT = 5, MOST_PARAMETERS = 4000 };

static const size_t widths[] = {IN, 50, 18, OUT};

TestSuite(bf16_training, .init = tp_test_scratch_open, .fini = tp_test_scratch_close);

/* What is learnt how; data are the same for all. */
struct task {
    struct ref_net net;
    tp_train_options options;
};

static struct {
    float x[SAMPLES * IN], y[SAMPLES * OUT];
    tp_data data;
} samples;

static void make_samples(const struct ref_net *net) {
    tp_test_fill(samples.x, SAMPLES * IN, 1, -1, 1);
    test_fill_targets(samples.y, net, SAMPLES, 2);
    samples.data =
        (tp_data){.samples = SAMPLES, .features = IN, .floats = samples.x, .values = samples.y, .outputs = OUT};
}

/* All heads, hidden activations and optimisers in turn, with batches that do not divide the samples. */
static struct task make_task(size_t q) {
    static const size_t batches[] = {7, 1, SAMPLES, 16};
    struct task task = {
        .net = test_net(2, widths, test_hidden[(q + q / TEST_HEADS) % TEST_HIDDEN], test_heads[q % TEST_HEADS])};
    task.net.precision = TP_PRECISION_BF16;
    if (q % 3 == 0)
        test_set_dropout(&task.net);
    if (q % 2 && test_smooths(&task.net))
        task.net.label_smoothing = (double)TEST_SMOOTHING;
    tp_train_options_default(&task.options);
    task.options.batch = batches[q % 4];
    task.options.epochs = 2;
    task.options.optimizer.kind = (tp_optimizer_kind)(q % TP_OPTIMIZER_COUNT);
    task.options.optimizer.learning_rate = 0.001f;
    task.options.optimizer.weight_decay = q % 5 ? 0 : 0.01f;
    task.options.optimizer.clip_norm = q % 4 == 2 ? 0.5f : 0;
    return task;
}

static tp_trainer *make_trainer(tp_model *model, const struct task *task) {
    tp_trainer *trainer = NULL;
    cr_assert_eq(tp_trainer_create(model, &samples.data, &task->options, NULL, 0, &trainer), TP_OK);
    return trainer;
}

static tp_model *make_model(tp_context *context, const struct task *task) {
    static float parameters[MOST_PARAMETERS];
    tp_model *model = test_model(context, &task->net, NULL);
    const size_t count = tp_model_parameter_count(model);
    cr_assert_leq(count, MOST_PARAMETERS);
    cr_assert_eq(tp_model_get_parameters(model, parameters, count), TP_OK);
    test_lower_biases(&task->net, parameters);
    cr_assert_eq(tp_model_set_parameters(model, parameters, count), TP_OK);
    return model;
}

/* One of CCE with Adam, for which sizes of numbers are known. */
static struct task usual_task(void) {
    struct task task = make_task(7);
    task.options.optimizer.kind = TP_OPTIMIZER_ADAM;
    task.options.optimizer.learning_rate = 0.01f;
    task.options.epochs = 10;
    task.options.batch = 7;
    return task;
}

static tp_model *trained_model(tp_context *context, const struct task *task) {
    tp_model *model = make_model(context, task);
    tp_trainer *trainer = make_trainer(model, task);
    cr_assert_eq(tp_trainer_run(trainer), TP_OK, "%s", tp_test_message(context));
    tp_trainer_destroy(trainer);
    return model;
}

/* What the net is after training. */
static size_t train(tp_context *context, const struct task *task, float *parameters) {
    make_samples(&task->net);
    tp_model *model = trained_model(context, task);
    const size_t count = tp_model_parameter_count(model);
    cr_assert_eq(tp_model_get_parameters(model, parameters, count), TP_OK);
    tp_model_destroy(model);
    return count;
}

static void for_all_tasks(tp_context *context, float (*parameters)[MOST_PARAMETERS], size_t tasks, bool compare) {
    static float own[MOST_PARAMETERS];
    for (size_t q = 0; q < tasks; q++) {
        const struct task task = make_task(q);
        const size_t count = train(context, &task, compare ? own : parameters[q]);
        if (compare)
            cr_assert(tp_test_same_bits(parameters[q], own, count, "%s, %d threads, task %zu: %s",
                                        tp_context_bf16(context), tp_context_threads(context), q,
                                        test_net_name(&task.net)));
    }
}

Test(bf16_training, equal_by_every_way) {
    enum { TASKS = 2 * TEST_HEADS };
    static float parameters[TASKS][MOST_PARAMETERS];
    for (int way = 0; way < test_bf16_ways(); way++)
        for (int threads = 1; threads <= TEST_BF16_THREADS; threads += 2) {
            tp_context *context = test_bf16_context(way, threads);
            for_all_tasks(context, parameters, TASKS, way > 0 || threads > 1);
            tp_context_destroy(context);
        }
}

/* Gradients that the optimiser consumes, and those whose norm it must know first: one sample, and more than a block of
 * k steps. A norm that nothing reaches chooses the second. */
enum { MANY = 520, WIDE = 260 }; /* both beyond blocks */

static void train_many(tp_context *context, size_t batch, float clip_norm, float *parameters, size_t count) {
    static float x[MANY * WIDE], y[MANY * OUT];
    static const size_t shape[] = {WIDE, 4, OUT};
    struct ref_net net =
        test_net(1, shape, TP_ACTIVATION_TANH, (struct test_head){TP_ACTIVATION_IDENTITY, TP_LOSS_MSE});
    net.precision = TP_PRECISION_BF16;
    tp_test_fill(x, MANY * WIDE, 3, -1, 1);
    tp_test_fill(y, MANY * OUT, 4, -1, 1);
    struct task task = {.net = net};
    tp_train_options_default(&task.options);
    task.options.batch = batch;
    task.options.epochs = 1;
    task.options.optimizer.clip_norm = clip_norm;
    samples.data =
        (tp_data){.samples = batch == 1 ? 20 : MANY, .features = WIDE, .floats = x, .values = y, .outputs = OUT};
    tp_model *model = trained_model(context, &task);
    cr_assert_eq(tp_model_get_parameters(model, parameters, count), TP_OK);
    tp_model_destroy(model);
}

Test(bf16_training, consumed_gradients) {
    enum { COUNT = WIDE * 4 + 4 + 4 * OUT + OUT };
    static const size_t batches[] = {1, MANY};
    float expected[COUNT], parameters[COUNT];
    for (size_t b = 0; b < sizeof batches / sizeof *batches; b++)
        for (int way = 0; way < test_bf16_ways(); way++)
            for (int threads = 1; threads <= 2; threads++) {
                tp_context *context = test_bf16_context(way, threads);
                if (way == 0 && threads == 1)
                    train_many(context, batches[b], 1e30f, expected, COUNT);
                train_many(context, batches[b], 0, parameters, COUNT);
                cr_expect(tp_test_same_bits(expected, parameters, COUNT, "%s, %d threads, batches of %zu",
                                            test_bf16_way(way), threads, batches[b]));
                tp_context_destroy(context);
            }
}

/* Of one task, which every processor keeps. */
Test(bf16_training, digest) {
    static float parameters[MOST_PARAMETERS];
    const struct task task = usual_task();
    char digest[65];
    cr_assert(task.net.loss == TP_LOSS_CCE && task.net.label_smoothing > 0);
    tp_context *context = tp_test_context(NULL, 1);
    const size_t count = train(context, &task, parameters);
    tp_test_sha256(parameters, count * sizeof *parameters, digest);
    cr_expect_str_eq(digest, "76d7c96bdf888414ce03e3339a56270512ff1034bb09b246bfb6dd5b5dc6b227");
    tp_context_destroy(context);
}

/* It is bf16 that multiplies: other numbers than in f32, but near. */
Test(bf16_training, is_not_f32) {
    static float narrow[MOST_PARAMETERS], wide[MOST_PARAMETERS];
    struct task task = usual_task();
    tp_context *context = tp_test_context(NULL, 1);
    const size_t count = train(context, &task, narrow);
    task.net.precision = TP_PRECISION_F32;
    train(context, &task, wide);
    size_t far = 0;
    for (size_t i = 0; i < count; i++) {
        const float distance = fabsf(narrow[i] - wide[i]);
        cr_assert_lt(distance, 0.05f);
        far += distance > 1e-5f;
    }
    cr_expect_gt(far, count / 2, "%zu of %zu", far, count);
    tp_context_destroy(context);
}

/* ------------------------------------------------------------------------------------------------------------- files
 */

static tp_precision precision_of(const tp_model *model) {
    tp_model_options options;
    cr_assert_eq(tp_model_get_options(model, &options, sizeof options), TP_OK);
    return options.precision;
}

static void predict(const tp_model *model, float *y, double *loss) {
    tp_workspace *workspace = NULL;
    tp_score score;
    cr_assert_eq(tp_workspace_create(model, TEST_WORKSPACE(9, TP_MODE_INFERENCE), NULL, 0, &workspace), TP_OK);
    cr_assert_eq(tp_predict(model, workspace, &samples.data, &(const tp_outputs){.floats = y}), TP_OK);
    cr_assert_eq(tp_evaluate(model, workspace, &samples.data, &score, NULL), TP_OK);
    *loss = score.loss;
    tp_workspace_destroy(workspace);
}

/* A copy predicts the same, in batches of another size and one by one. */
static void check_copy(const tp_model *model, const tp_model *copy) {
    float expected[SAMPLES * OUT], y[SAMPLES * OUT];
    double expected_loss, loss;
    cr_expect_eq(precision_of(copy), TP_PRECISION_BF16);
    predict(model, expected, &expected_loss);
    predict(copy, y, &loss);
    cr_expect(tp_test_same_bits(expected, y, SAMPLES * OUT, "predictions"));
    cr_expect_eq(expected_loss, loss);
    tp_workspace *workspace = NULL;
    cr_assert_eq(tp_workspace_create(copy, TEST_WORKSPACE(1, TP_MODE_INFERENCE), NULL, 0, &workspace), TP_OK);
    for (size_t i = 0; i < SAMPLES; i++)
        cr_assert_eq(tp_forward(copy, workspace, 1, samples.x + i * IN, IN, y + i * OUT, OUT), TP_OK);
    cr_expect(tp_test_same_bits(expected, y, SAMPLES * OUT, "one by one"));
    tp_workspace_destroy(workspace);
}

static unsigned char *bytes_of(const tp_model *model, size_t *size) {
    cr_assert_eq(tp_model_write(model, NULL, 0, size), TP_OK);
    unsigned char *bytes = malloc(*size);
    cr_assert(bytes);
    cr_assert_eq(tp_model_write(model, bytes, *size, size), TP_OK);
    return bytes;
}

static void check_bytes(const tp_model *model, const tp_model *loaded) {
    size_t size, again;
    tp_model *read = NULL;
    unsigned char *bytes = bytes_of(model, &size), *others = bytes_of(loaded, &again);
    cr_expect(size == again && !memcmp(bytes, others, size));
    cr_assert_eq(tp_model_read(tp_test_scratch.context, bytes, size, &read), TP_OK);
    check_copy(model, read);
    tp_model_destroy(read);
    free(bytes);
    free(others);
}

Test(bf16_training, files_keep_the_precision) {
    const struct task task = usual_task();
    make_samples(&task.net);
    tp_model *model = trained_model(tp_test_scratch.context, &task);
    test_save_model(model, "model");
    tp_model *loaded = test_load_model("model");
    check_copy(model, loaded);
    check_bytes(model, loaded);
    tp_model_destroy(loaded);
    tp_model_destroy(model);
}

/* In f32 the key may be there, but is not written. */
Test(bf16_training, precisions_of_files) {
    unsigned char file[MAX_FILE + 1] = {0};
    test_accept_model(HEADER(METADATA ",\"precision\":\"f32\"", TENSORS));
    test_write_model_file("model", HEADER(METADATA, TENSORS), 28);
    tp_model *model = test_load_model("model");
    cr_expect_eq(precision_of(model), TP_PRECISION_F32);
    test_save_model(model, "model");
    tp_model_destroy(model);
    const size_t size = test_read_model_file("model", file);
    cr_expect_null(memmem(file, size, "precision", 9));
    test_write_model_file("model", HEADER(METADATA ",\"precision\":\"bf16\"", TENSORS), 28);
    model = test_load_model("model");
    cr_expect_eq(precision_of(model), TP_PRECISION_BF16);
    tp_model_destroy(model);
}

/* ------------------------------------------------------------------------------------------------------- checkpoints
 */

static int stop_at_3(void *user, const tp_step *step) {
    (void)user;
    return step->step == 3;
}

static tp_status resume(tp_context *context, const struct task *task, float *parameters) {
    tp_model *model = test_model(context, &task->net, NULL);
    tp_trainer *trainer = make_trainer(model, task);
    tp_status status = tp_trainer_resume(trainer, tp_test_in_scratch("run"));
    if (!status)
        status = tp_trainer_run(trainer);
    cr_assert_eq(tp_model_get_parameters(model, parameters, tp_model_parameter_count(model)), TP_OK);
    tp_trainer_destroy(trainer);
    tp_model_destroy(model);
    return status;
}

/* Saved by one way, resumed by the others; not by a net in f32. */
Test(bf16_training, checkpoints) {
    static float whole[MOST_PARAMETERS], parameters[MOST_PARAMETERS];
    struct task task = usual_task();
    tp_context *context = test_bf16_context(0, 2);
    const size_t count = train(context, &task, whole);
    tp_model *model = test_model(context, &task.net, NULL);
    task.options.on_step = stop_at_3;
    tp_trainer *trainer = make_trainer(model, &task);
    cr_assert_eq(tp_trainer_run(trainer), TP_ERR_STOPPED);
    cr_assert_eq(tp_trainer_save(trainer, tp_test_in_scratch("run")), TP_OK);
    tp_trainer_destroy(trainer);
    tp_model_destroy(model);
    tp_context_destroy(context);
    task.options.on_step = NULL;
    for (int way = 0; way < test_bf16_ways(); way++) {
        context = test_bf16_context(way, 1);
        cr_assert_eq(resume(context, &task, parameters), TP_OK, "%s", tp_test_message(context));
        cr_expect(tp_test_same_bits(whole, parameters, count, "resumed by %s", test_bf16_way(way)));
        tp_context_destroy(context);
    }
    context = tp_test_context(NULL, 1);
    task.net.precision = TP_PRECISION_F32;
    cr_expect_eq(resume(context, &task, parameters), TP_ERR_ARGUMENT);
    cr_expect(strstr(tp_test_message(context), "precision is bf16 there"), "%s", tp_test_message(context));
    tp_context_destroy(context);
}

/* ------------------------------------------------------------------------------------------------------- derivatives
 */

enum { BATCH = 6 };

struct derivatives {
    float y[BATCH * OUT], jacobian[BATCH * OUT * IN], jv[BATCH * OUT];
};

static void derive(const tp_model *model, struct derivatives *d) {
    const float *v = samples.x + BATCH * IN;
    tp_workspace *workspace = NULL;
    cr_assert_eq(tp_workspace_create(model, TEST_WORKSPACE(BATCH, TP_MODE_DERIVATIVES), NULL, 0, &workspace), TP_OK);
    cr_assert_eq(tp_jacobian(model, workspace, BATCH, samples.x, IN, d->y, OUT, d->jacobian), TP_OK);
    cr_assert_eq(tp_jvp(model, workspace, BATCH, samples.x, IN, v, IN, NULL, 0, d->jv, OUT), TP_OK);
    tp_workspace_destroy(workspace);
}

/* Rows are backward passes, as in f32; products are near what the Jacobian gives. */
static void check_derivatives(const tp_model *model, const struct derivatives *d) {
    const float *v = samples.x + BATCH * IN;
    float dx[IN], dy[OUT];
    tp_workspace *workspace = NULL;
    cr_assert_eq(tp_workspace_create(model, TEST_WORKSPACE(1, TP_MODE_TRAINING), NULL, 0, &workspace), TP_OK);
    for (size_t r = 0; r < BATCH * OUT; r++) {
        const size_t i = r / OUT;
        double sum = 0, size = 0;
        memset(dy, 0, sizeof dy);
        dy[r % OUT] = 1;
        cr_assert_eq(tp_forward(model, workspace, 1, samples.x + i * IN, IN, NULL, 0), TP_OK);
        cr_assert_eq(tp_backward_from(model, workspace, dy, OUT, NULL, dx, IN), TP_OK);
        cr_assert(tp_test_same_bits(dx, d->jacobian + r * IN, IN, "row %zu", r));
        for (size_t k = 0; k < IN; k++) {
            const double term = (double)dx[k] * (double)v[i * IN + k];
            sum += term;
            size += fabs(term);
        }
        cr_expect(fabs(sum - (double)d->jv[r]) <= 0.05 * size + 1e-6, "%zu: %g, not %g", r, (double)d->jv[r], sum);
    }
    tp_workspace_destroy(workspace);
}

Test(bf16_training, derivatives) {
    static struct derivatives first, other;
    const struct task task = usual_task();
    make_samples(&task.net);
    for (int way = 0; way < test_bf16_ways(); way++) {
        tp_context *context = test_bf16_context(way, 1 + way % 2);
        tp_model *model = test_model(context, &task.net, NULL);
        derive(model, way ? &other : &first);
        if (way)
            cr_expect_eq(memcmp(&first, &other, sizeof first), 0, "%s", test_bf16_way(way));
        else
            check_derivatives(model, &first);
        tp_model_destroy(model);
        tp_context_destroy(context);
    }
}
