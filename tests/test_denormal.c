/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Numbers below 2^-126: elementwise kernels read them as 0 and write 0 for them, on every instruction set, so that what
 * has died away takes no more time than what lives. And the other end: Adam's moments stay finite.
 */
#include "net/optimizer.h"
#include "support/support.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const float values[] = {
    0,       -0.0f,  0x1p-149f, -0x1p-149f, 0x1p-127f, -0x1.8p-127f, 0x1p-126f, -0x1p-126f, 1e-30f,
    -1e-30f, 1e-20f, -1e-20f,   1e-9f,      -1e-9f,    0.25f,        -0.25f,    1,          -1,
    5,       -5,     -12.5f,    -13.14f,    -13.2f,    -44,          -87.33f,   -87.34f,    -91.8f,
    -91.9f,  -100,   -104,      100,        INFINITY,  -INFINITY,    NAN,       3e38f,      -3e38f,
};
enum { VALUES = sizeof values / sizeof *values, N = VALUES * VALUES, INPUTS = 4, OUTPUTS = 3 };

struct arrays {
    float in[INPUTS][N], out[OUTPUTS][N];
};

/* ---- operations: from in to out ---- */

typedef void run_fn(const struct tp_isa *isa, int which, struct arrays *a);

static void activate(const struct tp_isa *isa, int which, struct arrays *a) {
    memcpy(a->out[0], a->in[0], sizeof a->out[0]);
    isa->activation[which].activate(a->out[0], VALUES, VALUES, VALUES, 0.5f);
}

static void derive(const struct tp_isa *isa, int which, struct arrays *a) {
    memcpy(a->out[0], a->in[0], sizeof a->out[0]);
    isa->activation[which].derive(a->out[0], VALUES, a->in[1], VALUES, VALUES, VALUES, 0.5f);
}

static void lose(const struct tp_isa *isa, int which, struct arrays *a) {
    for (size_t i = 0; i < N; i += VALUES)
        isa->loss_row[which](a->in[0] + i, a->in[1] + i, VALUES, 1, 0.25f, a->out[0] + i);
}

static void scale(const struct tp_isa *isa, int which, struct arrays *a) {
    (void)which;
    const double mean = 0, factor = 0.5;
    isa->scale_floats(a->out[0], a->in[0], N, &mean, &factor, false);
}

/* The numbers of a step whose corrections for the bias are 1 but for a few percent. */
static struct tp_update step_numbers(int rule, float rate, float decay) {
    static const tp_layer layer = {1, TP_ACTIVATION_IDENTITY, 0, 0};
    tp_model_options shape;
    tp_optimizer_options options;
    tp_model_options_default(&shape);
    tp_optimizer_options_default(&options);
    shape.inputs = shape.layer_count = 1, shape.layers = &layer, shape.loss = TP_LOSS_MSE;
    options.kind = (tp_optimizer_kind)rule, options.learning_rate = rate, options.weight_decay = decay;
    tp_context *context = tp_test_context(NULL, 1);
    tp_model *model;
    tp_optimizer *optimizer;
    cr_assert_eq(tp_model_create(context, &shape, &model), TP_OK);
    cr_assert_eq(tp_optimizer_create(model, &options, NULL, 0, &optimizer), TP_OK);
    optimizer->steps = 5000;
    tp_update_begin(optimizer, 1);
    const struct tp_update numbers = optimizer->next[0];
    tp_optimizer_destroy(optimizer), tp_model_destroy(model), tp_context_destroy(context);
    return numbers;
}

static void update_by(const struct tp_isa *isa, int which, struct arrays *a, float decay) {
    const struct tp_update numbers = step_numbers(which, 1e-3f, decay);
    for (int i = 0; i < OUTPUTS; i++)
        memcpy(a->out[i], a->in[i + 1], sizeof a->out[i]);
    isa->update[which](&numbers, a->out[0], a->in[0], a->out[1], a->out[2], N);
}

static void update(const struct tp_isa *isa, int which, struct arrays *a) {
    update_by(isa, which, a, 0);
}

static void update_with_decay(const struct tp_isa *isa, int which, struct arrays *a) {
    update_by(isa, which, a, 0.25f);
}

