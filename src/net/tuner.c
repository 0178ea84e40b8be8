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
/* Tries by whose means candidates are compared: some time slices of an operating system. */
#define LASTING_TRY 25e-3
/* The chosen candidate is watched for so many seconds, and the clock read so often meanwhile. If it takes so much
 * longer than when it was chosen, all are tried anew. */
#define WATCH_SECONDS 50e-3
#define LOOK_SECONDS 5e-3
#define SLOW 1.3
/* From one trial to the next, in the time that the trial took: if something disturbs, where a step that takes twice as
 * long halves it, and if nothing seems to have changed. */
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
    t->steps = 1;
    t->done = 0;
    t->began = 0;
}

static double mean(const struct tp_timing *timing) {
    return timing->seconds / (double)timing->steps;
}

/* Seconds of a step. What else a processor does makes steps longer, never shorter; but if it goes on, it counts. */
static double time_of(const struct tp_tuner *t, int candidate) {
    const struct tp_candidate *c = &t->candidate[candidate];
    return t->by_mean ? mean(&c->all) : c->least;
}

static void note(struct tp_candidate *c, const struct tp_timing *timing) {
    const double seconds = mean(timing);
    c->least = c->tries && c->least < seconds ? c->least : seconds;
    c->all.seconds += timing->seconds;
    c->all.steps += timing->steps;
    c->tries++;
}

/* One of those that were tried; -1: none was. */
static int fastest(const struct tp_tuner *t) {
    int best = -1;
    for (int i = 0; i < t->count; i++)
        if (t->candidate[i].tries && (best < 0 || time_of(t, i) < time_of(t, best)))
            best = i;
    return best;
}

static void drop_slow(struct tp_tuner *t) {
    const double best = time_of(t, fastest(t));
    for (int i = 0; i < t->count; i++) {
        struct tp_candidate *c = &t->candidate[i];
        c->dropped = c->dropped || (c->tries && time_of(t, i) > (c->tries < 2 ? DROPPED_AT_ONCE : DROPPED) * best);
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

/* In quiet times the built-in choice, unless another candidate is clearly faster. */
static int choose(const struct tp_tuner *t) {
    const int best = fastest(t);
    return !t->by_mean && time_of(t, best) > FASTER * time_of(t, 0) ? 0 : best;
}

/* Of a trial by least times. */
static double short_try(double left_seconds) {
    const double wanted = TRY_PART * left_seconds;
    return wanted < LEAST_TRY ? LEAST_TRY : wanted > LONGEST_TRY ? LONGEST_TRY : wanted;
}

/* What disturbs changes which team is the fastest, but not which instruction set. */
static void begin_trial(struct tp_tuner *t, double left_seconds, bool by_mean, double now) {
    for (int i = 0; i < t->count; i++) {
        struct tp_candidate *c = &t->candidate[i];
        *c = (struct tp_candidate){.isa = c->isa, .blocking = c->blocking, .threads = c->threads};
        c->dropped = by_mean && c->isa != t->candidate[t->calm].isa;
    }
    t->by_mean = by_mean;
    t->try_seconds = by_mean ? LASTING_TRY : short_try(left_seconds);
    t->trying = true;
    t->trial_began = now;
    t->trials++;
    t->current = next_to_try(t);
}

static void end_trial(struct tp_tuner *t, double now) {
    t->current = choose(t);
    t->expected = time_of(t, t->current);
    if (!t->by_mean) {
        t->calm = t->current;
        t->calm_seconds = t->expected;
    }
    t->disturbed = time_of(t, t->calm) > SLOW * t->calm_seconds;
    t->trying = false;
    t->trial_ended = now;
}

/* A try has ended. */
static void advance(struct tp_tuner *t, double now) {
    note(&t->candidate[t->current], &t->timing);
    drop_slow(t);
    const int next = next_to_try(t);
    if (next < 0)
        end_trial(t, now);
    else
        t->current = next;
}

/* Whether it is time for a trial if steps take so many times as long as expected. */
static bool is_due(const struct tp_tuner *t, double times, double now) {
    const double passed = now - t->trial_ended, took = t->trial_ended - t->trial_began;
    if (times > SLOW)
        return !t->by_mean || passed * times > LEAST_PAUSE * took;
    return passed > (t->disturbed ? LEAST_PAUSE : PAUSE) * took;
}

/* The chosen candidate has been timed. */
static void watch(struct tp_tuner *t, uint64_t left, double now) {
    const double seconds = mean(&t->timing), left_seconds = (double)left * seconds;
    if (!t->trials)
        t->expected = seconds;
    const double times = seconds / t->expected;
    if (left >= LEAST_STEPS && left_seconds >= LEAST_SECONDS && (!t->trials || is_due(t, times, now)))
        begin_trial(t, left_seconds, t->disturbed || times > SLOW, now);
}

/* Whether the steps that were timed are enough. A try by the mean is not ended by what its first step met. */
static bool is_enough(const struct tp_tuner *t) {
    const double taken = t->timing.seconds;
    if (!t->warm)
        return taken >= WARM_SECONDS;
    if (!t->trying)
        return taken >= (t->expected > 0 ? WATCH_SECONDS : LEAST_TRY);
    const int best = fastest(t);
    return taken >= t->try_seconds ||
           (!t->by_mean && best >= 0 && taken > TRY_TIMES * time_of(t, best) * (double)t->timing.steps);
}

/* The steps since it was read last are timed. */
static void read_clock(struct tp_tuner *t, double now) {
    t->timing.seconds += now - t->began;
    t->timing.steps += t->done;
    t->began = now;
    t->done = 0;
}

/* Enough steps of the current candidate were timed; those in which a team finds its pace are not. */
static void end_timing(struct tp_tuner *t, uint64_t left, double now) {
    const int before = t->current;
    if (!t->warm)
        t->warm = true;
    else if (t->trying)
        advance(t, now);
    else
        watch(t, left, now);
    t->warm = t->warm && t->current == before;
    t->timing = (struct tp_timing){0};
}

bool tp_tuner_step(struct tp_tuner *t, uint64_t left) {
    if (t->count == 1 || ++t->done < t->steps)
        return false;
    const int before = t->current;
    const double now = t->now();
    if (t->began > 0)
        read_clock(t, now);
    t->began = now; /* not with the step in which the team came together */
    t->done = 0;
    if (is_enough(t))
        end_timing(t, left, now);
    t->steps = t->trying || t->expected <= 0 ? 1 : (uint64_t)(LOOK_SECONDS / t->expected) + 1;
    return t->current != before;
}

void tp_tuner_leave(struct tp_tuner *t) {
    if (t->count > 1 && t->began > 0 && t->done)
        read_clock(t, t->now());
}
