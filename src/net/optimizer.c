/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/optimizer.h"

#include "core/options.h"
#include "core/size.h"
#include "gemm/share.h"
#include "net/ranks.h"
#include "net/schedule.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* Parts of rows are too short for processors to foresee the next one: it is asked for so many rows ahead. */
#define UPDATE_ROWS_AHEAD 4

/* Gradients of so many weights stay in the first-level cache; at least a row of fewer than four vectors. */
#define SHORT_FLOATS ((size_t)512)

#define LEAST_NORMAL 0x1p-126
#define LARGEST_DENORMAL 0x0.fffffep-126

/* Nothing above it is taken for 0. */
#define MOST_ZERO 0x1p-100

/* Counted one by one in double. */
#define MOST_STEPS (UINT64_C(1) << 53)

static const tp_optimizer_options default_options = {.struct_size = sizeof default_options,
                                                     .kind = TP_OPTIMIZER_ADAM,
                                                     .learning_rate = 1e-3f,
                                                     .momentum = 0.9f,
                                                     .beta1 = 0.9f,
                                                     .beta2 = 0.999f,
                                                     .epsilon = 1e-8f,
                                                     .schedule = TP_SCHEDULE_AUTO,
                                                     .step_every = 1,
                                                     .step_factor = 0.1f};
static const struct tp_struct options_type = {.name = "optimizer options",
                                              .size = sizeof default_options,
                                              .first = offsetof(tp_optimizer_options, final_factor),
                                              .defaults = &default_options};

TP_NO_PADDING(tp_optimizer_options, layer_rates);

void tp_optimizer_options_init(tp_optimizer_options *options, size_t struct_size) {
    tp_struct_init(&options_type, options, struct_size);
}

tp_status tp_take_optimizer(const struct tp_context *context, const tp_optimizer_options *given,
                            tp_optimizer_options *options) {
    return tp_struct_take(context, &options_type, given, options);
}

static int state_count(tp_optimizer_kind kind) {
    static const int states[] = {
#define OPTIMIZER(id, name, count) [TP_OPTIMIZER_##id] = (count),
#include "kernels/optimizer.def"
#undef OPTIMIZER
    };
    return states[kind];
}

static tp_status check_number(const struct tp_context *context, const char *name, float value, bool ok,
                              const char *rule) {
    if (ok && isfinite(value))
        return TP_OK;
    return tp_fail(context, TP_ERR_ARGUMENT, "optimizer: %s is %g; it must be %s", name, (double)value, rule);
}

static bool uses_step_factor(const tp_optimizer_options *o) {
    return o->schedule == TP_SCHEDULE_STEP || o->schedule == TP_SCHEDULE_PLATEAU;
}

static tp_status check_numbers(const struct tp_context *context, const tp_optimizer_options *o) {
    static const char *const positive = "positive and finite", *const fraction = "0 or more and below 1";
    const bool exponential = tp_schedule_of(o) == TP_SCHEDULE_EXPONENTIAL;
    const struct {
        const char *name;
        float value;
        bool ok;
        const char *rule;
    } checks[] = {
        {"learning_rate", o->learning_rate, o->learning_rate > 0, positive},
        {"momentum", o->momentum, o->momentum >= 0 && o->momentum < 1, fraction},
        {"beta1", o->beta1, o->beta1 >= 0 && o->beta1 < 1, fraction},
        {"beta2", o->beta2, o->beta2 >= 0 && o->beta2 < 1, fraction},
        {"epsilon", o->epsilon, o->epsilon > 0, positive},
        {"weight_decay", o->weight_decay, o->weight_decay >= 0, "0 or more and finite"},
        {"clip_norm", o->clip_norm, o->clip_norm >= 0, "0 (off) or more and finite"},
        {"step_factor", o->step_factor, !uses_step_factor(o) || o->step_factor > 0, positive},
        {"final_factor", o->final_factor,
         exponential ? o->final_factor > 0 : o->final_factor >= 0 && o->final_factor <= 1,
         exponential ? positive : "0..1"},
    };
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        const tp_status status = check_number(context, checks[i].name, checks[i].value, checks[i].ok, checks[i].rule);
        if (status)
            return status;
    }
    return TP_OK;
}

