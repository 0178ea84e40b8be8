/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/csv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

char *tp_csv_skip_end(char *at) {
    if (*at == '\r')
        return at + 1 + (at[1] == '\n');
    return at + (*at == '\n');
}

char *tp_csv_skip_blanks(char *at, char delimiter) {
    while ((*at == ' ' || *at == '\t') && *at != delimiter)
        at++;
    return at;
}

static bool ends_field(char c, char delimiter) {
    return c == delimiter || c == '\n' || c == '\r' || !c;
}

static struct tp_csv_field take_quoted(char *begin, char delimiter) {
    struct tp_csv_field field = {.begin = begin};
    char *at = begin;
    for (;; at++) {
        if (*at == '"' && at[1] == '"') {
            field.doubled = true;
            at++;
        } else if (*at == '"' || !*at) {
            break;
        }
        field.newlines += tp_csv_ends_line(at);
    }
    field.end = at;
    field.next = *at ? tp_csv_skip_blanks(at + 1, delimiter) : at;
    if (!*at)
        field.fault = TP_CSV_UNTERMINATED;
    else if (!ends_field(*field.next, delimiter))
        field.fault = TP_CSV_AFTER_QUOTE;
    return field;
}

struct tp_csv_field tp_csv_take_field(char *at, char delimiter) {
    at = tp_csv_skip_blanks(at, delimiter);
    if (*at == '"')
        return take_quoted(at + 1, delimiter);
    struct tp_csv_field field = {.begin = at};
    while (!ends_field(*at, delimiter) && *at != '"')
        at++;
    field.fault = *at == '"' ? TP_CSV_STRAY_QUOTE : TP_CSV_FINE;
    field.next = at;
    while (at > field.begin && (at[-1] == ' ' || at[-1] == '\t'))
        at--;
    field.end = at;
    return field;
}

void tp_csv_undouble(struct tp_csv_field *field) {
    char *to = field->begin;
    if (!field->doubled)
        return;
    for (const char *from = field->begin; from < field->end; from++) {
        *to++ = *from;
        from += *from == '"';
    }
    field->end = to;
    field->doubled = false;
}

bool tp_csv_is_missing(const char *begin, const char *end) {
    static const char *const texts[] = {"", "NA", "NaN", "nan", "?"};
    const size_t size = (size_t)(end - begin);
    for (size_t i = 0; size <= 3 && i < sizeof texts / sizeof *texts; i++)
        if (strlen(texts[i]) == size && !memcmp(texts[i], begin, size))
            return true;
    return false;
}

/* ---- numbers ---- */

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

char *tp_csv_number(char *begin, locale_t locale, double *value) {
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
