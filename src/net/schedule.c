/* SPDX-License-Identifier: BSD-3-Clause */
/* Learning-rate schedules: functions of the step alone, in double, rounded once. */
#include "net/schedule.h"

#include <assert.h>
#include <math.h>

double tp_power(double base, uint64_t exponent) {
    double result = 1;
    for (; exponent; exponent >>= 1) {
        if (exponent & 1)
            result *= base;
        base *= base;
    }
    return result;
}

tp_schedule tp_schedule_of(const tp_optimizer_options *options) {
    if (options->schedule != TP_SCHEDULE_AUTO)
        return options->schedule;
    return options->total_steps ? TP_SCHEDULE_COSINE : TP_SCHEDULE_CONSTANT;
}

/* Part of the way from the end of the warm-up to total_steps, 0..1 */
static double progress(const tp_optimizer_options *o, uint64_t step) {
    const uint64_t done = step - 1 > o->warmup_steps ? step - 1 - o->warmup_steps : 0;
    const uint64_t all = o->total_steps - o->warmup_steps;
    return done < all ? (double)done / (double)all : 1;
}

/* (1 + cos(pi p)) / 2 between 1 and final */
static double cosine(const struct tp_isa *isa, const tp_optimizer_options *o, uint64_t step) {
    const double final = (double)o->final_factor;
    return final + (1 - final) * (1 + (double)isa->cosine((float)progress(o, step))) / 2;
}

/* base^p, 0 <= p <= 1: a root of base for each binary digit of p. Square roots are exactly rounded on every machine,
 * and p has 53 digits at most, so nearly as many bits of the power are right. */
static double root_power(double base, double p) {
    double result = 1;
    while (p > 0) {
        if (p >= 1) {
            result *= base;
            p -= 1;
        }
        p *= 2;
        base = sqrt(base);
    }
    return result;
}

float tp_learning_rate(const struct tp_isa *isa, const tp_optimizer_options *o, uint64_t step) {
    assert(step >= 1);
    double factor = 1;
    if (tp_schedule_of(o) == TP_SCHEDULE_STEP)
        factor = tp_power((double)o->step_factor, (step - 1) / o->step_every);
    else if (tp_schedule_of(o) == TP_SCHEDULE_COSINE)
        factor = cosine(isa, o, step);
    else if (tp_schedule_of(o) == TP_SCHEDULE_EXPONENTIAL)
        factor = root_power((double)o->final_factor, progress(o, step));
    if (step < o->warmup_steps)
        factor *= (double)step / (double)o->warmup_steps;
    return (float)((double)o->learning_rate * factor);
}