static tp_status check_layer_rates(const struct tp_model *model, const float *rates) {
    for (size_t l = 0; rates && l < model->layers; l++)
        if (!(rates[l] >= 0 && isfinite(rates[l])))
            return tp_fail(model->context, TP_ERR_ARGUMENT,
                           "optimizer: layer_rates[%zu] is %g; it must be 0 or more and finite", l, (double)rates[l]);
    return TP_OK;
}

/* Whether a schedule ends with total_steps. */
static bool has_length(tp_schedule schedule) {
    return schedule == TP_SCHEDULE_COSINE || schedule == TP_SCHEDULE_EXPONENTIAL;
}

tp_status tp_check_optimizer(const struct tp_model *model, const tp_optimizer_options *o) {
    const struct tp_context *context = model->context;
    if (!tp_optimizer_name(o->kind))
        return tp_fail(context, TP_ERR_ARGUMENT, "optimizer: kind %d is unknown", (int)o->kind);
    if (!tp_schedule_name(o->schedule))
        return tp_fail(context, TP_ERR_ARGUMENT, "optimizer: schedule %d is unknown", (int)o->schedule);
    if (tp_schedule_of(o) == TP_SCHEDULE_STEP && o->step_every < 1)
        return tp_fail(context, TP_ERR_ARGUMENT, "optimizer: step_every is 0; it must be at least 1");
    if (has_length(tp_schedule_of(o)) && o->total_steps <= o->warmup_steps)
        return tp_fail(context, TP_ERR_ARGUMENT,
                       "optimizer: total_steps is %llu; it must be more than warmup_steps, %llu",
                       (unsigned long long)o->total_steps, (unsigned long long)o->warmup_steps);
    const tp_status status = check_numbers(context, o);
    return status ? status : check_layer_rates(model, o->layer_rates);
}

static size_t chunks(size_t count) {
    return tp_ceil_div(count, TP_SUM_CHUNK);
}

bool tp_update_is_fused(const struct tp_optimizer *optimizer) {
    return optimizer->options.clip_norm == 0 && !optimizer->ranks;
}

static size_t largest_layer(const struct tp_model *model) {
    size_t most = 0;
    for (size_t l = 0; l < model->layers; l++)
        most = tp_max(most, model->shape[l].bias - model->shape[l].weight);
    return most;
}

static size_t state_length(const struct tp_optimizer *optimizer) {
    return optimizer->ranks ? optimizer->ranks->state_count : optimizer->model->parameter_count;
}

static void lay_out_optimizer(struct tp_optimizer *optimizer, struct tp_arena *arena) {
    const size_t count = optimizer->model->parameter_count;
    for (int i = 0; i < state_count(optimizer->options.kind); i++)
        optimizer->state[i] = tp_arena_take(arena, state_length(optimizer), sizeof(float));
    optimizer->next = tp_arena_take(arena, optimizer->model->layers, sizeof *optimizer->next);
    if (optimizer->options.layer_rates)
        optimizer->layer_rates = tp_arena_take(arena, optimizer->model->layers, sizeof *optimizer->layer_rates);
    optimizer->square_sums = tp_arena_take(arena, chunks(count) + optimizer->model->layers, sizeof(double));
    optimizer->room =
        tp_arena_take(arena, tp_update_is_fused(optimizer) ? largest_layer(optimizer->model) : count, sizeof(float));
}

static bool is_far(const struct tp_model *model, const tp_optimizer_options *options) {
    const struct tp_blocking *blocking = model->context->blocking;
    return model->parameter_count > blocking->nc * blocking->kc / (size_t)(1 + state_count(options->kind));
}