static const struct {
    const char *name;
    run_fn *run;
    int first, count; /* identity computes nothing */
    int inputs;       /* that count as 0 where they are denormal: weights and states are made by updates */
    int outputs;
} operations[] = {
    {"activation", activate, TP_ACTIVATION_IDENTITY + 1, TP_ACTIVATION_COUNT, 1, 1},
    {"derivative", derive, TP_ACTIVATION_IDENTITY + 1, TP_ACTIVATION_COUNT, 2, 1},
    {"loss", lose, 0, TP_LOSS_COUNT, 2, 1},
    {"scaling", scale, 0, 1, 1, 1},
    {"update", update, 0, TP_OPTIMIZER_COUNT, 1, 3},
    {"update with decay", update_with_decay, 0, TP_OPTIMIZER_COUNT, 1, 3},
};
enum { OPERATIONS = sizeof operations / sizeof *operations };

typedef void check_fn(const struct tp_isa *isa, size_t operation, int which);

static void for_each(check_fn *check) {
    for (int isa = 0; isa < tp_test_isa_count(); isa++)
        for (size_t o = 0; o < OPERATIONS; o++)
            for (int which = operations[o].first; which < operations[o].count; which++)
                check(tp_test_table(isa), o, which);
}

/* ---- results ---- */

static bool is_denormal(float x) {
    return x != 0 && fabsf(x) < FLT_MIN;
}

static float flushed(float x) {
    return is_denormal(x) ? 0 : x;
}

/* Every pair of values in the first two arrays; beside them states, which are not denormal. */
static void fill(struct arrays *a) {
    for (size_t i = 0; i < N; i++) {
        a->in[0][i] = values[i % VALUES];
        a->in[1][i] = values[i / VALUES];
        const float state = values[(i + i / VALUES) % VALUES];
        a->in[2][i] = fabsf(state) < 0x1p-100f ? 0 : state; /* so small they are not */
        a->in[3][i] = fabsf(a->in[2][(5 * i + 1) % N]);     /* a second moment is not negative */
    }
}

static void check_results(const struct tp_isa *isa, size_t o, int which) {
    static struct arrays given, zeroed;
    fill(&given);
    zeroed = given;
    for (int a = 0; a < operations[o].inputs; a++)
        for (size_t i = 0; i < N; i++)
            zeroed.in[a][i] = flushed(zeroed.in[a][i]);
    operations[o].run(isa, which, &given);
    operations[o].run(isa, which, &zeroed);
    for (int a = 0; a < operations[o].outputs; a++) {
        cr_assert(tp_test_same_bits(zeroed.out[a], given.out[a], N, "%s %s %d, output %d", isa->name,
                                    operations[o].name, which, a));
        for (size_t i = 0; i < N; i++)
            cr_assert(!is_denormal(given.out[a][i]), "%s %s %d, output %d: number %zu is %a", isa->name,
                      operations[o].name, which, a, i, (double)given.out[a][i]);
    }
}

Test(denormal, counts_as_0_and_becomes_0) {
    for_each(check_results);
}

/* ---- time ---- */

static double seconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static double fastest(const struct tp_isa *isa, size_t o, int which, struct arrays *a) {
    double best = INFINITY;
    for (int i = 0; i < 30; i++) {
        const double start = seconds();
        operations[o].run(isa, which, a);
        best = fmin(best, seconds() - start);
    }
    return best;
}

/* What is compared takes some 2 to 150 times as long where a processor has to look after denormals. */
#define MOST 1.5

static void check_time(const struct tp_isa *isa, size_t o, int which) {
    static struct arrays normal, denormal;
    double ratio = INFINITY;
    for (size_t i = 0; i < N; i++)
        for (int a = 0; a < INPUTS; a++) {
            normal.in[a][i] = 0.5f + (float)(i % 7);
            denormal.in[a][i] = a < operations[o].inputs ? 0x1p-130f * (float)(1 + i % 7) : 0;
        }
    for (int attempt = 0; attempt < 20 && ratio > MOST; attempt++)
        ratio = fmin(ratio, fastest(isa, o, which, &denormal) / fastest(isa, o, which, &normal));
    cr_assert(ratio <= MOST, "%s %s %d: takes %.2f times as long", isa->name, operations[o].name, which, ratio);
}

Test(denormal, takes_no_longer) {
    if (getenv("TILEPROP_TEST_EMULATED")) {
        fprintf(stderr, "SKIPPED: times with denormals, which an emulator does not tell\n");
        cr_skip_test("emulated");
    }
    for_each(check_time);
}

