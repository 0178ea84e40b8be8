/* SPDX-License-Identifier: BSD-3-Clause */
#include "line.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct line_field *line_add(struct line *line, int rank, const char *format, ...) {
    char *text = line->room + line->used;
    const size_t left = sizeof line->room - line->used;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, left, format, arguments);
    va_end(arguments);
    line->used += strlen(text) + (strlen(text) + 1 < left);
    struct line_field *field = &line->field[line->count++];
    *field = (struct line_field){.before = "  ", .text = text, .rank = rank};
    return field;
}

/* ---- what is shown ---- */

static bool has_group(const struct line_field *field, const struct line_field *last) {
    return field->group && !(last && last->group == field->group);
}

static size_t full_width(const struct line *line) {
    const struct line_field *last = NULL;
    size_t width = 0;
    for (size_t i = 0; i < line->count; i++) {
        const struct line_field *field = &line->field[i];
        if (!field->text)
            continue;
        width += strlen(field->text) + (last ? strlen(field->before) : 0);
        width += has_group(field, last) ? strlen(field->group) : 0;
        last = field;
    }
    return width;
}

static struct line_field *least_important(struct line *line) {
    struct line_field *least = NULL;
    for (size_t i = 0; i < line->count; i++)
        if (line->field[i].text && line->field[i].rank > (least ? least->rank : 0))
            least = &line->field[i];
    return least;
}

/* ---- printing ---- */

static void print_part(const char *text, size_t *left) {
    const size_t length = strlen(text);
    const size_t shown = length < *left ? length : *left;
    fprintf(stderr, "%.*s", (int)shown, text);
    *left -= shown;
}

static void print_field(const struct line_field *field, const struct line_field *last, size_t *left, bool color) {
    const bool green = color && field->green;
    if (last)
        print_part(field->before, left);
    if (green)
        fputs("\033[32m", stderr);
    if (has_group(field, last))
        print_part(field->group, left);
    print_part(field->text, left);
    if (green)
        fputs("\033[0m", stderr);
}

size_t line_print(struct line *line, size_t columns, bool color) {
    for (struct line_field *least; full_width(line) > columns && (least = least_important(line));)
        least->text = NULL;
    const struct line_field *last = NULL;
    size_t left = columns;
    for (size_t i = 0; i < line->count; i++) {
        if (!line->field[i].text)
            continue;
        print_field(&line->field[i], last, &left, color);
        last = &line->field[i];
    }
    return columns - left;
}
