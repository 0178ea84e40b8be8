/* SPDX-License-Identifier: BSD-3-Clause */
/* The values of options, from their texts. */
#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Reads decimal digits and moves text behind them. */
static bool read_integer(const struct option_row *row, const char **text, uint64_t *value) {
    if (!isdigit((unsigned char)**text))
        return false;
    char *end;
    errno = 0;
    *value = strtoull(*text, &end, 10);
    *text = end;
    return !errno && *value >= row->least && *value <= row->most;
}

static bool parse_integer(const struct option_row *row, const char *text, void *value) {
    return read_integer(row, &text, value) && !*text;
}

/* Limits are those of the float that the library will get: 1e-60 is not above 0, 1e60 not below infinity. */
static bool read_real(const struct option_row *row, const char **text, double *value) {
    char *end;
    *value = strtod(*text, &end);
    const double rounded = (double)(float)*value;
    if (end == *text)
        return false;
    *text = end;
    return rounded < row->below && (row->above_low ? rounded > row->low : rounded >= row->low);
}

static bool parse_real(const struct option_row *row, const char *text, void *value) {
    return read_real(row, &text, value) && !*text;
}

/* Moves text behind a number that ends an entry of a list. */
static bool skip_number(const char **text) {
    char *end;
    strtod(*text, &end);
    const bool ends = end != *text && (!*end || *end == ',');
    *text = end;
    return ends;
}

/* A name may have commas and '=' in it: its entry ends with '=' and a number. Returns that '=', or NULL. */
static const char *end_of_name(const char *entry) {
    const char *sign = strchr(entry, '=');
    while (sign) {
        const char *number = sign + 1;
        if (skip_number(&number))
            break;
        sign = strchr(sign + 1, '=');
    }
    return sign;
}

const char *options_next_name(const char **names, size_t *length) {
    const char *name = *names;
    const char *sign = end_of_name(name);
    *length = (size_t)(sign - name);
    *names = sign + 1;
    skip_number(names);
    *names += **names == ',';
    return name;
}

static bool parse_reals(const struct option_row *row, const char *text, void *value) {
    struct real_list *list = value;
    list->count = 0;
    list->by_word = row->word && !strcmp(text, row->word);
    list->names = row->by_name && strchr(text, '=') ? text : NULL;
    if (list->by_word)
        return true;
    for (;; text++) {
        double real;
        const char *sign = list->names ? end_of_name(text) : NULL;
        if (list->names && !sign)
            return false;
        text = sign ? sign + 1 : text;
        if (list->count == REALS_MAX || !read_real(row, &text, &real))
            return false;
        list->real[list->count++] = (float)real;
        if (*text != ',')
            return !*text;
    }
}

static bool parse_name(const struct option_row *row, const char *text, void *value) {
    for (int i = 0; row->value_name(i); i++) {
        if (!strcasecmp(row->value_name(i), text)) {
            *(int *)value = i;
            return true;
        }
    }
    return false;
}

/* Moves text behind the list. */
static bool read_sizes(const struct option_row *row, const char **at, struct size_list *list) {
    const size_t length = strcspn(*at, "/");
    const char *text = *at;
    list->count = 0;
    *at += length;
    if (!length || !strncmp(text, "none/", length + 1) || !strncmp(text, "none", length + 1) ||
        (length == 1 && *text == '0'))
        return true;
    for (;; text++) {
        uint64_t size;
        if (list->count == sizeof list->size / sizeof *list->size || !read_integer(row, &text, &size))
            return false;
        list->size[list->count++] = (size_t)size;
        if (*text != ',')
            return text == *at;
    }
}

static bool parse_sizes(const struct option_row *row, const char *text, void *value) {
    return read_sizes(row, &text, value) && !*text;
}

static bool parse_size_grid(const struct option_row *row, const char *text, void *value) {
    struct size_grid *grid = value;
    grid->count = 0;
    for (;; text++) {
        if (grid->count == GRID_MAX || !read_sizes(row, &text, &grid->list[grid->count++]))
            return false;
        if (!*text)
            return true;
    }
}

static bool has_ending(const char *text, const char *ending) {
    const size_t length = strlen(text);
    return ending && length > strlen(ending) && !strcmp(text + length - strlen(ending), ending);
}

static bool parse_text(const struct option_row *row, const char *text, void *value) {
    *(const char **)value = text;
    return *text && (!*row->endings || has_ending(text, row->endings[0]) || has_ending(text, row->endings[1]));
}

/* The command line has no text for it. */
static bool parse_flag(const struct option_row *row, const char *text, void *value) {
    (void)row;
    *(bool *)value = !text || !strcmp(text, "true");
    return true;
}

typedef bool parse_fn(const struct option_row *row, const char *text, void *value);

static parse_fn *const parser[] = {
    [OPTION_FLAG] = parse_flag,           [OPTION_INTEGER] = parse_integer, [OPTION_REAL] = parse_real,
    [OPTION_REALS] = parse_reals,         [OPTION_NAME] = parse_name,       [OPTION_SIZES] = parse_sizes,
    [OPTION_SIZE_GRID] = parse_size_grid, [OPTION_TEXT] = parse_text,
};

bool options_parse_value(const struct option_row *row, const char *text, void *value) {
    return parser[row->kind](row, text, value);
}