/* Exponentials with results below 2^-126 are not computed: confident and saturated networks have many. */
static void check_saturated(const struct tp_isa *isa, size_t o, int which) {
    static struct arrays moderate, saturated;
    double ratio = INFINITY;
    if (operations[o].run != activate && operations[o].run != lose)
        return;
    for (size_t i = 0; i < N; i++) {
        moderate.in[0][i] = -(float)(i % 7);
        saturated.in[0][i] = i % VALUES ? -95 - (float)(i % 7) : 0;
    }
    for (int attempt = 0; attempt < 20 && ratio > MOST; attempt++)
        ratio = fmin(ratio, fastest(isa, o, which, &saturated) / fastest(isa, o, which, &moderate));
    cr_assert(ratio <= MOST, "%s %s %d: takes %.2f times as long", isa->name, operations[o].name, which, ratio);
}

Test(denormal, saturation_takes_no_longer) {
    for_each(check_saturated);
}

/* What is multiplied within the update counts as 0 where the same product from memory does, also at the limits. */
static void check_products(const struct tp_isa *isa, int rule, float rate) {
    static const float factors[] = {1,         0x1p-49f, 0x1.000002p-50f,  0x1p-50f, 0x1.fffffep-51f,
                                    -0x1p-50f, 0x1p-51f, -0x1.000002p-50f, 0x1p-60f, 0x1p-100f};
    enum { FACTORS = sizeof factors / sizeof *factors };
    const struct tp_update numbers = step_numbers(rule, rate, 0);
    for (size_t i = 0; i < FACTORS; i++)
        for (size_t j = 0; j < FACTORS; j++) {
            float expected[3] = {0}, actual[3] = {0};
            const float product = factors[i] * factors[j];
            isa->update[rule](&numbers, &expected[0], &product, &expected[1], &expected[2], 1);
            isa->update_outer[rule](&numbers, &actual[0], &actual[1], &actual[2], &factors[i], &factors[j], 1, 1);
            cr_expect(tp_test_same_bits(expected, actual, 3, "%s rule %d rate %g: %a times %a", isa->name, rule,
                                        (double)rate, (double)factors[i], (double)factors[j]));
        }
}

Test(denormal, products_within_an_update_count_as_others) {
    for (int isa = 0; isa < tp_test_isa_count(); isa++)
        for (int rule = 0; rule < TP_OPTIMIZER_COUNT; rule++)
            for (int exponent = -40; exponent <= 0; exponent++)
                check_products(tp_test_table(isa), rule, ldexpf(1, exponent));
}

/* ---- optimisers over many steps ---- */

enum { PARAMETERS = 6 };

struct run {
    tp_context *context;
    tp_model *model;
    tp_optimizer *optimizer;
};

/* PARAMETERS - 1 weights, which are 0, and a bias. */
static void start(struct run *run, int isa, int rule, float decay) {
    static const tp_layer layer = {1, TP_ACTIVATION_IDENTITY, 0, 0};
    tp_model_options shape;
    tp_optimizer_options options;
    tp_model_options_default(&shape);
    tp_optimizer_options_default(&options);
    shape.inputs = PARAMETERS - 1, shape.layer_count = 1, shape.layers = &layer, shape.loss = TP_LOSS_MSE;
    shape.init = TP_INIT_ZERO;
    options.kind = (tp_optimizer_kind)rule, options.weight_decay = decay;
    run->context = tp_test_context(tp_test_isa(isa), 1);
    cr_assert_eq(tp_model_create(run->context, &shape, &run->model), TP_OK);
    cr_assert_eq(tp_optimizer_create(run->model, &options, NULL, 0, &run->optimizer), TP_OK);
}

static void finish(struct run *run) {
    tp_optimizer_destroy(run->optimizer), tp_model_destroy(run->model), tp_context_destroy(run->context);
}

static void step(struct run *run, const float *gradients, int times) {
    for (int i = 0; i < times; i++)
        cr_assert_eq(tp_optimizer_step(run->optimizer, run->model, gradients), TP_OK);
}

/* Adam in double precision: one step. */
static double adam_in_double(double *m, double *s, double g, double t) {
    *m = 0.9 * *m + 0.1 * g;
    *s = 0.999 * *s + 0.001 * g * g;
    return 1e-3 * (*m / (1 - pow(0.9, t))) / (sqrt(*s / (1 - pow(0.999, t))) + 1e-8);
}

