/* SPDX-License-Identifier: BSD-3-Clause */
/* The measure that ulp.c goes by. */
#include "support/ulp.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>

static void expect(double error, float result, double truth) {
    const double actual = ulp_error(result, truth, fabs(truth)), mirrored = ulp_error(-result, -truth, fabs(truth));
    cr_expect(actual == error && mirrored == error, "%.9g for %.17g: %g and %g, not %g", (double)result, truth, actual,
              mirrored, error);
}

Test(ulp, error_in_units_of_the_truth) {
    expect(0, 1, 1);
    expect(1, 1 + FLT_EPSILON, 1);
    expect(0.5, 1, 1 + 0x1p-24);
    expect(0.5, 1, 1 - 0x1p-25); /* below 1 the units are half as large */
    expect(1, 1 - 0x1p-24f, 1 - 0x1p-23);
}

Test(ulp, error_in_units_of_the_terms) {
    cr_expect(ulp_error(0x1p-23f, 0, 1) == 1);
    cr_expect(ulp_error(0x1p-23f, 0, 2) == 0.5);
}

Test(ulp, error_below_the_normal_range) {
    expect(0.25, 0, 0x1p-151);
    expect(1, 0x1p-149f, 0);
    expect(1, FLT_MIN, 0x1p-126 - 0x1p-149);
    expect(3, 4 * 0x1p-149f, 0x1p-149);
}

Test(ulp, error_of_infinities) {
    expect(0, INFINITY, (double)INFINITY);
    expect(0, INFINITY, 0x1p200);
    expect(0.5, INFINITY, 0x1p128 - 0x1p103);
    expect(1, FLT_MAX, 0x1p128);
    expect((double)INFINITY, FLT_MAX, (double)INFINITY);
    expect((double)INFINITY, -INFINITY, 0x1p200);
}

Test(ulp, error_of_nan) {
    expect(0, NAN, (double)NAN);
    expect((double)INFINITY, NAN, 1);
    expect((double)INFINITY, 1, (double)NAN);
}
