/* SPDX-License-Identifier: BSD-3-Clause */
/* How many digits a number needs as text. */
#ifndef TP_CORE_DIGITS_H
#define TP_CORE_DIGITS_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* That identify every float, and every double. */
#define TP_FLOAT_DIGITS 9
#define TP_DOUBLE_DIGITS 17

/* The fewest significant digits, of so many or more, that tell value from other doubles, or from other floats. */
static inline int tp_shortest_digits(double value, bool is_float, int least) {
    const int most = is_float ? TP_FLOAT_DIGITS : TP_DOUBLE_DIGITS;
    char text[320]; /* what compilers count with that do not know the digits */
    for (int digits = least; digits < most; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        const double again = strtod(text, NULL); /* in the locale of snprintf */
        if (is_float ? (float)again == (float)value : again == value)
            return digits;
    }
    return most;
}

#endif