/* Of a gradient beyond 2^63 Adam takes 2^63, whose square is finite: its parameter goes on as in double precision. */
static void check_spike(int isa, int rule) {
    enum { STEPS = 100000 };
    const float spike[PARAMETERS] = {1e21f, -1e21f, 3e38f, 1e19f, 1, 0x1p63f}, ones[PARAMETERS] = {1, 1, 1, 1, 1, 1};
    struct run run;
    float w[PARAMETERS];
    start(&run, isa, rule, 0);
    step(&run, spike, 1);
    step(&run, ones, STEPS);
    cr_assert_eq(tp_model_get_parameters(run.model, w, PARAMETERS), TP_OK);
    for (size_t i = 0; i < PARAMETERS; i++) {
        double m = 0, s = 0, expected = 0;
        for (int t = 1; t <= STEPS + 1; t++) {
            const double g = t > 1 ? 1 : (double)spike[i];
            expected -= adam_in_double(&m, &s, fmax(fmin(g, 0x1p63), -0x1p63), t);
        }
        cr_expect(fabs((double)w[i] - expected) < 1e-3 * fabs(expected), "%s: %g after a gradient of %g, not %g",
                  tp_test_isa(isa), (double)w[i], (double)spike[i], expected);
    }
    finish(&run);
}

Test(denormal, adam_forgets_a_huge_gradient) {
    for (int isa = 0; isa < tp_test_isa_count(); isa++) {
        check_spike(isa, TP_OPTIMIZER_ADAM);
        check_spike(isa, TP_OPTIMIZER_ADAMW);
    }
}

/* The other rules have no squares: a parameter and its velocity are finite, or are seen to be infinite. */
Test(denormal, other_rules_show_what_overflows) {
    const float spike[PARAMETERS] = {1e21f, -1e21f, 3e38f, 1e19f, 1, 0x1p63f};
    for (int isa = 0; isa < tp_test_isa_count(); isa++)
        for (int rule = TP_OPTIMIZER_SGD; rule <= TP_OPTIMIZER_NESTEROV; rule++) {
            struct run run;
            float w[PARAMETERS];
            start(&run, isa, rule, 0);
            step(&run, spike, 1);
            cr_assert_eq(tp_model_get_parameters(run.model, w, PARAMETERS), TP_OK);
            const double factor = rule == TP_OPTIMIZER_NESTEROV ? 1.9e-3 : 1e-3;
            for (size_t i = 0; i < PARAMETERS; i++)
                cr_expect(fabs((double)w[i] + factor * (double)spike[i]) <= 1e-5 * fabs((double)w[i]), "%s %s: %g",
                          tp_test_isa(isa), tp_optimizer_name((tp_optimizer_kind)rule), (double)w[i]);
            step(&run, spike, 30); /* v reaches ten times the gradient: too much for 3e38 */
            cr_assert_eq(tp_model_get_parameters(run.model, w, PARAMETERS), TP_OK);
            cr_expect(rule == TP_OPTIMIZER_SGD ? isfinite(w[2]) : !isfinite(w[2]));
            cr_expect(isfinite(w[0]) && w[0] < -1e18f);
            finish(&run);
        }
}

/* Infinity is no large number: it shows. */
Test(denormal, adam_shows_infinity) {
    const float gradients[PARAMETERS] = {INFINITY, -INFINITY, NAN, 1, 3e38f, -3e38f};
    for (int isa = 0; isa < tp_test_isa_count(); isa++)
        for (int rule = TP_OPTIMIZER_ADAM; rule <= TP_OPTIMIZER_ADAMW; rule++) {
            struct run run;
            float w[PARAMETERS];
            start(&run, isa, rule, 0);
            step(&run, gradients, 1);
            cr_assert_eq(tp_model_get_parameters(run.model, w, PARAMETERS), TP_OK);
            for (size_t i = 0; i < PARAMETERS; i++)
                cr_expect_eq(!isfinite(w[i]), i < 3, "%s: %zu is %g", tp_test_isa(isa), i, (double)w[i]);
            finish(&run);
        }
}

