/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table "NaN and infinity" of the public header, line by line, on every instruction set. A value that is not finite
 * is put at every position of an operand in turn, so that it meets vector bodies and tails; what lies between rows is
 * NaN throughout, and must never show.
 */
#include "support/nets.h"
#include "support/nonfinite.h"
#include "support/stride.h"
#include "support/support.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <string.h>

/* ------------------------------------------------------------------------------------------------------ activations */

enum { ROW = 37 };

/* out = f(row) */
static void activate(tp_context *context, tp_activation f, const float *row, float *out) {
    const tp_epilogue e = {.bias = row, .activation = f, .slope = 0.125f};
    tp_packed *nothing = NULL;
    cr_assert_eq(tp_packed_create(context, TP_TRANSPOSE_NO, 0, ROW, NULL, ROW, NULL, 0, &nothing), TP_OK);
    cr_assert_eq(tp_sgemm_packed(context, TP_TRANSPOSE_NO, 1, 1, NULL, 1, nothing, 0, &e, out, ROW, NULL, 0), TP_OK);
    tp_packed_destroy(nothing);
}

/* The limit of f: what it is far out, or infinite where that is large. */
static float limit(tp_context *context, tp_activation f, bool above) {
    float row[ROW] = {above ? FLT_MAX : -FLT_MAX}, out[ROW];
    activate(context, f, row, out);
    return fabsf(out[0]) < 1e30f ? out[0] : copysignf(INFINITY, out[0]);
}

Test(nonfinite, activations_take_their_limits) {
    for (int i = 0; i < tp_test_isa_count(); i++) {
        tp_context *context = tp_test_context(tp_test_isa(i), 1);
        for (size_t q = 0; q < TP_ACTIVATION_COUNT * ROW; q++) {
            const tp_activation f = (tp_activation)(q / ROW);
            if (f == TP_ACTIVATION_SOFTMAX)
                continue;
            const float expected[TEST_BAD] = {NAN, limit(context, f, true), limit(context, f, false)};
            float row[ROW], clean[ROW], out[ROW];
            tp_test_fill(row, ROW, 1, -2, 2);
            activate(context, f, row, clean);
            for (size_t v = 0; v < TEST_BAD; v++) {
                row[q % ROW] = test_bad[v];
                activate(context, f, row, out);
                cr_assert(isnan(expected[v]) ? isnan(out[q % ROW]) : out[q % ROW] == expected[v], "%s %s(%g) is %g",
                          tp_test_isa(i), tp_activation_name(f), (double)test_bad[v], (double)out[q % ROW]);
                out[q % ROW] = clean[q % ROW];
                cr_assert(
                    tp_test_same_bits(clean, out, ROW, "%s beside %g", tp_activation_name(f), (double)test_bad[v]));
            }
        }
        tp_context_destroy(context);
    }
}

