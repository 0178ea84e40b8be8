/* SPDX-License-Identifier: BSD-3-Clause */
#include "clouds.h"

#include "support.h"

#include <criterion/criterion.h>
#include <string.h>

static void make_clouds(struct test_clouds *c) {
    tp_test_fill(c->x, CLOUD_SAMPLES * CLOUD_IN, 1, -0.75f, 0.75f);
    for (size_t i = 0; i < CLOUD_SAMPLES; i++) {
        c->classes[i] = (int32_t)(tp_test_random(2, i) % CLOUD_CLASSES);
        c->x[i * CLOUD_IN + (size_t)c->classes[i]] += 2;
    }
    for (size_t i = 0; i < CLOUD_SAMPLES * CLOUD_IN; i++)
        c->bytes[i] = (uint8_t)tp_test_random(3, i);
    c->data = (tp_data){.samples = CLOUD_SAMPLES,
                        .features = CLOUD_IN,
                        .floats = c->x,
                        .classes = c->classes,
                        .outputs = CLOUD_CLASSES};
}

static int note_epoch(void *user, const tp_epoch *epoch) {
    struct test_diary *diary = user;
    cr_assert_lt(diary->epochs, DIARY_EPOCHS);
    diary->epoch[diary->epochs++] = *epoch;
    return epoch->epoch == diary->stop_at_epoch;
}

static int note_step(void *user, const tp_step *step) {
    struct test_diary *diary = user;
    cr_assert_lt(diary->steps, DIARY_STEPS);
    diary->step[diary->steps++] = *step;
    return step->step == diary->stop_at_step;
}

struct ref_net test_small_net(void) {
    return test_net(1, (const size_t[]){CLOUD_IN, CLOUD_HIDDEN, CLOUD_CLASSES}, TP_ACTIVATION_RELU,
                    (struct test_head){TP_ACTIVATION_SOFTMAX, TP_LOSS_CCE});
}

tp_train_options test_small_options(struct test_diary *diary) {
    tp_train_options options;
    tp_train_options_default(&options);
    options.batch = 16; /* the last batch of an epoch has 10 samples */
    options.epochs = 4;
    options.optimizer.learning_rate = 0.02f;
    options.on_epoch = note_epoch;
    options.on_step = note_step;
    options.user = diary;
    *diary = (struct test_diary){0};
    return options;
}

void test_open_world(struct test_world *w, const char *isa) {
    const struct ref_net net = test_small_net();
    make_clouds(&w->clouds);
    w->context = tp_test_context(isa, 2);
    w->model = test_model(w->context, &net, NULL);
}

tp_model *test_dropout_model(tp_context *context, uint64_t seed, size_t hidden, float dropout) {
    const tp_layer layers[] = {{hidden, TP_ACTIVATION_RELU, 0, dropout, 0},
                               {CLOUD_CLASSES, TP_ACTIVATION_SOFTMAX, 0, 0, 0}};
    tp_model_options options;
    tp_model_options_default(&options);
    options.inputs = CLOUD_IN;
    options.layer_count = 2;
    options.layers = layers;
    options.seed = seed;
    tp_model *model = NULL;
    cr_assert_eq(tp_model_create(context, &options, &model), TP_OK);
    return model;
}

void test_close_world(struct test_world *w) {
    tp_model_destroy(w->model);
    tp_context_destroy(w->context);
}

tp_trainer *test_make_trainer(struct test_world *w, const tp_train_options *options) {
    tp_trainer *trainer = NULL;
    cr_assert_eq(tp_trainer_create(w->model, &w->clouds.data, options, NULL, 0, &trainer), TP_OK, "%s",
                 tp_test_message(w->context));
    return trainer;
}

tp_status test_train(struct test_world *w, const tp_train_options *options) {
    tp_trainer *trainer = test_make_trainer(w, options);
    const tp_status status = tp_trainer_run(trainer);
    tp_trainer_destroy(trainer);
    return status;
}

void test_get_parameters(const tp_model *model, float *parameters) {
    cr_assert_eq(tp_model_get_parameters(model, parameters, CLOUD_PARAMETERS), TP_OK);
}

void test_train_fresh(tp_train_options options, float *parameters) {
    static struct test_world w;
    test_open_world(&w, NULL);
    options.on_epoch = NULL;
    options.on_step = NULL;
    cr_assert_eq(test_train(&w, &options), TP_OK);
    test_get_parameters(w.model, parameters);
    test_close_world(&w);
}

bool test_equal_parameters(const float *a, const float *b) {
    return memcmp(a, b, CLOUD_PARAMETERS * sizeof *a) == 0;
}

double test_loss_of(const struct test_world *w, const tp_data *data) {
    tp_workspace *workspace = NULL;
    tp_score score;
    cr_assert_eq(tp_workspace_create(w->model, TEST_WORKSPACE(32, TP_MODE_INFERENCE), NULL, 0, &workspace), TP_OK);
    cr_assert_eq(tp_evaluate(w->model, workspace, data, &score, NULL), TP_OK);
    tp_workspace_destroy(workspace);
    return score.loss;
}