/* A gradient whose square would be denormal is none; sqrt(2^-126 / (1-b2)) is 3.43e-18. */
Test(denormal, adam_leaves_out_the_least_gradients) {
    const float gradients[PARAMETERS] = {3.4e-18f, -3.4e-18f, 3.5e-18f, -3.5e-18f, 0, 1e-30f};
    for (int isa = 0; isa < tp_test_isa_count(); isa++)
        for (int rule = TP_OPTIMIZER_ADAM; rule <= TP_OPTIMIZER_ADAMW; rule++) {
            struct run run;
            start(&run, isa, rule, 0);
            step(&run, gradients, 1);
            for (size_t i = 0; i < PARAMETERS; i++)
                for (int s = 0; s < 2; s++)
                    cr_expect_eq(run.optimizer->state[s][i] != 0, i == 2 || i == 3, "%s: state %d of %zu is %a",
                                 tp_test_isa(isa), s, i, (double)run.optimizer->state[s][i]);
            finish(&run);
        }
}

/* Gradients that stop, or that are hardly there, leave no denormal behind, nor do weights that decay. Under Adam those
 * stay about 0 instead, and Adagrad's sums stay. */
static void check_what_dies(float decay) {
    const float ones[PARAMETERS] = {1, -1, 1e-10f, -1e-10f, 1e-20f, 1};
    for (int isa = 0; isa < tp_test_isa_count(); isa++)
        for (int rule = 0; rule < TP_OPTIMIZER_COUNT; rule++) {
            struct run run;
            float w[PARAMETERS];
            start(&run, isa, rule, decay);
            step(&run, ones, 10);
            step(&run, (const float[PARAMETERS]){0}, 200000);
            cr_assert_eq(tp_model_get_parameters(run.model, w, PARAMETERS), TP_OK);
            for (size_t i = 0; i < PARAMETERS; i++) {
                cr_expect(!is_denormal(w[i]), "%s %s: weight %zu is %a", tp_test_isa(isa),
                          tp_optimizer_name((tp_optimizer_kind)rule), i, (double)w[i]);
                for (int s = 0; s < 2 && run.optimizer->state[s]; s++) {
                    const float state = run.optimizer->state[s][i];
                    cr_expect(decay > 0 || rule == TP_OPTIMIZER_ADAGRAD ? !is_denormal(state) : state == 0,
                              "%s %s: state %d of %zu is %a", tp_test_isa(isa),
                              tp_optimizer_name((tp_optimizer_kind)rule), s, i, (double)state);
                }
            }
            finish(&run);
        }
}

Test(denormal, what_dies_away_becomes_0) {
    check_what_dies(0);
    check_what_dies(0.5f);
}

/* Of one step of size rate from w with gradients, after a first step that changes nothing. */
static void check_step(int isa, int rule, float rate, float clip, const float *w, const float *gradients,
                       const float *expected) {
    const float none[PARAMETERS] = {0};
    struct run run;
    float after[PARAMETERS];
    start(&run, isa, rule, 0);
    run.optimizer->options.learning_rate = rate, run.optimizer->options.clip_norm = clip;
    step(&run, none, 1);
    cr_assert_eq(tp_model_set_parameters(run.model, w, PARAMETERS), TP_OK);
    step(&run, gradients, 1);
    cr_assert_eq(tp_model_get_parameters(run.model, after, PARAMETERS), TP_OK);
    for (size_t i = 0; i < PARAMETERS; i++)
        cr_expect(expected ? after[i] == expected[i] : !is_denormal(after[i]), "%s %s, clip_norm %g: %zu is %a",
                  tp_test_isa(isa), tp_optimizer_name((tp_optimizer_kind)rule), (double)clip, i, (double)after[i]);
    finish(&run);
}

static void check_rules(float rate, float clip, const float *w, const float *gradients, const float *of_sgd) {
    for (int isa = 0; isa < tp_test_isa_count(); isa++)
        for (int rule = 0; rule < TP_OPTIMIZER_COUNT; rule++)
            check_step(isa, rule, rate, clip, w, gradients, rule == TP_OPTIMIZER_SGD ? of_sgd : NULL);
}

/* Two normal numbers have a denormal difference. */
Test(denormal, weights_that_cancel_become_0) {
    check_rules(1, 0, (const float[]){0x1.4p-125f, -0x1.4p-125f, 0x1.8p-125f, 0x1p-125f, 1, 0x1.4p-125f},
                (const float[]){0x1p-125f, -0x1p-125f, 0x1p-125f, 0x1.4p-125f, 0, 0x1p-125f},
                (const float[]){0, 0, 0x1p-126f, 0, 1, 0});
}