/* d f'(z) where d or a = f(z) is NaN: ReLU chooses by a, the others multiply. */
Test(nonfinite, derivatives) {
    static const struct {
        tp_activation f;
        float d, a, expected;
    } rows[] = {
        {TP_ACTIVATION_RELU, NAN, 1, NAN},       {TP_ACTIVATION_RELU, NAN, 0, 0},
        {TP_ACTIVATION_RELU, 2, NAN, 2},         {TP_ACTIVATION_LEAKY_RELU, NAN, 1, NAN},
        {TP_ACTIVATION_LEAKY_RELU, NAN, 0, NAN}, {TP_ACTIVATION_LEAKY_RELU, 2, NAN, 2},
        {TP_ACTIVATION_SIGMOID, NAN, 0, NAN},    {TP_ACTIVATION_SIGMOID, 2, NAN, NAN},
        {TP_ACTIVATION_TANH, NAN, 1, NAN},       {TP_ACTIVATION_TANH, 2, NAN, NAN},
        {TP_ACTIVATION_IDENTITY, NAN, 1, NAN},   {TP_ACTIVATION_IDENTITY, 2, NAN, 2},
    };
    for (int i = 0; i < tp_test_isa_count(); i++) {
        tp_context *context = tp_test_context(tp_test_isa(i), 1);
        tp_packed *nothing = NULL;
        cr_assert_eq(tp_packed_create(context, TP_TRANSPOSE_NO, 0, ROW, NULL, ROW, NULL, 0, &nothing), TP_OK);
        for (size_t q = 0; q < sizeof rows / sizeof *rows * ROW; q++) {
            const size_t r = q / ROW, at = q % ROW;
            float d[ROW] = {0}, a[ROW] = {0}, expected[ROW] = {0};
            d[at] = rows[r].d, a[at] = rows[r].a, expected[at] = rows[r].expected;
            const tp_epilogue e = {.activation = rows[r].f, .slope = 0.125f, .outputs = a, .ld = ROW};
            tp_sgemm_packed(context, TP_TRANSPOSE_NO, 1, 1, NULL, 1, nothing, 1, &e, d, ROW, NULL, 0);
            cr_assert(tp_test_same_bits(expected, d, ROW, "%s %s'", tp_test_isa(i), tp_activation_name(rows[r].f)));
        }
        tp_packed_destroy(nothing);
        tp_context_destroy(context);
    }
}

/* --------------------------------------------------------------------------------------------------------- networks */

enum {
    N = 3,
    IN = 5,
    HIDDEN = 19,
    MAX_OUT = 33,
    LDX = IN + TEST_PADDING,
    LDY = MAX_OUT + TEST_PADDING,
    MAX_PARAMETERS = 1024
};

struct world {
    struct ref_net net;
    size_t out, count; /* outputs, parameters */
    tp_context *context;
    tp_model *model;
    tp_workspace *workspace;
    float parameters[MAX_PARAMETERS], gradients[MAX_PARAMETERS];
    float x[N * LDX], dx[N * LDX], y[N * LDY], clean[N * LDY], values[N * LDY], dy[N * LDY];
    tp_score score;
};

static void open_world(struct world *w, const char *isa, struct ref_net net) {
    *w = (struct world){.net = net, .out = net.width[net.layers], .count = ref_parameter_count(&net)};
    cr_assert(w->count <= MAX_PARAMETERS && net.width[0] <= IN && w->out <= MAX_OUT);
    memset(w->x, 0xff, sizeof w->x);
    memset(w->values, 0xff, sizeof w->values);
    memset(w->dy, 0xff, sizeof w->dy);
    tp_test_fill(w->parameters, w->count, 1, 0.125f, 1);
    test_lower_biases(&net, w->parameters);
    for (size_t i = 0; i < N; i++) {
        tp_test_fill(w->x + i * LDX, net.width[0], 2 + i, 0.125f, 1);
        test_fill_targets(w->values + i * LDY, &net, 1, 12 + i);
        tp_test_fill(w->dy + i * LDY, w->out, 22 + i, 0.125f, 1);
    }
    w->context = tp_test_context(isa, 1);
    w->model = test_model(w->context, &net, w->parameters);
    cr_assert_eq(tp_workspace_create(w->model, TEST_WORKSPACE(N, TP_MODE_TRAINING), NULL, 0, &w->workspace), TP_OK);
}

static void close_world(struct world *w) {
    tp_workspace_destroy(w->workspace);
    tp_model_destroy(w->model);
    tp_context_destroy(w->context);
}

static void forward(struct world *w) {
    cr_assert_eq(tp_model_set_parameters(w->model, w->parameters, w->count), TP_OK);
    cr_assert_eq(tp_forward(w->model, w->workspace, N, w->x, LDX, w->y, LDY), TP_OK);
}

static void backward(struct world *w) {
    const tp_targets targets = {.values = w->values, .ld = LDY};
    cr_assert_eq(tp_backward(w->model, w->workspace, &targets, w->gradients, w->dx, LDX, &w->score), TP_OK);
}

