/* SPDX-License-Identifier: BSD-3-Clause */
/* Which options go with which losses. What else is refused is in test_refuse.c. */
#include "support/fixture.h"
#include "support/nets.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

TestSuite(api, .init = test_fixture_open, .fini = test_fixture_close);

static void refuse_model(const tp_model_options *options, const char *name) {
    tp_model *untouched = fixture.model;
    test_expect_argument(tp_model_create(fixture.context, options, &untouched), name);
    cr_assert_eq(untouched, fixture.model);
}

Test(api, label_smoothing_is_for_cross_entropies) {
    const float values[] = {-0.1f, 1, 2, NAN, INFINITY};
    for (int loss = 0; loss < TP_LOSS_COUNT; loss++) {
        const bool takes = loss == TP_LOSS_BCE || loss == TP_LOSS_CCE;
        const tp_layer last = {3, test_last_activation((tp_loss)loss, TP_ACTIVATION_SOFTMAX), 0, 0};
        tp_model_options options = test_model_options();
        options.layer_count = 1, options.layers = &last, options.loss = (tp_loss)loss;
        for (size_t i = 0; i < 5; i++)
            options.label_smoothing = values[i], refuse_model(&options, "label_smoothing");
        options.label_smoothing = 0.25f;
        if (!takes) {
            refuse_model(&options, "label_smoothing");
            cr_assert_not_null(strstr(fixture.text, tp_loss_name((tp_loss)loss)));
            continue;
        }
        tp_model *model = NULL;
        tp_model_options described;
        cr_assert_eq(tp_model_create(fixture.context, &options, &model), TP_OK);
        cr_assert_eq(tp_model_describe(model, &described), TP_OK);
        cr_assert_eq(described.label_smoothing, 0.25f);
        tp_model_destroy(model);
    }
}

/* Options that were filled with zeros, and not by tp_model_options_default, know no delta. */
Test(api, huber_delta_is_for_huber) {
    for (int loss = 0; loss < TP_LOSS_COUNT; loss++) {
        const tp_layer last = {3, test_last_activation((tp_loss)loss, TP_ACTIVATION_SOFTMAX), 0, 0};
        tp_model_options options = test_model_options();
        options.layer_count = 1, options.layers = &last, options.loss = (tp_loss)loss, options.huber_delta = 0;
        tp_model *model = NULL;
        const tp_status status = tp_model_create(fixture.context, &options, &model);
        if (loss == TP_LOSS_HUBER)
            test_expect_argument(status, "huber_delta is 0");
        else
            cr_assert_eq(status, TP_OK);
        tp_model_destroy(model);
    }
}

Test(api, losses_need_their_activation) {
    for (int activation = 0; activation < TP_ACTIVATION_COUNT; activation++) {
        for (int loss = 0; loss < TP_LOSS_COUNT; loss++) {
            const tp_layer last = {3, (tp_activation)activation, 1, 0};
            tp_model_options options = test_model_options();
            options.layer_count = 1, options.layers = &last, options.loss = (tp_loss)loss;
            const bool fits = test_last_activation((tp_loss)loss, last.activation) == last.activation;
            tp_model *model = NULL;
            const tp_status status = tp_model_create(fixture.context, &options, &model);
            if (fits) {
                cr_assert_eq(status, TP_OK);
                tp_model_destroy(model);
            } else {
                test_expect_argument(status, "layer 0");
                cr_assert_not_null(strstr(fixture.text, tp_loss_name((tp_loss)loss)));
            }
        }
    }
}

/* A slope that nobody set is ELU's usual alpha, in layers and in epilogues. */
Test(api, elu_without_a_slope) {
    const tp_layer last = {.width = 1, .activation = TP_ACTIVATION_ELU};
    const tp_epilogue epilogue = {.activation = TP_ACTIVATION_ELU};
    const float a[] = {-1}, one[] = {1};
    tp_model_options options = test_model_options();
    options.layer_count = 1, options.layers = &last, options.loss = TP_LOSS_MSE;
    tp_model *model = NULL;
    cr_assert_eq(tp_model_create(fixture.context, &options, &model), TP_OK);
    cr_expect_eq(tp_model_layer(model, 0)->slope, 1);
    tp_model_destroy(model);
    tp_packed *packed = NULL;
    float c = 0;
    cr_assert_eq(tp_packed_create(fixture.context, TP_TRANSPOSE_NO, 1, 1, one, 1, NULL, 0, &packed), TP_OK);
    cr_assert_eq(tp_sgemm_packed(fixture.context, TP_TRANSPOSE_NO, 1, 1, a, 1, packed, 0, &epilogue, &c, 1, NULL, 0),
                 TP_OK);
    cr_expect_float_eq(c, -0.6321205f, 1e-6f);
    tp_packed_destroy(packed);
}

/* Default optimiser options in a trainer's leave its schedule as it is. */
Test(api, a_trainers_schedule_stays) {
    tp_train_options options = test_train_options();
    float rates[2];
    for (int assigned = 0; assigned < 2; assigned++) {
        if (assigned)
            tp_optimizer_options_default(&options.optimizer);
        cr_assert_eq(options.optimizer.schedule, TP_SCHEDULE_AUTO);
        options.optimizer.total_steps = 10;
        tp_optimizer *optimizer = NULL;
        cr_assert_eq(tp_optimizer_create(fixture.model, &options.optimizer, NULL, 0, &optimizer), TP_OK);
        rates[assigned] = tp_optimizer_learning_rate(optimizer, 6) / tp_optimizer_learning_rate(optimizer, 1);
        tp_optimizer_destroy(optimizer);
    }
    cr_expect_eq(rates[0], rates[1]);
    cr_expect_lt(rates[1], 0.75f);
}