static size_t needed(struct tp_optimizer optimizer) {
    struct tp_arena arena = {0};
    tp_arena_take(&arena, 1, sizeof optimizer);
    lay_out_optimizer(&optimizer, &arena);
    return arena.used;
}

/* What it is, so far without memory. */
static tp_status describe_optimizer(const tp_model *model, const tp_optimizer_options *given,
                                    const struct tp_ranks *ranks, struct tp_optimizer *optimizer) {
    *optimizer = (struct tp_optimizer){.model = model, .ranks = (struct tp_ranks *)(uintptr_t)ranks};
    tp_status status = tp_take_optimizer(model->context, given, &optimizer->options);
    if (!status)
        status = tp_check_optimizer(model, &optimizer->options);
    optimizer->far = !status && is_far(model, &optimizer->options);
    return status;
}

size_t tp_optimizer_size_of(const tp_model *model, const tp_optimizer_options *options, const struct tp_ranks *ranks) {
    struct tp_optimizer made;
    return model && options && !describe_optimizer(model, options, ranks, &made) ? tp_block_size(needed(made)) : 0;
}

size_t tp_optimizer_size(const tp_model *model, const tp_optimizer_options *options) {
    return tp_optimizer_size_of(model, options, NULL);
}

tp_status tp_optimizer_create(const tp_model *model, const tp_optimizer_options *options, void *memory, size_t size,
                              tp_optimizer **optimizer) {
    return tp_optimizer_create_of(model, options, NULL, memory, size, optimizer);
}

tp_status tp_optimizer_create_of(const tp_model *model, const tp_optimizer_options *options,
                                 const struct tp_ranks *ranks, void *memory, size_t size, tp_optimizer **optimizer) {
    if (!model)
        return TP_ERR_ARGUMENT;
    if (!options || !optimizer)
        return tp_fail(model->context, TP_ERR_ARGUMENT, "%s is NULL", options ? "optimizer" : "options");
    struct tp_optimizer made;
    tp_status status = describe_optimizer(model, options, ranks, &made);
    if (status)
        return status;
    status = tp_block_open(model->context, "optimizer", needed(made), memory, size, &made.block);
    if (status)
        return status;
    struct tp_arena arena = {.base = made.block.base};
    *optimizer = tp_arena_take(&arena, 1, sizeof made);
    lay_out_optimizer(&made, &arena);
    for (int i = 0; i < state_count(made.options.kind); i++)
        memset(made.state[i], 0, state_length(&made) * sizeof(float));
    if (made.layer_rates)
        memcpy(made.layer_rates, made.options.layer_rates, model->layers * sizeof *made.layer_rates);
    made.options.layer_rates = made.layer_rates;
    **optimizer = made;
    return TP_OK;
}

void tp_optimizer_destroy(tp_optimizer *optimizer) {
    if (optimizer) {
        const struct tp_block block = optimizer->block;
        tp_block_close(optimizer->model->context, &block);
    }
}

/* The largest number whose product with factor is denormal, but for rounding; a little factor makes zeros only below
 * MOST_ZERO, however little it is. */
static float largest_zero(double factor) {
    const double limit = factor > 0 ? LEAST_NORMAL / factor : MOST_ZERO;
    return (float)(limit < LARGEST_DENORMAL ? LARGEST_DENORMAL : limit > MOST_ZERO ? MOST_ZERO : limit);
}

/* Where (1-b2) g^2 or (1-b1) g would be denormal. */
static float largest_without_square(double beta1, double beta2) {
    const double first = LEAST_NORMAL / (1 - beta1), second = sqrt(LEAST_NORMAL / (1 - beta2));
    return (float)(first > second ? first : second);
}

static bool has_first_moment(tp_optimizer_kind kind) {
    return kind == TP_OPTIMIZER_ADAM || kind == TP_OPTIMIZER_ADAMW;
}