/* Everything is finite although everything that does not take part is NaN. */
static void run_clean_world(struct world *w) {
    forward(w);
    backward(w);
    memcpy(w->clean, w->y, sizeof w->y);
    cr_assert(isfinite(w->score.loss));
    for (size_t i = 0; i < w->count; i++)
        cr_assert(isfinite(w->gradients[i]), "%s %s: gradient %zu", tp_context_isa(w->context), test_net_name(&w->net),
                  i);
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < w->out; j++)
            cr_assert(isfinite(w->y[i * LDY + j]) && isfinite(w->dx[i * LDX + j % w->net.width[0]]));
}

/* NaN for *element gives NaN in its row and column of the outputs, and nowhere else; and in the loss. */
static void spoil_outputs(struct world *w, float *element, size_t row, size_t column, const char *what) {
    const float before = *element;
    *element = NAN;
    forward(w);
    backward(w);
    *element = before;
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < w->out; j++) {
            const bool shows = (row == TEST_EVERY || i == row) && (column == TEST_EVERY || j == column);
            cr_assert(shows ? isnan(w->y[i * LDY + j]) : test_equal_bits(&w->y[i * LDY + j], &w->clean[i * LDY + j]),
                      "%s %s, %s: output %zu, %zu is %g", tp_context_isa(w->context), test_net_name(&w->net), what, i,
                      j, (double)w->y[i * LDY + j]);
        }
    cr_assert(isnan(w->score.loss), "%s %s, %s: loss %g", tp_context_isa(w->context), test_net_name(&w->net), what,
              w->score.loss);
}

static void spoil_parameters(struct world *w) {
    for (size_t l = 1; l <= w->net.layers; l++) {
        const bool last = l == w->net.layers, spreads = !last || w->net.activation[l] == TP_ACTIVATION_SOFTMAX;
        const size_t weight = ref_weight_offset(&w->net, l), end = ref_bias_offset(&w->net, l) + w->net.width[l];
        for (size_t q = weight; q < end; q++)
            spoil_outputs(w, &w->parameters[q], TEST_EVERY, spreads ? TEST_EVERY : (q - weight) % w->net.width[l],
                          last ? "last layer" : "hidden layer");
    }
}

Test(nonfinite, nan_in_inputs_and_parameters_shows) {
    for (int isa = 0; isa < tp_test_isa_count(); isa++)
        for (size_t q = 0; q < TEST_HEADS * TEST_HIDDEN; q++) {
            const size_t head = q / TEST_HIDDEN, hidden = q % TEST_HIDDEN;
            struct world w;
            if (!test_takes(head + hidden + (size_t)isa))
                continue;
            open_world(&w, tp_test_isa(isa),
                       test_net(1, (const size_t[]){IN, HIDDEN, 17}, test_hidden[hidden], test_heads[head]));
            run_clean_world(&w);
            for (size_t i = 0; i < N * IN; i++) {
                spoil_outputs(&w, &w.x[i / IN * LDX + i % IN], i / IN, TEST_EVERY, "x");
                for (size_t g = 0; w.net.loss <= TP_LOSS_CCE && g < w.count; g++)
                    cr_assert(isnan(w.gradients[g]), "%s %s: gradient %zu", tp_test_isa(isa), test_net_name(&w.net), g);
            }
            if (hidden == head % TEST_HIDDEN)
                spoil_parameters(&w);
            close_world(&w);
        }
}

/* One layer of one input, so that the gradients of weight and bias j are sums over what came in at output j. */
static void open_layer(struct world *w, const char *isa, struct test_head head) {
    open_world(w, isa, test_net(0, (const size_t[]){1, MAX_OUT}, TP_ACTIVATION_IDENTITY, head));
}

