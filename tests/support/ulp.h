/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How far a function of one float is from the truth, over many floats or all, and whether every instruction set gives
 * the same bits.
 *
 * The error is |result - truth| / ulp(size), size = truth but for sums that cancel, whose terms it is then; ulp(t) is
 * the distance of the floats around t, 2^-149 below 2^-126: a correctly rounded result has at most 0.5. The truth comes
 * from libm's double precision, whose own error is below 2^-20 of that unit, so it is not rounded and there are no
 * ties. Infinity counts as 2^128, what the next float would be. A NaN or an infinity on one side only is an infinite
 * error.
 */
#ifndef TP_TESTS_ULP_H
#define TP_TESTS_ULP_H

#include "kernels/kernels.h"

struct ulp_function {
    const char *name;
    void (*evaluate)(const struct ulp_function *f, const struct tp_isa *isa, float *x, size_t n); /* x = f(x) */
    int which;
    float parameter;
    double (*truth)(double x);
    double ulp, denormal_ulp; /* largest errors over all floats, of results that are normal and denormal */
    bool denormals;           /* there are denormal results; else 0 takes their place, and they count 2^-23 as much */
    double (*size)(double x); /* errors are in units of this, not of the truth, if it is not NULL */
    double small;             /* results below count as denormal, because a factor of theirs is; 0: 2^-126 */
    double limit;             /* the truth is asked for where |x| <= limit; 0: everywhere */
};

extern const struct ulp_function ulp_functions[];
extern const size_t ulp_function_count;

/* The digest of a sweep with this step (below), NULL if none is recorded. */
const char *ulp_recorded_digest(const struct ulp_function *f, uint32_t step);

/* The name of an elementwise activation that is not among the functions, NULL if they all are. */
const char *ulp_forgotten_activation(void);

struct ulp_worst {
    double error;
    uint32_t at; /* bits of x */
};

struct ulp_result {
    struct ulp_worst normal, denormal; /* of the first instruction set */
    const struct tp_isa *other;        /* one that differs from the first, or NULL */
    uint32_t other_at;
    char sha256[65];
};

double ulp_error(float result, double truth, double size);

/*
 * Goes through the floats whose bits are 0, step, 2 step, ... below 2^32, and unless step is 1 through those around
 * every power of two, three halves of it and every threshold; step is odd, so that all low bits occur. Chunks of 2^16
 * results, with one bit pattern for every NaN, are compared between the instruction sets and hashed by the threads of
 * OpenMP; the digest is that of the chunks' digests (hexadecimal, in order). Without errors, those stay 0.
 */
void ulp_sweep(const struct ulp_function *f, const struct tp_isa *const *isas, int isa_count, uint32_t step,
               bool errors, struct ulp_result *result);

#endif