/* However many steps the optimiser counts. */
Test(denormal, weights_that_were_set_become_0) {
    const float none[PARAMETERS] = {0}, given[PARAMETERS] = {0x1p-127f, -0x1p-149f, -0.0f, 0x1p-126f, 1, 0x1p-127f};
    const float expected[PARAMETERS] = {0, 0, 0, 0x1p-126f, 1, 0};
    for (int isa = 0; isa < tp_test_isa_count(); isa++)
        for (int rule = 0; rule < TP_OPTIMIZER_COUNT; rule++) {
            struct run run;
            float w[PARAMETERS];
            start(&run, isa, rule, 0);
            cr_assert_eq(tp_model_set_parameters(run.model, given, PARAMETERS), TP_OK);
            cr_assert_eq(tp_optimizer_set_steps(run.optimizer, 5), TP_OK);
            step(&run, none, 1);
            cr_assert_eq(tp_model_get_parameters(run.model, w, PARAMETERS), TP_OK);
            cr_expect(tp_test_same_bits(expected, w, PARAMETERS, "%s rule %d", tp_test_isa(isa), rule));
            finish(&run);
        }
}

/* Another optimiser, which its state and its number of steps make the same. */
static void renew(struct run *run, tp_optimizer_options options) {
    float state[PARAMETERS];
    tp_optimizer *next;
    cr_assert_eq(tp_optimizer_create(run->model, &options, NULL, 0, &next), TP_OK);
    for (size_t i = 0; i < tp_optimizer_state_count(next); i++) {
        cr_assert_eq(tp_optimizer_get_state(run->optimizer, i, state, PARAMETERS), TP_OK);
        cr_assert_eq(tp_optimizer_set_state(next, i, state, PARAMETERS), TP_OK);
    }
    cr_assert_eq(tp_optimizer_set_steps(next, tp_optimizer_steps(run->optimizer)), TP_OK);
    tp_optimizer_destroy(run->optimizer);
    run->optimizer = next;
}

/* Wherever weights cancel, also a run that goes on with another optimiser has the same bits. */
Test(denormal, runs_that_go_on_elsewhere_are_the_same) {
    const float given[PARAMETERS] = {0x1.4p-125f, -0x1.4p-125f, 0x1.8p-125f, 0x1p-125f, 1, 0x1.8p-125f};
    const float gradients[PARAMETERS] = {0x1p-125f, -0x1p-125f, 0x1p-125f, 0x1.4p-125f, 1e-10f, 0x1.4p-125f};
    for (int isa = 0; isa < tp_test_isa_count(); isa++)
        for (int rule = 0; rule < TP_OPTIMIZER_COUNT; rule++) {
            struct run run[2];
            float w[2][PARAMETERS];
            for (int i = 0; i < 2; i++) {
                start(&run[i], isa, rule, 0);
                cr_assert_eq(tp_optimizer_set_learning_rate(run[i].optimizer, 1), TP_OK);
                step(&run[i], (const float[PARAMETERS]){0}, 1);
                cr_assert_eq(tp_model_set_parameters(run[i].model, given, PARAMETERS), TP_OK);
            }
            for (int t = 0; t < 5; t++) {
                renew(&run[1], run[1].optimizer->options);
                for (int i = 0; i < 2; i++) {
                    step(&run[i], gradients, 1);
                    cr_assert_eq(tp_model_get_parameters(run[i].model, w[i], PARAMETERS), TP_OK);
                }
                cr_expect(tp_test_same_bits(w[0], w[1], PARAMETERS, "%s rule %d step %d", tp_test_isa(isa), rule, t));
            }
            finish(&run[0]), finish(&run[1]);
        }
}

Test(denormal, steps_may_be_too_small_for_a_weight_of_0) {
    check_rules(0x1p-128f, 0, (const float[PARAMETERS]){0}, (const float[]){1, -1, 4, -8, 0, 1},
                (const float[]){0, 0, -0x1p-126f, 0x1p-125f, 0, 0});
}