/* What came in at row i, output j, was NaN. */
static void expect_nan_from(const struct world *w, size_t i, size_t j, bool spreads) {
    for (size_t g = 0; g < w->count; g++)
        cr_assert_eq(isnan(w->gradients[g]) != 0, g % MAX_OUT == j || spreads,
                     "%s %s: NaN at %zu, %zu, gradient %zu is %g", tp_context_isa(w->context), test_net_name(&w->net),
                     i, j, g, (double)w->gradients[g]);
    for (size_t r = 0; r < N; r++)
        cr_assert_eq(isnan(w->dx[r * LDX]) != 0, r == i, "%s %s: NaN in row %zu, dx row %zu",
                     tp_context_isa(w->context), test_net_name(&w->net), i, r);
}

Test(nonfinite, nan_in_targets_shows_in_loss_and_gradient) {
    for (int isa = 0; isa < tp_test_isa_count(); isa++)
        for (size_t q = 0; q < TEST_HEADS * N * MAX_OUT; q++) {
            const struct test_head head = test_heads[q / (N * MAX_OUT)];
            const size_t i = q / MAX_OUT % N, j = q % MAX_OUT;
            struct world w;
            if (head.loss == TP_LOSS_POISSON || !test_takes(q / MAX_OUT + j + (size_t)isa))
                continue; /* the first refuses them */
            open_layer(&w, tp_test_isa(isa), head);
            run_clean_world(&w);
            w.values[i * LDY + j] = NAN;
            backward(&w);
            cr_assert(isnan(w.score.loss), "%s %s: loss %g", tp_test_isa(isa), test_net_name(&w.net), w.score.loss);
            if (head.loss <= TP_LOSS_CCE)
                expect_nan_from(&w, i, j, head.activation == TP_ACTIVATION_SOFTMAX && head.loss == TP_LOSS_MSE);
            close_world(&w);
        }
}

/* ReLU would choose 0 for outputs of 0; here all are positive. */
Test(nonfinite, nan_in_the_derivative_of_the_caller_shows) {
    for (int isa = 0; isa < tp_test_isa_count(); isa++)
        for (size_t q = 0; q < TEST_HEADS * N * MAX_OUT; q++) {
            const struct test_head head = test_heads[q / (N * MAX_OUT)];
            const size_t i = q / MAX_OUT % N, j = q % MAX_OUT;
            struct world w;
            if (!test_takes(q / MAX_OUT + j + (size_t)isa))
                continue;
            open_layer(&w, tp_test_isa(isa), head);
            run_clean_world(&w);
            w.dy[i * LDY + j] = NAN;
            cr_assert_eq(tp_backward_from(w.model, w.workspace, w.dy, LDY, w.gradients, w.dx, LDX), TP_OK);
            expect_nan_from(&w, i, j, head.activation == TP_ACTIVATION_SOFTMAX);
            close_world(&w);
        }
}

/* ---------------------------------------------------------------------------------------------- softmax and losses */

/* One layer whose z is its biases: all of them rest, but for z at one position; targets 0 but for y there. */
static void open_logits(struct world *w, const char *isa, struct test_head head, float rest, size_t at, float z,
                        float y) {
    open_layer(w, isa, head);
    for (size_t j = 0; j < MAX_OUT; j++) {
        w->parameters[j] = 0;
        w->parameters[MAX_OUT + j] = j == at ? z : rest;
    }
    for (size_t i = 0; i < N * MAX_OUT; i++)
        w->values[i / MAX_OUT * LDY + i % MAX_OUT] = i % MAX_OUT == at ? y : 0;
    forward(w);
    backward(w);
}

