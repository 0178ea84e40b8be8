/* SPDX-License-Identifier: BSD-3-Clause */
#include "special.h"

#include "bound.h"
#include "nets.h"
#include "support.h"

#include <criterion/criterion.h>
#include <math.h>

static void widen_into(double *wide, const float *x, size_t n) {
    cr_assert(n <= TEST_SPECIAL_SIZE);
    for (size_t i = 0; i < n; i++)
        wide[i] = (double)x[i];
}

void test_widen_special(struct test_special *s) {
    widen_into(s->p, s->p32, s->parameters);
    widen_into(s->x, s->x32, s->inputs);
    widen_into(s->y, s->y32, s->outputs);
}

void test_open_special(struct test_special *s, const struct ref_net *net, size_t batch) {
    *s = (struct test_special){.net = *net, .batch = batch, .parameters = ref_parameter_count(net)};
    s->inputs = batch * net->width[0];
    s->outputs = batch * net->width[net->layers];
    cr_assert(s->parameters <= TEST_SPECIAL_SIZE && s->inputs <= TEST_SPECIAL_SIZE && s->outputs <= TEST_SPECIAL_SIZE);
    tp_test_fill(s->p32, s->parameters, 1, -0.75f, 1);
    tp_test_fill(s->x32, s->inputs, 2, -1, 1);
    tp_test_fill_integers(s->y32, s->outputs, 3, 0, 1);
    if (net->loss == TP_LOSS_MSE)
        tp_test_fill(s->y32, s->outputs, 4, -1, 1);
    const size_t n = net->width[net->layers];
    for (size_t i = 0; net->loss == TP_LOSS_CCE && i < batch; i++)
        for (size_t j = 0; j < n; j++)
            s->y32[i * n + j] = j == (i * i + 1) % n ? 1 : 0;
    test_widen_special(s);
}

struct errors {
    double loss, gradients[TEST_SPECIAL_SIZE], dx[TEST_SPECIAL_SIZE];
};

static void find_errors(const struct test_special *s, struct errors *errors) {
    struct ref_pass pass;
    struct test_bound bound;
    double gradients[TEST_SPECIAL_SIZE], dx[TEST_SPECIAL_SIZE];
    ref_pass_open(&pass, &s->net, s->batch);
    test_bound_open(&bound, &pass);
    ref_forward(&pass, s->p, s->x);
    test_bound_forward(&bound, s->p);
    errors->loss = test_bound_loss(&bound, s->y);
    ref_backward(&pass, s->p, s->y, gradients, dx);
    test_bound_backward(&bound, s->p, s->y, errors->gradients, errors->dx);
    test_bound_close(&bound);
    ref_pass_close(&pass);
}

void test_start(struct test_run *run, const char *isa, const struct test_special *s) {
    const size_t in = s->net.width[0], out = s->net.width[s->net.layers];
    run->context = tp_test_context(isa, 1);
    run->model = test_model(run->context, &s->net, s->p32);
    run->workspace = NULL;
    cr_assert_eq(tp_workspace_create(run->model, TEST_WORKSPACE(s->batch, TP_MODE_TRAINING), NULL, 0, &run->workspace),
                 TP_OK);
    cr_assert_eq(tp_forward(run->model, run->workspace, s->batch, s->x32, in, run->y, out), TP_OK);
}

void test_finish(struct test_run *run) {
    tp_workspace_destroy(run->workspace);
    tp_model_destroy(run->model);
    tp_context_destroy(run->context);
}

tp_targets test_special_values(const struct test_special *s) {
    return (tp_targets){.values = s->y32, .ld = s->net.width[s->net.layers]};
}

void test_check_special(const struct test_special *s) {
    struct errors errors;
    find_errors(s, &errors);
    for (int i = 0; i < tp_test_isa_count(); i++) {
        struct test_run run;
        float gradients[TEST_SPECIAL_SIZE], dx[TEST_SPECIAL_SIZE];
        tp_score score;
        const tp_targets targets = test_special_values(s);
        const char *isa = tp_test_isa(i);
        test_start(&run, isa, s);
        cr_assert_eq(tp_backward(run.model, run.workspace, &targets, gradients, dx, s->net.width[0], &score), TP_OK);
        cr_assert(fabs(score.loss - s->loss) <= errors.loss, "%s %s: loss %.9g, expected %.9g", isa,
                  test_net_name(&s->net), score.loss, s->loss);
        cr_assert(test_within(gradients, s->gradients, errors.gradients, s->parameters, "%s %s gradient", isa,
                              test_net_name(&s->net)));
        cr_assert(test_within(dx, s->dx, errors.dx, s->inputs, "%s %s dx", isa, test_net_name(&s->net)));
        test_finish(&run);
    }
}