/* Whether the last state is s, by whose root steps are divided. */
static bool has_square(tp_optimizer_kind kind) {
    return has_first_moment(kind) || kind == TP_OPTIMIZER_RMSPROP || kind == TP_OPTIMIZER_ADAGRAD;
}

bool tp_layer_is_frozen(const struct tp_optimizer *optimizer, size_t l) {
    return optimizer->layer_rates && optimizer->layer_rates[l] == 0;
}

size_t tp_lowest_trained(const struct tp_optimizer *optimizer) {
    size_t l = 0;
    while (l < optimizer->model->layers && tp_layer_is_frozen(optimizer, l))
        l++;
    return l;
}

/* Numbers of step t at this rate. */
static struct tp_update update_at(const tp_optimizer_options *o, uint64_t t, double rate) {
    const double beta1 = (double)o->beta1, beta2 = (double)o->beta2;
    const double decay = o->kind == TP_OPTIMIZER_ADAMW ? rate * (double)o->weight_decay : (double)o->weight_decay;
    const bool adam = has_first_moment(o->kind), divides = has_square(o->kind);
    return (struct tp_update){
        .rate = (float)(adam ? rate / (1 - tp_power(beta1, t)) : rate),
        .gradient_scale = 1,
        .decay = (float)decay,
        .momentum = o->momentum,
        .beta1 = o->beta1,
        .one_minus_beta1 = (float)(1 - beta1),
        .beta2 = o->beta2,
        .one_minus_beta2 = (float)(1 - beta2),
        .second_scale = adam ? (float)(1 / sqrt(1 - tp_power(beta2, t))) : 1,
        .epsilon = o->epsilon,
        .largest_small = largest_zero(divides ? 1 : rate),
        .largest_small_state = largest_zero(divides ? 1 : rate),
        .largest_zero = decay > 0 ? largest_zero(decay) : (float)LARGEST_DENORMAL,
        .largest_without_square = largest_without_square(adam ? beta1 : 0, o->kind == TP_OPTIMIZER_ADAGRAD ? 0 : beta2),
    };
}

static float rate_of_step(const struct tp_optimizer *optimizer, uint64_t t) {
    const tp_optimizer_options *o = &optimizer->options;
    const float rate = tp_learning_rate(optimizer->model->context->isa, o, t);
    return optimizer->reductions ? (float)((double)rate * tp_power((double)o->step_factor, optimizer->reductions))
                                 : rate;
}

static float at_least_denormal(float limit) {
    return limit < (float)LARGEST_DENORMAL ? (float)LARGEST_DENORMAL : limit;
}

/* What counts as 0 after scaling already does before, so that no product is denormal. */
static void scale_gradients(struct tp_update *update, float scale) {
    update->gradient_scale = scale;
    if (scale > 0) /* not NaN, nor the 0 of an infinite norm */
        update->largest_small = at_least_denormal(update->largest_small / scale);
}

static float inverse(double weight) {
    return weight > 0 ? (float)(1 / weight) : 0;
}

void tp_update_begin(struct tp_optimizer *optimizer, double weight) {
    const tp_optimizer_options *o = &optimizer->options;
    const uint64_t t = ++optimizer->steps;
    const float rate = rate_of_step(optimizer, t);
    const float *factors = optimizer->layer_rates;
    optimizer->weight = weight;
    for (size_t l = 0; l < optimizer->model->layers; l++) {
        optimizer->next[l] = update_at(o, t, (double)(factors ? rate * factors[l] : rate));
        if (tp_update_is_fused(optimizer) && weight != 1)
            scale_gradients(&optimizer->next[l], inverse(weight));
    }
}

