/* SPDX-License-Identifier: BSD-3-Clause */
/* A small problem for the trainer, and what its callbacks see. */
#ifndef TP_TESTS_CLOUDS_H
#define TP_TESTS_CLOUDS_H

#include "nets.h"

enum { CLOUD_SAMPLES = 90, CLOUD_IN = 4, CLOUD_HIDDEN = 8, CLOUD_CLASSES = 3, DIARY_EPOCHS = 64, DIARY_STEPS = 512 };
enum { CLOUD_PARAMETERS = CLOUD_IN * CLOUD_HIDDEN + CLOUD_HIDDEN + CLOUD_HIDDEN * CLOUD_CLASSES + CLOUD_CLASSES };

/* Three clouds around corners, a class each, that planes separate. */
struct test_clouds {
    float x[CLOUD_SAMPLES * CLOUD_IN];
    uint8_t bytes[CLOUD_SAMPLES * CLOUD_IN];
    int32_t classes[CLOUD_SAMPLES];
    tp_data data;
};

/* What the callbacks saw; they stop after the step or epoch that is asked for, 0: never. */
struct test_diary {
    size_t epochs, steps;
    tp_epoch epoch[DIARY_EPOCHS];
    tp_step step[DIARY_STEPS];
    uint64_t stop_at_step;
    size_t stop_at_epoch;
};

struct ref_net test_small_net(void);
/* Options with callbacks that fill the diary, which becomes empty. */
tp_train_options test_small_options(struct test_diary *diary);

/* A context, a model, clouds and the diary of a trainer. */
struct test_world {
    struct test_clouds clouds;
    struct test_diary diary;
    tp_context *context;
    tp_model *model;
};

void test_open_world(struct test_world *world, const char *isa);
void test_close_world(struct test_world *world);

/* A model for the clouds with dropout in its hidden layer. */
tp_model *test_dropout_model(tp_context *context, uint64_t seed, size_t hidden, float dropout);

tp_trainer *test_make_trainer(struct test_world *world, const tp_train_options *options);
tp_status test_train(struct test_world *world, const tp_train_options *options);

/* Of the model on a set. */
double test_loss_of(const struct test_world *world, const tp_data *data);

/* CLOUD_PARAMETERS of them. */
void test_get_parameters(const tp_model *model, float *parameters);
bool test_equal_parameters(const float *a, const float *b);

/* Trains a fresh model; without callbacks. */
void test_train_fresh(tp_train_options options, float *parameters);

#endif
