/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/tuner.h"

#include "core/clock.h"

#include <stdlib.h>
#include <string.h>

/* A run is not worth a trial if less time or fewer steps are left; one try takes this part of that time, within limits.
 */
#define LEAST_SECONDS 2.0
#define LEAST_STEPS 500
#define TRY_PART 1e-3
#define LEAST_TRY 2e-3
#define LONGEST_TRY 20e-3
/* A team has found its pace after so many seconds, and at least a step. */
#define WARM_SECONDS 1e-3
/* A try ends early where steps take so many times as long as with the best candidate so far. */
#define TRY_TIMES 3
/* A candidate that takes so much longer than the best is not tried again after one try, or after two; one that is so
 * much faster than the built-in choice takes its place. */
#define DROPPED_AT_ONCE 2
#define DROPPED 1.2
#define FASTER 0.93
/* The chosen candidate is timed again and again for so many seconds. If it takes so much longer than when it was
 * chosen, so many times in a row, all are tried anew. */
#define WATCH_SECONDS 5e-3
#define SLOW 1.4
#define SLOW_TIMES 3
/* From one trial to the next, in the time that the trial took: at least, and if nothing seems to have changed. */
#define LEAST_PAUSE 30
#define PAUSE 100

bool tp_may_tune(void) {
    const char *wish = getenv("TILEPROP_TUNE");
    return !(wish && !strcmp(wish, "off"));
}

static void add(struct tp_tuner *t, const struct tp_isa *isa, const struct tp_blocking *blocking, int threads) {
    for (int i = 0; i < t->count; i++)
        if (t->candidate[i].isa == isa && t->candidate[i].threads == threads)
            return;
    t->candidate[t->count++] = (struct tp_candidate){.isa = isa, .blocking = blocking, .threads = threads};
}

void tp_tuner_start(struct tp_tuner *t, const struct tp_context *context, int threads, int most, bool try) {
    const int teams[TP_TUNER_TEAMS] = {threads, most, most > 3 ? most / 2 : 1, 1};
    *t = (struct tp_tuner){.now = tp_now};
    for (int i = 0; i < (try ? TP_TUNER_TEAMS : 1); i++)
        add(t, context->isa, context->blocking, teams[i]);
    for (int i = 0; try && context->other.isa && i < TP_TUNER_TEAMS; i++)
        add(t, context->other.isa, context->other.blocking, teams[i]);
    t->steps = 1;
}

void tp_tuner_enter(struct tp_tuner *t) {
    t->warm = false;
    t->steps = 1;
    t->done = 0;
    t->began = 0;
}

static double median(const struct tp_candidate *c) {
    return c->seconds[c->tries / 2];
}

/* What else a processor does makes steps longer, never shorter. */
static double least(const struct tp_candidate *c) {
    return c->seconds[0];
}

static void note(struct tp_candidate *c, double seconds) {
    int i = c->tries++;
    for (; i && c->seconds[i - 1] > seconds; i--)
        c->seconds[i] = c->seconds[i - 1];
    c->seconds[i] = seconds;
}

/* One of those that were tried; -1: none was. */
static int fastest(const struct tp_tuner *t) {
    int best = -1;
    for (int i = 0; i < t->count; i++)
        if (t->candidate[i].tries && (best < 0 || least(&t->candidate[i]) < least(&t->candidate[best])))
            best = i;
    return best;
}

static void drop_slow(struct tp_tuner *t) {
    const double best = least(&t->candidate[fastest(t)]);
    for (int i = 0; i < t->count; i++) {
        struct tp_candidate *c = &t->candidate[i];
        c->dropped = c->tries && least(c) > (c->tries < 2 ? DROPPED_AT_ONCE : DROPPED) * best;
    }
}

/* The candidate with the fewest tries that has still to be tried; -1: there is none. */
static int next_to_try(const struct tp_tuner *t) {
    int next = -1;
    for (int i = 0; i < t->count; i++)
        if (!t->candidate[i].dropped && t->candidate[i].tries < TP_TUNER_TRIES &&
            (next < 0 || t->candidate[i].tries < t->candidate[next].tries))
            next = i;
    return next;
}

/* The built-in choice, unless another candidate is clearly faster. */
static int choose(const struct tp_tuner *t) {
    const int best = fastest(t);
    return least(&t->candidate[best]) > FASTER * least(&t->candidate[0]) ? 0 : best;
}

static void watch_next(struct tp_tuner *t) {
    t->steps = (uint64_t)(WATCH_SECONDS / t->expected) + 1;
    t->done = 0;
}

static void begin_trial(struct tp_tuner *t, uint64_t left, double now) {
    const double wanted = TRY_PART * (double)left * t->expected;
    for (int i = 0; i < t->count; i++)
        t->candidate[i].tries = 0, t->candidate[i].dropped = false;
    t->try_seconds = wanted < LEAST_TRY ? LEAST_TRY : wanted > LONGEST_TRY ? LONGEST_TRY : wanted;
    t->trying = true;
    t->trial_began = now;
    t->slow = 0;
    t->trials++;
}

static void end_trial(struct tp_tuner *t, double now) {
    const int chosen = choose(t);
    t->trial_ended = now;
    t->expected = median(&t->candidate[chosen]);
    t->current = chosen;
    t->trying = false;
}

/* A try has ended. */
static void advance(struct tp_tuner *t, double seconds, double now) {
    note(&t->candidate[t->current], seconds);
    drop_slow(t);
    const int next = next_to_try(t);
    if (next < 0)
        end_trial(t, now);
    else
        t->current = next;
}

static bool is_due(const struct tp_tuner *t, double now) {
    const double passed = now - t->trial_ended, took = t->trial_ended - t->trial_began;
    return !t->trials || passed > PAUSE * took || (t->slow >= SLOW_TIMES && passed > LEAST_PAUSE * took);
}

/* The chosen candidate has been timed. */
static void watch(struct tp_tuner *t, double seconds, uint64_t left, double now) {
    if (t->expected <= 0 || (!t->trials && seconds < t->expected))
        t->expected = seconds;
    t->slow = seconds > SLOW * t->expected ? t->slow + 1 : 0;
    if (left < LEAST_STEPS || (double)left * seconds < LEAST_SECONDS || !is_due(t, now))
        return;
    begin_trial(t, left, now);
    t->current = next_to_try(t);
}

/* Whether the steps that were timed are enough. */
static bool is_enough(const struct tp_tuner *t, double taken) {
    if (!t->trying)
        return t->done >= t->steps && (t->expected > 0 || taken >= LEAST_TRY);
    const int best = fastest(t);
    return taken >= t->try_seconds || (best >= 0 && taken > TRY_TIMES * least(&t->candidate[best]) * (double)t->done);
}

bool tp_tuner_step(struct tp_tuner *t, uint64_t left) {
    if (t->count == 1 || ++t->done < t->steps)
        return false;
    const double now = t->now(), taken = now - t->began;
    if (!t->warm || !is_enough(t, taken)) {
        const bool first = t->began <= 0; /* the step in which the team came together is not timed */
        if (first || (!t->warm && taken >= WARM_SECONDS)) {
            t->warm = !first;
            t->began = now;
            t->done = 0;
        }
        return false;
    }
    const int before = t->current;
    if (t->trying)
        advance(t, taken / (double)t->done, now);
    else
        watch(t, taken / (double)t->done, left, now);
    t->began = now;
    t->done = 0;
    if (!t->trying)
        watch_next(t);
    else
        t->steps = 1;
    return t->current != before;
}