/* Of the gradients [begin, end) without those of frozen layers. */
static double square_sum(const struct tp_optimizer *optimizer, const float *gradients, size_t begin, size_t end) {
    const struct tp_model *model = optimizer->model;
    double sum = 0;
    if (!optimizer->layer_rates)
        return model->context->isa->square_sum(gradients + begin, end - begin);
    for (size_t l = 0; l < model->layers; l++) {
        const struct tp_shape *s = &model->shape[l];
        const size_t from = tp_max(begin, s->weight), to = tp_min(end, s->bias + s->outputs);
        if (from < to && !tp_layer_is_frozen(optimizer, l))
            sum += model->context->isa->square_sum(gradients + from, to - from);
    }
    return sum;
}

/* Of some chunks of the gradients all, into sums. */
static void square_chunks(const struct tp_optimizer *optimizer, const float *gradients, struct tp_range all,
                          double *sums, struct tp_range mine) {
    for (size_t c = mine.begin; c < mine.end; c++) {
        const size_t first = all.begin + c * TP_SUM_CHUNK, rest = all.end - first;
        sums[c] = square_sum(optimizer, gradients, first, first + tp_min(rest, TP_SUM_CHUNK));
    }
}

/* Those of layer l, of which a rank has some; returns how many there are. */
static size_t square_layer(const struct tp_optimizer *optimizer, const float *gradients, size_t l, double *sums,
                           struct tp_team team) {
    const struct tp_range all = tp_layer_range(optimizer->model, l);
    const size_t count = chunks(all.end - all.begin);
    if (!optimizer->ranks) {
        square_chunks(optimizer, gradients, all, sums, tp_share(count, 1, team.id, team.size));
        return count;
    }
    tp_ranks_await(optimizer->ranks, l, team);
    if (team.id == 0) {
        square_chunks(optimizer, gradients, all, sums, tp_ranks_chunks(optimizer->ranks, l));
        tp_ranks_gather(optimizer->ranks, l, sums, sizeof *sums, count * sizeof *sums);
    }
    return count;
}

/* Squares of the whole gradient or, for parts of a batch, of each layer. */
static size_t square_all(struct tp_optimizer *optimizer, const float *gradients, struct tp_team team) {
    const struct tp_model *model = optimizer->model;
    size_t count = 0;
    for (size_t l = 0; optimizer->by_layer && l < model->layers; l++)
        count += square_layer(optimizer, gradients, l, optimizer->square_sums + count, team);
    if (optimizer->by_layer)
        return count;
    count = chunks(model->parameter_count);
    square_chunks(optimizer, gradients, (struct tp_range){0, model->parameter_count}, optimizer->square_sums,
                  tp_share(count, 1, team.id, team.size));
    return count;
}

/* The factor that divides by the weight, and brings the gradient's norm down to clip_norm. Chunks have a fixed size and
 * are added in order, so that the norm does not depend on the team. */
static float clip(struct tp_optimizer *optimizer, const float *gradients, struct tp_team team) {
    const size_t count = square_all(optimizer, gradients, team);
    tp_team_barrier(team);
    double sum = 0;
    for (size_t c = 0; c < count; c++)
        sum += optimizer->square_sums[c];
    const double norm = sqrt(sum), most = (double)optimizer->options.clip_norm;
    return norm <= most * optimizer->weight ? inverse(optimizer->weight) : (float)(most / norm); /* NaN for NaN */
}

/* From number at on; NULL where the rule has none. */
static float *state_at(struct tp_optimizer *optimizer, int i, size_t at) {
    return optimizer->state[i] ? optimizer->state[i] + at : NULL;
}

/* count parameters, whose state begins at number at of the state. */
static void update_some(struct tp_optimizer *optimizer, const struct tp_update *update, float *parameters,
                        const float *gradients, size_t at, size_t count) {
    assert(at <= state_length(optimizer) && count <= state_length(optimizer) - at);
    optimizer->model->context->isa->update[optimizer->options.kind](
        update, parameters, gradients, state_at(optimizer, 0, at), state_at(optimizer, 1, at), count);
}

