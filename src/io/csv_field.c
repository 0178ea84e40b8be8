/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/csv.h"

#include <string.h>

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