Test(nonfinite, softmax_rows) {
    static const struct test_head head = {TP_ACTIVATION_SOFTMAX, TP_LOSS_CCE};
    for (int isa = 0; isa < tp_test_isa_count(); isa++)
        for (size_t q = 0; q < 4 * MAX_OUT; q++) {
            const size_t at = q % MAX_OUT, row = q / MAX_OUT;
            const float z[] = {NAN, INFINITY, -INFINITY, -INFINITY}, rest[] = {0, 0, -INFINITY, 0};
            struct world w;
            open_logits(&w, tp_test_isa(isa), head, rest[row], at, z[row], 1);
            for (size_t j = 0; j < MAX_OUT; j++) {
                const float expected = row < 3 ? NAN : j == at ? 0 : 1.0f / (MAX_OUT - 1);
                cr_assert(tp_test_same_bits(&expected, &w.y[j], 1, "%s: %g at %zu, output %zu", tp_test_isa(isa),
                                            (double)z[row], at, j));
            }
            close_world(&w);
        }
}

Test(nonfinite, losses) {
    static const struct {
        struct test_head head;
        float rest, z, y;
        double loss; /* NaN stands for NaN */
    } rows[] = {
        {{TP_ACTIVATION_IDENTITY, TP_LOSS_MSE}, 0, INFINITY, 0, INFINITY},
        {{TP_ACTIVATION_IDENTITY, TP_LOSS_MSE}, 0, -INFINITY, 1, INFINITY},
        {{TP_ACTIVATION_IDENTITY, TP_LOSS_MSE}, 0, INFINITY, INFINITY, (double)NAN},
        {{TP_ACTIVATION_SIGMOID, TP_LOSS_BCE}, -200, INFINITY, 1, (double)NAN},
        {{TP_ACTIVATION_SIGMOID, TP_LOSS_BCE}, -200, INFINITY, 0, (double)NAN},
        {{TP_ACTIVATION_SIGMOID, TP_LOSS_BCE}, -200, -INFINITY, 0, (double)NAN},
        {{TP_ACTIVATION_SIGMOID, TP_LOSS_BCE}, -200, -INFINITY, 1, INFINITY},
        {{TP_ACTIVATION_SIGMOID, TP_LOSS_BCE}, -200, 200, 0, 200},  /* -ln(1 - p), where p is 1 in f32 */
        {{TP_ACTIVATION_SIGMOID, TP_LOSS_BCE}, -200, -200, 1, 200}, /* -ln p, where p is 0 */
        {{TP_ACTIVATION_SOFTMAX, TP_LOSS_CCE}, -200, INFINITY, 1, (double)NAN},
        {{TP_ACTIVATION_SOFTMAX, TP_LOSS_CCE}, -200, -INFINITY, 1, INFINITY},
        {{TP_ACTIVATION_SOFTMAX, TP_LOSS_CCE}, -INFINITY, 3, 1, 0}, /* targets of 0 at -Inf take no part */
        {{TP_ACTIVATION_SOFTMAX, TP_LOSS_CCE}, -INFINITY, -INFINITY, 1, (double)NAN},
        {{TP_ACTIVATION_SOFTMAX, TP_LOSS_CCE}, -200, 200, 1, 0},
        {{TP_ACTIVATION_EXP, TP_LOSS_POISSON}, -INFINITY, -INFINITY, 0, 0}, /* so here */
        {{TP_ACTIVATION_EXP, TP_LOSS_POISSON}, -200, -INFINITY, 1, INFINITY},
        {{TP_ACTIVATION_EXP, TP_LOSS_POISSON}, -200, INFINITY, 0, INFINITY},
        {{TP_ACTIVATION_EXP, TP_LOSS_POISSON}, -200, INFINITY, 1, INFINITY},
        {{TP_ACTIVATION_EXP, TP_LOSS_POISSON}, -200, 200, 3e38f, INFINITY},
        {{TP_ACTIVATION_EXP, TP_LOSS_POISSON}, -INFINITY, -100, MAX_OUT, 100},
    };
    for (int isa = 0; isa < tp_test_isa_count(); isa++)
        for (size_t q = 0; q < sizeof rows / sizeof *rows * MAX_OUT; q++) {
            const size_t r = q / MAX_OUT;
            struct world w;
            open_logits(&w, tp_test_isa(isa), rows[r].head, rows[r].rest, q % MAX_OUT, rows[r].z, rows[r].y);
            cr_assert(isnan(rows[r].loss) ? isnan(w.score.loss) : w.score.loss == rows[r].loss,
                      "%s row %zu, position %zu: loss %g", tp_test_isa(isa), r, q % MAX_OUT, w.score.loss);
            close_world(&w);
        }
}

