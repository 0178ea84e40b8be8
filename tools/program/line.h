/* SPDX-License-Identifier: BSD-3-Clause */
/* Lines for a terminal: fields beside each other, of which the least important ones are left out until a line fits. A
 * line that wrapped would be hard to read, and could not be rewritten. */
#ifndef TILEPROP_TOOLS_LINE_H
#define TILEPROP_TOOLS_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINE_FIELDS 8
#define LINE_UNLIMITED SIZE_MAX

struct line_field {
    const char *before; /* what separates it from the field shown before it */
    const char *group;  /* a word in front of the first shown one of neighbours with this pointer, or NULL */
    const char *text;   /* NULL: left out */
    int rank;           /* the highest is left out first; 0: stays */
    bool green;         /* with colour */
};

/* Begins with all zero. */
struct line {
    size_t count;
    struct line_field field[LINE_FIELDS];
    size_t used;
    char room[1024]; /* for the texts, which are cut there */
};

/* Appends a field, which the caller may then change. */
struct line_field *line_add(struct line *line, int rank, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Prints the line on standard error in at most so many columns, without a newline. Returns the columns that it took. */
size_t line_print(struct line *line, size_t columns, bool color);

#endif