/* What layer l's parameters, share first, have before their state. */
static size_t state_before(const struct tp_optimizer *optimizer, size_t l) {
    return optimizer->ranks ? optimizer->ranks->share[l].begin - optimizer->ranks->state[l] : 0;
}

/* The part of layer l's parameters [begin, end) that lies in mine. */
static void update_part(struct tp_optimizer *optimizer, const struct tp_update *update, const float *gradients,
                        size_t l, struct tp_range part, struct tp_range mine) {
    const size_t from = tp_max(part.begin, mine.begin), to = tp_min(part.end, mine.end);
    if (from < to)
        update_some(optimizer, update, optimizer->model->parameters + from, gradients + from,
                    from - state_before(optimizer, l), to - from);
}

static struct tp_update without_decay(const struct tp_update *update) {
    struct tp_update biases = *update;
    biases.decay = 0;
    biases.largest_zero = (float)LARGEST_DENORMAL;
    return biases;
}

/* The parameters of layer l that are mine, by scaled gradients. */
static void update_layer(struct tp_optimizer *optimizer, const float *gradients, size_t l, float scale,
                         struct tp_range mine) {
    const struct tp_shape *s = &optimizer->model->shape[l];
    struct tp_update weights = optimizer->next[l];
    if (tp_layer_is_frozen(optimizer, l))
        return;
    scale_gradients(&weights, scale);
    const struct tp_update biases = without_decay(&weights);
    update_part(optimizer, &weights, gradients, l, (struct tp_range){s->weight, s->bias}, mine);
    update_part(optimizer, &biases, gradients, l, (struct tp_range){s->bias, s->bias + s->outputs}, mine);
}

static float scale_of_step(struct tp_optimizer *optimizer, const float *gradients, struct tp_team team) {
    return optimizer->options.clip_norm > 0 ? clip(optimizer, gradients, team) : inverse(optimizer->weight);
}

/* Each layer as soon as its sums are there, from above; new parameters leave in the order in which the next step needs
 * them. */
static void update_shares(struct tp_optimizer *optimizer, const float *gradients, struct tp_team team) {
    struct tp_ranks *ranks = optimizer->ranks;
    const float scale = scale_of_step(optimizer, gradients, team);
    for (size_t l = optimizer->model->layers; l-- > 0;) {
        const struct tp_range share = ranks->share[l];
        struct tp_range mine = tp_share(share.end - share.begin, TP_SUM_LANES, team.id, team.size);
        mine.begin += share.begin;
        mine.end += share.begin;
        tp_ranks_await(ranks, l, team);
        update_layer(optimizer, gradients, l, scale, mine);
    }
    tp_team_barrier(team);
    for (size_t l = 0; team.id == 0 && l < optimizer->model->layers; l++)
        if (!tp_layer_is_frozen(optimizer, l))
            tp_ranks_begin(ranks, l, TP_EXCHANGE_PARAMETERS);
}

void tp_run_update(struct tp_optimizer *optimizer, struct tp_model *model, const float *gradients,
                   struct tp_team team) {
    assert(tp_weight_parts(model, 0) == 1); /* all are in model->parameters */
    if (optimizer->ranks) {
        update_shares(optimizer, gradients, team);
        return;
    }
    const float scale = scale_of_step(optimizer, gradients, team);
    const struct tp_range mine = tp_share(model->parameter_count, TP_SUM_LANES, team.id, team.size);
    for (size_t l = 0; l < model->layers; l++)
        update_layer(optimizer, gradients, l, scale, mine);
    tp_team_barrier(team);
}

/* What is updated some rows later: count floats from number at on, of the weights and each state. */
static void ask_for(const struct tp_optimizer *optimizer, const struct tp_weights *w, size_t at, size_t count) {
    const float *const arrays[] = {w->p, optimizer->state[0], optimizer->state[1]};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        for (size_t j = 0; arrays[i] && j < count; j += TP_LINE)
            __builtin_prefetch(arrays[i] + (i ? w->state : 0) + at + j);
}

