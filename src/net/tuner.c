/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/tuner.h"

#include "core/clock.h"
#include "core/size.h"

/* A run is not worth a trial if fewer steps are left. One try takes this part of the steps that are left, but no longer
 * than so many seconds, nor than so many times what was expected: slow candidates cost little of the run. */
#define LEAST_STEPS 500
#define TRY_PART 2000
#define TRY_SECONDS 2e-3
#define TRY_TIMES 3
/* A candidate that takes so much longer than the best is not tried again; one that is so much faster is chosen. */
#define DROPPED 1.2
#define FASTER 0.97
/* The chosen candidate is timed again and again for so many seconds. If it takes so much longer than when it was
 * chosen, so many times in a row, all are tried anew. */
#define WATCH_SECONDS 5e-3
#define SLOW 1.4
#define SLOW_TIMES 3
/* From one trial to the next, in the time that the trial took; twice as long each time that nothing changes. */
#define PAUSE_TRIALS 200

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
    t->first = true;
    t->done = 0;
}

static double median(const struct tp_candidate *c) {
    return c->seconds[c->tries / 2];
}

static void note(struct tp_candidate *c, double seconds) {
    int i = c->tries++;
    for (; i && c->seconds[i - 1] > seconds; i--)
        c->seconds[i] = c->seconds[i - 1];
    c->seconds[i] = seconds;
}

/* How many steps make up a try. */
static uint64_t try_steps(const struct tp_tuner *t, uint64_t left) {
    const double most = t->expected > 0 ? TRY_SECONDS / t->expected : 1;
    const uint64_t steps = left / TRY_PART;
    return (double)steps > most ? (uint64_t)most + 1 : steps + 1;
}

static void begin_trial(struct tp_tuner *t, uint64_t left, double now) {
    for (int i = 0; i < t->count; i++)
        t->candidate[i].tries = 0, t->candidate[i].dropped = false;
    t->trying = true;
    t->trial_began = now;
    t->slow = 0;
    t->steps = try_steps(t, left);
}

static int fastest(const struct tp_tuner *t) {
    int best = -1;
    for (int i = 0; i < t->count; i++)
        if (t->candidate[i].tries && (best < 0 || median(&t->candidate[i]) < median(&t->candidate[best])))
            best = i;
    return best;
}

static void drop_slow(struct tp_tuner *t) {
    const double limit = DROPPED * median(&t->candidate[fastest(t)]);
    for (int i = 0; i < t->count; i++)
        t->candidate[i].dropped = t->candidate[i].tries && median(&t->candidate[i]) > limit;
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

/* Of candidates that are as fast, the built-in choice comes first. */
static int choose(const struct tp_tuner *t) {
    const int best = fastest(t);
    const bool first = t->candidate[0].tries && median(&t->candidate[best]) > FASTER * median(&t->candidate[0]);
    return first ? 0 : best;
}

static void end_trial(struct tp_tuner *t, int before, double now) {
    const int chosen = choose(t);
    const double least = PAUSE_TRIALS * (now - t->trial_began);
    const bool stays = t->expected > 0 && chosen == before;
    t->switches += t->expected > 0 && chosen != before;
    t->pause = stays && 2 * t->pause > least ? 2 * t->pause : least;
    t->look_at = now + t->pause;
    t->expected = median(&t->candidate[chosen]);
    t->current = chosen;
    t->trying = false;
    t->steps = (uint64_t)(WATCH_SECONDS / t->expected) + 1;
}

/* A try has ended. */
static void advance(struct tp_tuner *t, double seconds, double now) {
    note(&t->candidate[t->current], seconds);
    drop_slow(t);
    const int next = next_to_try(t);
    if (next < 0)
        end_trial(t, t->before, now);
    else
        t->current = next;
}

/* The chosen candidate has been timed. */
static void watch(struct tp_tuner *t, double seconds, uint64_t left, double now) {
    t->slow = seconds > SLOW * t->expected ? t->slow + 1 : 0;
    if (left < LEAST_STEPS || (t->expected > 0 && t->slow < SLOW_TIMES && now < t->look_at))
        return;
    t->before = t->current;
    begin_trial(t, left, now);
    note(&t->candidate[t->current], seconds);
    t->current = next_to_try(t);
}

bool tp_tuner_step(struct tp_tuner *t, uint64_t left) {
    if (t->count == 1)
        return false;
    if (t->first) {
        t->first = false;
        t->began = t->now();
        return false;
    }
    t->done++;
    const bool enough = t->done >= t->steps;
    if (!enough && !t->trying)
        return false;
    const double now = t->now(), seconds = (now - t->began) / (double)t->done;
    if (!enough && now - t->began < TRY_TIMES * t->expected * (double)t->steps)
        return false;
    const int before = t->current;
    if (t->trying)
        advance(t, seconds, now);
    else
        watch(t, seconds, left, now);
    t->done = 0;
    t->began = now;
    return t->current != before;
}