static void expect_right(struct world *w, const int32_t *classes, size_t right) {
    const tp_targets targets = {.classes = classes};
    forward(w);
    cr_assert_eq(tp_loss_value(w->model, w->workspace, &targets, &w->score), TP_OK);
    cr_assert_eq(w->score.correct, right, "%s %s: %zu right instead of %zu", tp_context_isa(w->context),
                 test_net_name(&w->net), w->score.correct, right);
}

/* The classes are what a clean run predicts, so that all are right; a sample of NaN is not. */
static void check_never_right(const char *isa, struct test_head head, size_t outputs) {
    struct world w;
    open_world(&w, isa, test_net(0, (const size_t[]){IN, outputs}, TP_ACTIVATION_IDENTITY, head));
    run_clean_world(&w);
    int32_t classes[N];
    for (size_t i = 0; i < N; i++) {
        const float *y = w.y + i * LDY;
        classes[i] = outputs == 1 && head.loss != TP_LOSS_CCE && y[0] >= 0.5f;
        for (size_t j = 1; j < outputs; j++)
            classes[i] = y[j] > y[classes[i]] ? (int32_t)j : classes[i];
    }
    expect_right(&w, classes, N);
    for (size_t i = 0; i < N; i++) {
        const float before = w.x[i * LDX];
        w.x[i * LDX] = NAN;
        expect_right(&w, classes, N - 1);
        w.x[i * LDX] = before;
    }
    close_world(&w);
}

Test(nonfinite, a_sample_of_nan_is_not_right) {
    static const size_t outputs[] = {1, 3, 17};
    for (int isa = 0; isa < tp_test_isa_count(); isa++)
        for (size_t q = 0; q < TEST_HEADS * 3; q++)
            check_never_right(tp_test_isa(isa), test_heads[q / 3], outputs[q % 3]);
}

/* ------------------------------------------------------------------------------------------------------- optimisers */

static tp_optimizer *make_optimizer(const struct world *w, int kind, float clip_norm) {
    tp_optimizer_options options;
    tp_optimizer_options_default(&options);
    options.kind = (tp_optimizer_kind)kind;
    options.learning_rate = 0.01f;
    options.clip_norm = clip_norm;
    tp_optimizer *optimizer = NULL;
    cr_assert_eq(tp_optimizer_create(w->model, &options, NULL, 0, &optimizer), TP_OK);
    return optimizer;
}

/* Parameters after two steps, the first with value in place of gradient at. */
static void two_steps(struct world *w, int kind, float clip_norm, size_t at, float value, float *after) {
    tp_optimizer *optimizer = make_optimizer(w, kind, clip_norm);
    const float before = w->gradients[at];
    cr_assert_eq(tp_model_set_parameters(w->model, w->parameters, w->count), TP_OK);
    w->gradients[at] = value;
    cr_assert_eq(tp_optimizer_step(optimizer, w->model, w->gradients), TP_OK);
    w->gradients[at] = before;
    cr_assert_eq(tp_optimizer_step(optimizer, w->model, w->gradients), TP_OK);
    cr_assert_eq(tp_model_get_parameters(w->model, after, w->count), TP_OK);
    tp_optimizer_destroy(optimizer);
}