void tp_update_row(struct tp_optimizer *optimizer, const struct tp_weights *w, const float *gradients, size_t at,
                   size_t count) {
    assert(tp_update_is_fused(optimizer));
    update_some(optimizer, &optimizer->next[w->layer], w->p + at, gradients, w->state + at, count);
}

void tp_update_weights(struct tp_optimizer *optimizer, const struct tp_weights *w, const float *gradients, size_t ld,
                       const struct tp_place *p) {
    assert(p->j + p->n <= w->n && ld >= p->n && tp_update_is_fused(optimizer));
    const bool one = p->n == w->n && ld == p->n; /* whole rows, which follow each other */
    const size_t rows = one ? 1 : p->m, columns = one ? p->m * p->n : p->n;
    size_t at = p->i * w->n + p->j;
    for (size_t row = 0; row < rows; row++, at += w->n) {
        if (optimizer->far && row + UPDATE_ROWS_AHEAD < rows)
            ask_for(optimizer, w, at + UPDATE_ROWS_AHEAD * w->n, columns);
        tp_update_row(optimizer, w, gradients + row * ld, at, columns);
    }
}

/* Some rows after others: theirs are too short to fill vectors, but together they do. */
static void update_short_rows(struct tp_optimizer *optimizer, const struct tp_weights *w, const float *a,
                              const float *b, struct tp_range rows) {
    float gradient[SHORT_FLOATS];
    struct tp_skinny ger = {.n = w->n, .k = 1, .a_row = 1, .b = b, .c = gradient, .ldc = w->n};
    for (; rows.begin < rows.end; rows.begin += ger.m) {
        const size_t at = rows.begin * w->n;
        ger.m = tp_min(SHORT_FLOATS / w->n, rows.end - rows.begin);
        ger.a = a + rows.begin;
        optimizer->model->context->isa->gemm_ger(&ger);
        update_some(optimizer, &optimizer->next[w->layer], w->p + at, gradient, w->state + at, ger.m * w->n);
    }
}

void tp_update_weights_outer(struct tp_optimizer *optimizer, const struct tp_weights *w, const float *a, const float *b,
                             struct tp_range rows) {
    const struct tp_isa *isa = optimizer->model->context->isa;
    if (tp_ceil_div(w->n, isa->lanes) * isa->lanes > w->n + w->n / 4) {
        update_short_rows(optimizer, w, a, b, rows);
        return;
    }
    const size_t at = rows.begin * w->n, state = w->state + at;
    assert(rows.begin <= rows.end && state + (rows.end - rows.begin) * w->n <= optimizer->model->parameter_count);
    isa->update_outer[optimizer->options.kind](&optimizer->next[w->layer], w->p + at, state_at(optimizer, 0, state),
                                               state_at(optimizer, 1, state), a + rows.begin, b, rows.end - rows.begin,
                                               w->n);
}

void tp_update_biases(struct tp_optimizer *optimizer, struct tp_model *model, size_t l, const float *gradients,
                      struct tp_range columns) {
    const struct tp_update biases = without_decay(&optimizer->next[l]);
    const size_t at = model->shape[l].bias + columns.begin;
    assert(columns.begin <= columns.end && columns.end <= model->shape[l].outputs);
    update_some(optimizer, &biases, model->parameters + at, gradients, at, columns.end - columns.begin);
}

struct update_call {
    struct tp_optimizer *optimizer;
    struct tp_model *model;
    const float *gradients;
};

static void update_task(void *argument, struct tp_team team) {
    const struct update_call *call = argument;
    tp_run_update(call->optimizer, call->model, call->gradients, team);
}

