/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/number.h"

#include <locale.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST 1000    /* characters */
#define EXACT_DIGITS 15 /* integers of so many digits, */
#define EXACT_POWERS 22 /* and powers of ten up to this one, are doubles: one rounding remains */

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* What most numbers are: a few digits with a point. */
static bool parse_short(const char *text, size_t length, double *value) {
    static const double powers[EXACT_POWERS + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    size_t i = length && (*text == '-' || *text == '+'), digits = 0, decimals = 0;
    uint64_t integer = 0;
    bool point = false;
    for (; i < length && digits <= EXACT_DIGITS; i++) {
        if (text[i] == '.' && !point) {
            point = true;
            continue;
        }
        if (!is_digit(text[i]))
            return false;
        integer = 10 * integer + (uint64_t)(text[i] - '0');
        digits++;
        decimals += point;
    }
    *value = (double)integer / powers[decimals];
    if (length && *text == '-')
        *value = -*value;
    return digits && digits <= EXACT_DIGITS;
}

/* strtod also takes blanks before, and hexadecimal numbers. */
static bool is_decimal(const char *text) {
    text += *text == '-' || *text == '+';
    return is_digit(*text) || *text == '.' ? !strpbrk(text, "xX") : !strpbrk(text, "( \t\n\v\f\r+-");
}

bool tp_parse_number(const char *text, size_t length, double *value) {
    char copy[LONGEST + 1], *end;
    if (parse_short(text, length, value))
        return true;
    if (!length || length > LONGEST || memchr(text, '\0', length))
        return false;
    memcpy(copy, text, length);
    copy[length] = '\0';
    const locale_t locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!is_decimal(copy) || !locale)
        return false;
    *value = strtod_l(copy, &end, locale);
    freelocale(locale);
    return end == copy + length;
}