static void check_optimizer(struct world *w, int kind, size_t v) {
    float clean[MAX_PARAMETERS], after[MAX_PARAMETERS];
    two_steps(w, kind, 0, 0, w->gradients[0], clean);
    for (size_t at = 0; at < w->count; at++) {
        two_steps(w, kind, 0, at, test_bad[v], after);
        cr_assert(!isfinite(after[at]), "%s: %g at %zu gives %g", tp_optimizer_name((tp_optimizer_kind)kind),
                  (double)test_bad[v], at, (double)after[at]);
        after[at] = clean[at];
        cr_assert(tp_test_same_bits(clean, after, w->count, "beside %g", (double)test_bad[v]));
    }
}

Test(nonfinite, gradients_spoil_their_own_parameter) {
    for (int isa = 0; isa < tp_test_isa_count(); isa++)
        for (int q = 0; q < TP_OPTIMIZER_COUNT * (int)TEST_BAD; q++) {
            struct world w;
            open_world(&w, tp_test_isa(isa),
                       test_net(0, (const size_t[]){2, 17}, TP_ACTIVATION_IDENTITY, test_heads[0]));
            run_clean_world(&w);
            check_optimizer(&w, q / (int)TEST_BAD, (size_t)q % TEST_BAD);
            close_world(&w);
        }
}

/* One step with clipping: a norm of NaN spoils everything; an infinite one leaves nothing of finite gradients. */
Test(nonfinite, the_norm_of_gradients_takes_part_in_clipping) {
    for (int isa = 0; isa < tp_test_isa_count(); isa++)
        for (int q = 0; q < TP_OPTIMIZER_COUNT * (int)TEST_BAD; q++) {
            const float value = test_bad[(size_t)q % TEST_BAD];
            struct world w;
            open_world(&w, tp_test_isa(isa),
                       test_net(0, (const size_t[]){2, 17}, TP_ACTIVATION_IDENTITY, test_heads[0]));
            run_clean_world(&w);
            for (size_t at = 0; at < w.count; at++) {
                float after[MAX_PARAMETERS];
                tp_optimizer *optimizer = make_optimizer(&w, q / (int)TEST_BAD, 1);
                const float before = w.gradients[at];
                w.gradients[at] = value;
                cr_assert_eq(tp_model_set_parameters(w.model, w.parameters, w.count), TP_OK);
                cr_assert_eq(tp_optimizer_step(optimizer, w.model, w.gradients), TP_OK);
                cr_assert_eq(tp_model_get_parameters(w.model, after, w.count), TP_OK);
                w.gradients[at] = before;
                tp_optimizer_destroy(optimizer);
                for (size_t i = 0; i < w.count; i++)
                    cr_assert(isnan(value) || i == at ? isnan(after[i]) : after[i] == w.parameters[i],
                              "%s, %g at %zu: parameter %zu is %g",
                              tp_optimizer_name((tp_optimizer_kind)(q / (int)TEST_BAD)), (double)value, at, i,
                              (double)after[i]);
            }
            close_world(&w);
        }
}

/* ----------------------------------------------------------------------------------------------------- training loop
 */

enum { SAMPLES = 24, TRAIN_BATCH = 8, OUT = 3 };

struct training {
    struct world w;
    float x[SAMPLES * IN], values[SAMPLES * OUT];
    float last[MAX_PARAMETERS]; /* parameters after the last step that was reported */
    uint64_t steps;
    double validation;
    tp_data data;
    tp_train_options options;
};

static int keep_parameters(void *user, const tp_step *step) {
    struct training *t = user;
    cr_assert_eq(tp_model_get_parameters(t->w.model, t->last, t->w.count), TP_OK);
    t->steps = step->step;
    return 0;
}

static int keep_validation(void *user, const tp_epoch *epoch) {
    struct training *t = user;
    cr_assert(isfinite(epoch->train.loss));
    t->validation = epoch->validation.loss;
    return 0;
}