/* Gradients count as 0 where they would be denormal after clipping, and not where they would not. */
Test(denormal, clipped_gradients_become_0) {
    check_rules(0.5f, 1, (const float[PARAMETERS]){0},
                (const float[]){0x1p30f, 0x1p-97f, 0x1p-94f, 0x1p-96f, 0x1p-95f, 0x1p-97f},
                (const float[]){-0.5f, 0, -0x1p-125f, 0, 0, 0});
    check_rules(0.5f, 0, (const float[PARAMETERS]){0},
                (const float[]){0x1p30f, 0x1p-97f, 0x1p-94f, 0x1p-96f, 0x1p-125f, 0x1p-97f},
                (const float[]){-0x1p29f, -0x1p-98f, -0x1p-95f, -0x1p-97f, 0, -0x1p-98f});
}

/* An infinite norm scales by 0: infinity becomes NaN, and nothing else changes. */
Test(denormal, clipping_shows_infinity) {
    const float gradients[PARAMETERS] = {INFINITY, 1, 1e-30f, -1, 0, 1};
    for (int isa = 0; isa < tp_test_isa_count(); isa++)
        for (int rule = TP_OPTIMIZER_SGD; rule < TP_OPTIMIZER_COUNT; rule++) {
            struct run run;
            float w[PARAMETERS];
            start(&run, isa, rule, 0);
            run.optimizer->options.clip_norm = 1;
            step(&run, gradients, 1);
            cr_assert_eq(tp_model_get_parameters(run.model, w, PARAMETERS), TP_OK);
            cr_expect(isnan(w[0]), "%s: %g", tp_test_isa(isa), (double)w[0]);
            for (size_t i = 1; i < PARAMETERS; i++)
                cr_expect_eq(w[i], 0, "%s: %zu is %g", tp_test_isa(isa), i, (double)w[i]);
            finish(&run);
        }
}

/* A weight whose decay would be denormal is 0; a bias, which does not decay, stays. */
Test(denormal, what_decays_no_more_is_0) {
    const float little[PARAMETERS] = {2e-38f, -2e-38f, 1e-30f, 2e-38f, 0, 2e-38f}, none[PARAMETERS] = {0};
    for (int isa = 0; isa < tp_test_isa_count(); isa++)
        for (int rule = 0; rule < TP_OPTIMIZER_COUNT; rule++) {
            struct run run;
            float w[PARAMETERS];
            start(&run, isa, rule, 0.25f);
            cr_assert_eq(tp_model_set_parameters(run.model, little, PARAMETERS), TP_OK);
            step(&run, none, 1);
            cr_assert_eq(tp_model_get_parameters(run.model, w, PARAMETERS), TP_OK);
            cr_expect(w[0] == 0 && w[1] == 0 && w[2] != 0 && w[3] == 0 && w[4] == 0 && w[5] == little[5], "%s %s",
                      tp_test_isa(isa), tp_optimizer_name((tp_optimizer_kind)rule));
            finish(&run);
        }
}

/* y = 2 x with x up to 1e11, which needs gradients whose squares overflow. */
Test(denormal, adam_learns_from_huge_inputs) {
    enum { SAMPLES = 64 };
    static const tp_layer layer = {1, TP_ACTIVATION_IDENTITY, 0, 0};
    float x[SAMPLES], y[SAMPLES], w[2];
    for (size_t i = 0; i < SAMPLES; i++) {
        x[i] = 1e11f * (float)(i + 1) / SAMPLES;
        y[i] = 2 * x[i];
    }
    const tp_data data = {.samples = SAMPLES, .features = 1, .floats = x, .values = y, .outputs = 1};
    tp_model_options shape;
    tp_train_options options;
    tp_model_options_default(&shape);
    tp_train_options_default(&options);
    shape.inputs = shape.layer_count = 1, shape.layers = &layer, shape.loss = TP_LOSS_MSE, shape.init = TP_INIT_ZERO;
    options.epochs = 3000, options.batch = SAMPLES;
    tp_context *context = tp_test_context(NULL, 1);
    tp_model *model;
    tp_trainer *trainer;
    cr_assert_eq(tp_model_create(context, &shape, &model), TP_OK);
    cr_assert_eq(tp_trainer_create(model, &data, &options, NULL, 0, &trainer), TP_OK);
    cr_assert_eq(tp_trainer_run(trainer), TP_OK);
    cr_assert_eq(tp_model_get_parameters(model, w, 2), TP_OK);
    cr_expect(w[0] > 1.4f && w[0] < 2.1f, "the slope is %g", (double)w[0]);
    tp_trainer_destroy(trainer), tp_model_destroy(model), tp_context_destroy(context);
}
