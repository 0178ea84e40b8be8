/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/ranks.h"

#include "core/message.h"
#include "core/options.h"
#include "core/size.h"
#include "net/model.h"

#include <assert.h>
#include <string.h>

#define OTHER_SLOT TP_MAX_LAYERS /* of exchanges that belong to no layer */

/* ---- ranges ---- */

static size_t chunks_of(const struct tp_model *model, size_t l) {
    const struct tp_range layer = tp_layer_range(model, l);
    return tp_ceil_div(layer.end - layer.begin, TP_SUM_CHUNK);
}

static bool is_upper(const struct tp_ranks *ranks, int level) {
    return ranks->group.rank >> level & 1;
}

/* The half of the range that a rank keeps on this level, or gives to the other one. */
static struct tp_range half(const struct tp_ranks *ranks, struct tp_range range, int level, bool other) {
    const size_t middle = range.begin + tp_ceil_div(range.end - range.begin, 2);
    return is_upper(ranks, level) != other ? (struct tp_range){middle, range.end}
                                           : (struct tp_range){range.begin, middle};
}

/* Chunks of layer l that this rank has after so many levels. */
static struct tp_range chunks_after(const struct tp_ranks *ranks, size_t l, int levels) {
    struct tp_range range = {0, chunks_of(ranks->model, l)};
    for (int level = 0; level < levels; level++)
        range = half(ranks, range, level, false);
    return range;
}

struct tp_range tp_ranks_chunks(const struct tp_ranks *ranks, size_t l) {
    return chunks_after(ranks, l, ranks->levels);
}

/* Parameters of these chunks, within the layer. */
static struct tp_range parameters_of(const struct tp_ranks *ranks, size_t l, struct tp_range chunks) {
    const struct tp_range layer = tp_layer_range(ranks->model, l);
    const size_t count = layer.end - layer.begin;
    return (struct tp_range){tp_min(chunks.begin * TP_SUM_CHUNK, count), tp_min(chunks.end * TP_SUM_CHUNK, count)};
}

static tp_status check_group(const struct tp_context *context, const tp_group *g, size_t limit, const char *most) {
    if (!tp_is_power_of_two((size_t)g->ranks) || (size_t)g->ranks > limit)
        return tp_fail(context, TP_ERR_ARGUMENT, "group: ranks is %d; it must be a power of two, at most %s%zu",
                       (int)g->ranks, most, limit);
    if (g->rank < 0 || g->rank >= g->ranks)
        return tp_fail(context, TP_ERR_ARGUMENT, "group: rank is %d; it must be 0..%d", (int)g->rank,
                       (int)g->ranks - 1);
    if (!g->start || !g->finish)
        return tp_fail(context, TP_ERR_ARGUMENT, "group: %s is NULL", g->start ? "finish" : "start");
    return TP_OK;
}

tp_status tp_ranks_take(const struct tp_context *context, const tp_group *given, size_t limit, const char *most,
                        tp_group *group) {
    static const tp_group none = {.struct_size = sizeof none, .ranks = 1};
    static const struct tp_struct type = {
        .name = "group", .size = sizeof none, .first = sizeof none, .defaults = &none, .data = true};
    const tp_status status = tp_struct_take(context, &type, given, group);
    return status ? status : check_group(context, group, limit, most);
}

void tp_ranks_describe(struct tp_ranks *ranks, const struct tp_model *model, const tp_group *group) {
    *ranks = (struct tp_ranks){.model = model, .group = *group};
    while (1 << ranks->levels < group->ranks)
        ranks->levels++;
    for (size_t l = 0; l < model->layers; l++) {
        const size_t first = tp_layer_range(model, l).begin;
        const struct tp_range own = parameters_of(ranks, l, tp_ranks_chunks(ranks, l));
        ranks->share[l] = (struct tp_range){first + own.begin, first + own.end};
        ranks->state[l] = ranks->state_count;
        ranks->state_count += own.end - own.begin;
    }
}

void tp_ranks_lay_out(struct tp_ranks *ranks, size_t batch, struct tp_arena *arena) {
    for (size_t l = 0; l < ranks->model->layers; l++) {
        const struct tp_range most = parameters_of(ranks, l, chunks_after(ranks, l, 1));
        ranks->received[l] = tp_arena_take(arena, most.end - most.begin, sizeof(float));
    }
    ranks->loss = tp_arena_take(arena, batch, sizeof *ranks->loss);
    ranks->weight = tp_arena_take(arena, batch, sizeof *ranks->weight);
}

/* ---- exchanges ---- */

static int other_rank(const struct tp_ranks *ranks, int level) {
    return ranks->group.rank ^ 1 << level;
}