static void open_training(struct training *t, const char *isa, int threads) {
    open_world(&t->w, isa, test_net(1, (const size_t[]){IN, HIDDEN, OUT}, TP_ACTIVATION_RELU, test_heads[0]));
    cr_assert_eq(tp_context_set_threads(t->w.context, threads), TP_OK);
    tp_test_fill(t->x, SAMPLES * IN, 31, -1, 1);
    tp_test_fill(t->values, SAMPLES * OUT, 32, -1, 1);
    t->data = (tp_data){.samples = SAMPLES, .features = IN, .floats = t->x, .values = t->values, .outputs = OUT};
    tp_train_options_default(&t->options);
    t->options.batch = TRAIN_BATCH;
    t->options.epochs = 2;
    t->options.shuffle = false;
    t->options.on_step = keep_parameters;
    t->options.on_epoch = keep_validation;
    t->options.user = t;
    t->steps = 0;
}

/* Twice, because a run may be called again: nothing has changed since the last good step. */
static void expect_nonfinite(struct training *t, uint64_t good_steps) {
    float after[MAX_PARAMETERS];
    tp_trainer *trainer = NULL;
    memcpy(t->last, t->w.parameters, sizeof t->last);
    cr_assert_eq(tp_trainer_create(t->w.model, &t->data, &t->options, NULL, 0, &trainer), TP_OK);
    for (int runs = 0; runs < 2; runs++) {
        cr_assert_eq(tp_trainer_run(trainer), TP_ERR_NONFINITE);
        cr_assert_eq(t->steps, good_steps);
        cr_assert_eq(tp_model_get_parameters(t->w.model, after, t->w.count), TP_OK);
        cr_assert(tp_test_same_bits(t->last, after, t->w.count, "%s run %d", tp_context_isa(t->w.context), runs));
    }
    tp_trainer_destroy(trainer);
}

/* Any number of any sample: rows, targets, fused or not, one thread or two. */
Test(nonfinite, training_stops_before_the_step) {
    static struct training t;
    for (int isa = 0; isa < tp_test_isa_count(); isa++)
        for (size_t q = 0; q < SAMPLES * (IN + OUT); q++) {
            const size_t sample = q / (IN + OUT), j = q % (IN + OUT);
            open_training(&t, tp_test_isa(isa), q % 8 ? 1 : 2);
            t.options.optimizer.kind = (tp_optimizer_kind)(q % TP_OPTIMIZER_COUNT);
            t.options.optimizer.clip_norm = (float)(q / 2 % 2);
            *(j < IN ? &t.x[sample * IN + j] : &t.values[sample * OUT + j - IN]) =
                test_bad[q % 2]; /* -Inf: ReLU gives 0 */
            expect_nonfinite(&t, sample / TRAIN_BATCH);
            close_world(&t.w);
        }
}

Test(nonfinite, validation_and_evaluation_report_what_they_find) {
    static struct training t;
    for (int isa = 0; isa < tp_test_isa_count(); isa++) {
        open_training(&t, tp_test_isa(isa), 1);
        float x[N * IN], y[N * OUT];
        memcpy(x, t.x, sizeof x);
        x[IN + 2] = NAN;
        const tp_data set = {.samples = N, .features = IN, .floats = x, .values = t.values, .outputs = OUT};
        t.options.validation = &set;
        tp_trainer *trainer = NULL;
        cr_assert_eq(tp_trainer_create(t.w.model, &t.data, &t.options, NULL, 0, &trainer), TP_OK);
        cr_assert_eq(tp_trainer_run(trainer), TP_OK);
        cr_assert(isnan(t.validation));
        tp_trainer_destroy(trainer);
        cr_assert_eq(tp_evaluate(t.w.model, t.w.workspace, &set, &t.w.score, NULL), TP_OK);
        cr_assert(isnan(t.w.score.loss));
        cr_assert_eq(tp_predict(t.w.model, t.w.workspace, &set, &(const tp_outputs){.floats = y}), TP_OK);
        for (size_t i = 0; i < N * OUT; i++)
            cr_assert_eq(isnan(y[i]) != 0, i / OUT == 1, "output %zu", i);
        close_world(&t.w);
    }
}