tp_status tp_optimizer_step(tp_optimizer *optimizer, tp_model *model, const float *gradients) {
    if (!model)
        return TP_ERR_ARGUMENT;
    if (!optimizer || !gradients)
        return tp_fail(model->context, TP_ERR_ARGUMENT, "%s is NULL", optimizer ? "gradients" : "optimizer");
    if (optimizer->model != model)
        return tp_fail(model->context, TP_ERR_ARGUMENT, "optimizer was made for another model");
    tp_update_begin(optimizer, 1);
    tp_slices_end(model);
    struct update_call call = {optimizer, model, gradients};
    const double flops = TP_READ_FLOPS * (double)model->parameter_count;
    tp_parallel(tp_useful_threads(model->context->blocking, model->context->threads, flops), update_task, &call);
    return TP_OK;
}

uint64_t tp_optimizer_steps(const tp_optimizer *optimizer) {
    return optimizer ? optimizer->steps : 0;
}

float tp_optimizer_learning_rate(const tp_optimizer *optimizer, uint64_t step) {
    if (!optimizer || !step)
        return 0;
    return rate_of_step(optimizer, step);
}

tp_status tp_optimizer_set_learning_rate(tp_optimizer *optimizer, float rate) {
    if (!optimizer)
        return TP_ERR_ARGUMENT;
    tp_optimizer_options options = optimizer->options;
    options.learning_rate = rate;
    const tp_status status = tp_check_optimizer(optimizer->model, &options);
    if (!status)
        optimizer->options = options;
    return status;
}

size_t tp_optimizer_state_count(const tp_optimizer *optimizer) {
    return optimizer ? (size_t)state_count(optimizer->options.kind) : 0;
}

static tp_status check_state(const tp_optimizer *optimizer, size_t which, const float *values, size_t count) {
    const struct tp_context *context = optimizer->model->context;
    const size_t states = tp_optimizer_state_count(optimizer);
    if (which >= states)
        return tp_fail(context, TP_ERR_ARGUMENT, "which is %zu; %s has %zu states", which,
                       tp_optimizer_name(optimizer->options.kind), states);
    if (!values)
        return tp_fail(context, TP_ERR_ARGUMENT, "values is NULL");
    if (count != optimizer->model->parameter_count)
        return tp_fail(context, TP_ERR_ARGUMENT, "count is %zu; the model has %zu parameters", count,
                       optimizer->model->parameter_count);
    return TP_OK;
}

tp_status tp_optimizer_get_state(const tp_optimizer *optimizer, size_t which, float *values, size_t count) {
    const tp_status status = optimizer ? check_state(optimizer, which, values, count) : TP_ERR_ARGUMENT;
    if (!status)
        memcpy(values, optimizer->state[which], count * sizeof *values);
    return status;
}

/* A second moment is a sum of squares. */
static tp_status check_values(const tp_optimizer *optimizer, size_t which, const float *values, size_t count) {
    const tp_optimizer_kind kind = optimizer->options.kind;
    const bool square = has_square(kind) && which + 1 == (size_t)state_count(kind);
    for (size_t i = 0; square && i < count; i++)
        if (values[i] < 0)
            return tp_fail(optimizer->model->context, TP_ERR_ARGUMENT, "values[%zu] is %g; s must not be negative", i,
                           (double)values[i]);
    return TP_OK;
}

tp_status tp_optimizer_set_state(tp_optimizer *optimizer, size_t which, const float *values, size_t count) {
    tp_status status = optimizer ? check_state(optimizer, which, values, count) : TP_ERR_ARGUMENT;
    if (!status)
        status = check_values(optimizer, which, values, count);
    if (!status)
        memcpy(optimizer->state[which], values, count * sizeof *values);
    return status;
}

tp_status tp_optimizer_set_steps(tp_optimizer *optimizer, uint64_t steps) {
    if (!optimizer)
        return TP_ERR_ARGUMENT;
    if (steps > MOST_STEPS)
        return tp_fail(optimizer->model->context, TP_ERR_ARGUMENT, "steps is %llu; it must be at most 2^53",
                       (unsigned long long)steps);
    optimizer->steps = steps;
    return TP_OK;
}
