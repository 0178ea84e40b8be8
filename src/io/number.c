/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/number.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define EXACT_DIGITS 19                   /* fit in 64 bits */
#define EXACT_INTEGER ((uint64_t)1 << 53) /* doubles hold all integers up to it */
#define EXACT_POWER 22                    /* and the powers of ten up to it */
#define LARGE_EXPONENT 100000             /* beyond every double; larger ones are left to strtod */

static const double powers[EXACT_POWER + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                               1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* digits * 10^exponent; more: there were more digits than fit. */
struct decimal {
    uint64_t digits;
    int exponent, significant;
    bool any, more;
};

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static char *take_digits(char *at, struct decimal *decimal, int exponent_step) {
    for (; is_digit(*at); at++) {
        decimal->any = true;
        decimal->significant += decimal->significant || *at != '0';
        if (decimal->significant > EXACT_DIGITS) {
            decimal->more = true;
            decimal->significant = EXACT_DIGITS;
            continue;
        }
        decimal->digits = decimal->digits * 10 + (uint64_t)(*at - '0');
        decimal->exponent -= decimal->exponent > -LARGE_EXPONENT ? exponent_step : 0;
    }
    return at;
}

/* An e without digits is no part of the number. */
static char *take_exponent(char *at, struct decimal *decimal) {
    char *digits = at + 1;
    int value = 0;
    if (*at != 'e' && *at != 'E')
        return at;
    digits += *digits == '-' || *digits == '+';
    if (!is_digit(*digits))
        return at;
    const bool negative = digits[-1] == '-';
    for (; is_digit(*digits); digits++)
        value = value < LARGE_EXPONENT ? value * 10 + (*digits - '0') : value;
    decimal->exponent += negative ? -value : value;
    return digits;
}

static char *take_infinity(char *at, bool negative, double *value) {
    static const char *const texts[] = {"infinity", "inf"};
    for (size_t i = 0; i < 2; i++) {
        const size_t size = strlen(texts[i]);
        if (!strncasecmp(at, texts[i], size)) {
            *value = negative ? -(double)INFINITY : (double)INFINITY;
            return at + size;
        }
    }
    return NULL;
}

/* One operation on exact operands rounds once: Clinger's fast path. */
static bool is_exact(const struct decimal *decimal) {
    return !decimal->more && decimal->digits <= EXACT_INTEGER && decimal->exponent >= -EXACT_POWER &&
           decimal->exponent <= EXACT_POWER;
}

char *tp_take_number(char *begin, locale_t locale, double *value) {
    struct decimal decimal = {0};
    const bool negative = *begin == '-';
    char *const first = begin + (negative || *begin == '+');
    char *at = take_digits(first, &decimal, 0);
    if (*at == '.')
        at = take_digits(at + 1, &decimal, 1);
    if (!decimal.any) {
        at = take_infinity(first, negative, value);
        return at ? at : begin;
    }
    at = take_exponent(at, &decimal);
    if (!is_exact(&decimal)) {
        *value = strtod_l(begin, NULL, locale);
        return at;
    }
    const double digits = negative ? -(double)decimal.digits : (double)decimal.digits;
    *value = decimal.exponent < 0 ? digits / powers[-decimal.exponent] : digits * powers[decimal.exponent];
    return at;
}

static bool is_nan(const char *text) {
    return !strcasecmp(text + (*text == '-' || *text == '+'), "nan");
}

bool tp_parse_number(char *text, double *value) {
    const locale_t locale = newlocale(LC_ALL_MASK, "C", (locale_t)0); /* takes no memory */
    if (!locale)
        return false;
    const char *end = tp_take_number(text, locale, value);
    freelocale(locale);
    if (end == text && is_nan(text)) {
        *value = NAN;
        return true;
    }
    return end > text && !*end;
}