static void note(struct tp_ranks *ranks, tp_status status) {
    if (!ranks->status)
        ranks->status = status;
}

static void start(struct tp_ranks *ranks, int slot, int level, const void *send, size_t send_bytes, void *receive,
                  size_t receive_bytes) {
    if (!ranks->status)
        note(ranks, ranks->group.start(ranks->group.user, slot, other_rank(ranks, level), send, send_bytes, receive,
                                       receive_bytes));
}

/* True after a failure. */
static bool finish(struct tp_ranks *ranks, int slot, bool wait) {
    bool done = true;
    if (!ranks->status)
        note(ranks, ranks->group.finish(ranks->group.user, slot, wait, &done));
    return done || ranks->status;
}

static void swap(struct tp_ranks *ranks, int level, const void *send, size_t send_bytes, void *receive,
                 size_t receive_bytes) {
    start(ranks, OTHER_SLOT, level, send, send_bytes, receive, receive_bytes);
    finish(ranks, OTHER_SLOT, true);
}

/* What is exchanged on this level: parameters of the layer. */
struct halves {
    struct tp_range kept, given;
};

static struct halves halves_of(const struct tp_ranks *ranks, size_t l, int level) {
    const struct tp_range both = chunks_after(ranks, l, level);
    return (struct halves){parameters_of(ranks, l, half(ranks, both, level, false)),
                           parameters_of(ranks, l, half(ranks, both, level, true))};
}

static size_t bytes_of(struct tp_range range) {
    return (range.end - range.begin) * sizeof(float);
}

static void start_level(struct tp_ranks *ranks, size_t l) {
    const struct tp_exchange *x = &ranks->layer[l];
    const struct halves h = halves_of(ranks, l, x->level);
    const size_t first = tp_layer_range(ranks->model, l).begin;
    float *parameters = ranks->model->parameters + first;
    if (x->kind == TP_EXCHANGE_GRADIENTS)
        start(ranks, (int)l, x->level, ranks->gradients + first + h.given.begin, bytes_of(h.given), ranks->received[l],
              bytes_of(h.kept));
    else
        start(ranks, (int)l, x->level, parameters + h.kept.begin, bytes_of(h.kept), parameters + h.given.begin,
              bytes_of(h.given));
}

/* The lower rank's sum first. */
static void add_received(struct tp_ranks *ranks, size_t l) {
    const int level = ranks->layer[l].level;
    const struct tp_range kept = halves_of(ranks, l, level).kept;
    float *own = ranks->gradients + tp_layer_range(ranks->model, l).begin + kept.begin;
    const float *other = ranks->received[l];
    const float *lower = is_upper(ranks, level) ? other : own, *higher = is_upper(ranks, level) ? own : other;
    ranks->model->context->isa->add_levels(own, higher, &lower, 1, kept.end - kept.begin);
}

/* Gradients go up the levels, parameters down. */
static void end_level(struct tp_ranks *ranks, size_t l) {
    struct tp_exchange *x = &ranks->layer[l];
    const bool gradients = x->kind == TP_EXCHANGE_GRADIENTS;
    if (gradients && !ranks->status)
        add_received(ranks, l);
    x->level += gradients ? 1 : -1;
    x->started = false;
    if (x->level < 0 || x->level == ranks->levels)
        x->kind = TP_EXCHANGE_NONE;
}

/* As far as it goes, or to its end. */
static void advance(struct tp_ranks *ranks, size_t l, bool wait) {
    struct tp_exchange *x = &ranks->layer[l];
    while (x->kind) {
        if (!x->started)
            start_level(ranks, l);
        x->started = true;
        if (!finish(ranks, (int)l, wait))
            return;
        end_level(ranks, l);
    }
}

void tp_ranks_begin(struct tp_ranks *ranks, size_t l, enum tp_exchange_kind kind) {
    assert(!ranks->layer[l].kind);
    ranks->layer[l] =
        (struct tp_exchange){.kind = kind, .level = kind == TP_EXCHANGE_GRADIENTS ? 0 : ranks->levels - 1};
    tp_ranks_go_on(ranks);
}

void tp_ranks_go_on(struct tp_ranks *ranks) {
    for (size_t l = 0; l < ranks->model->layers; l++)
        advance(ranks, l, false);
}

void tp_ranks_end(struct tp_ranks *ranks, size_t l) {
    advance(ranks, l, true);
}

void tp_ranks_end_all(struct tp_ranks *ranks) {
    for (size_t l = 0; l < ranks->model->layers; l++)
        advance(ranks, l, true);
}

void tp_ranks_await(struct tp_ranks *ranks, size_t l, struct tp_team team) {
    if (team.id == 0)
        advance(ranks, l, true);
    tp_team_barrier(team);
}

/* ---- gathering ---- */

static struct tp_range bytes_in(struct tp_range chunks, size_t chunk_bytes, size_t bytes) {
    return (struct tp_range){tp_min(chunks.begin * chunk_bytes, bytes), tp_min(chunks.end * chunk_bytes, bytes)};
}

void tp_ranks_gather(struct tp_ranks *ranks, size_t l, void *array, size_t chunk_bytes, size_t bytes) {
    char *base = array;
    for (int level = ranks->levels; level-- > 0;) {
        const struct tp_range both = chunks_after(ranks, l, level);
        const struct tp_range own = bytes_in(half(ranks, both, level, false), chunk_bytes, bytes);
        const struct tp_range others = bytes_in(half(ranks, both, level, true), chunk_bytes, bytes);
        swap(ranks, level, base + own.begin, own.end - own.begin, base + others.begin, others.end - others.begin);
    }
}

/* Samples of 2^level ranks, of which rank is one. */
static struct tp_range samples_of(const struct tp_parts *parts, int rank, int level) {
    const size_t each = parts->count << level, first = (size_t)(rank >> level) * each;
    return (struct tp_range){tp_part_samples(parts, first).begin, tp_part_samples(parts, first + each - 1).end};
}

void tp_ranks_gather_samples(struct tp_ranks *ranks, const struct tp_parts *parts, float *values) {
    for (int level = 0; level < ranks->levels; level++) {
        const struct tp_range own = samples_of(parts, ranks->group.rank, level);
        const struct tp_range others = samples_of(parts, other_rank(ranks, level), level);
        swap(ranks, level, values + own.begin, bytes_of(own), values + others.begin, bytes_of(others));
    }
}

void tp_ranks_give_state(struct tp_ranks *ranks, const float *state, float *flat) {
    for (size_t l = 0; l < ranks->model->layers; l++) {
        const struct tp_range layer = tp_layer_range(ranks->model, l), own = ranks->share[l];
        memcpy(flat + own.begin, state + ranks->state[l], bytes_of(own));
        tp_ranks_gather(ranks, l, flat + layer.begin, TP_SUM_CHUNK * sizeof *flat, bytes_of(layer));
    }
}

void tp_ranks_take_state(const struct tp_ranks *ranks, float *state, const float *flat) {
    for (size_t l = 0; l < ranks->model->layers; l++)
        memcpy(state + ranks->state[l], flat + ranks->share[l].begin, bytes_of(ranks->share[l]));
}

/* ---- agreement ---- */

#define RECORD_SIZE 512

void tp_ranks_combine(struct tp_ranks *ranks, void *record, size_t size, tp_combine_fn *combine) {
    char received[RECORD_SIZE];
    assert(size <= sizeof received);
    for (int level = 0; level < ranks->levels && !ranks->status; level++) {
        swap(ranks, level, record, size, received, size);
        if (!is_upper(ranks, level)) {
            combine(record, received);
            continue;
        }
        combine(received, record);
        memcpy(record, received, size);
    }
}

static void either(void *lower, const void *higher) {
    *(bool *)lower |= *(const bool *)higher;
}

bool tp_ranks_any(struct tp_ranks *ranks, bool own) {
    tp_ranks_combine(ranks, &own, sizeof own, either);
    return own;
}

struct failure {
    int32_t rank, status;
    char text[RECORD_SIZE - 2 * sizeof(int32_t)];
};

static void first_failure(void *lower, const void *higher) {
    const struct failure *first = lower;
    if (!first->status)
        memcpy(lower, higher, sizeof *first);
}

tp_status tp_ranks_share_failure(struct tp_ranks *ranks, const struct tp_context *context, tp_status status) {
    struct failure failure = {.rank = ranks->group.rank, .status = (int32_t)status};
    if (!tp_has_ranks(ranks))
        return status;
    if (status)
        tp_context_message(context, failure.text, sizeof failure.text);
    tp_ranks_combine(ranks, &failure, sizeof failure, first_failure);
    if (ranks->status)
        return tp_ranks_status(ranks, context);
    failure.text[sizeof failure.text - 1] = 0;
    return failure.status ? tp_fail(context, (tp_status)failure.status, "rank %d: %s", (int)failure.rank, failure.text)
                          : TP_OK;
}

tp_status tp_ranks_status(const struct tp_ranks *ranks, const struct tp_context *context) {
    const tp_group *group = &ranks->group;
    const char *reason = ranks->status && group->reason ? group->reason(group->user) : "";
    if (!ranks->status)
        return TP_OK;
    return tp_fail(context, ranks->status, "rank %d of %d: an exchange with another rank has failed%s%s",
                   (int)group->rank, (int)group->ranks, *reason ? ": " : "", reason);
}
