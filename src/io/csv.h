/* SPDX-License-Identifier: BSD-3-Clause */
/* Parts of the reader of CSV files. A text ends with a NUL byte, which is the only one in it. */
#ifndef TP_IO_CSV_H
#define TP_IO_CSV_H

#include "io/format.h"
#include "io/words.h"

#include <locale.h>

/* ---- fields: csv_field.c ---- */

enum tp_csv_fault { TP_CSV_FINE, TP_CSV_STRAY_QUOTE, TP_CSV_AFTER_QUOTE, TP_CSV_UNTERMINATED };

/* A field without its quotes and the blanks around it. */
struct tp_csv_field {
    char *begin, *end;
    char *next;      /* the delimiter or end of line after it */
    bool doubled;    /* quotes in it are doubled */
    size_t newlines; /* in it */
    enum tp_csv_fault fault;
};

/* Ends of lines are LF, CR LF and CR; each counts once, at its last byte. */
static inline bool tp_csv_ends_line(const char *at) {
    return *at == '\n' || (*at == '\r' && at[1] != '\n');
}

/* The field that begins here. */
struct tp_csv_field tp_csv_take_field(char *at, char delimiter);

/* Over an end of line; stays at the end of the text. */
char *tp_csv_skip_end(char *at);

/* Over blanks that are no delimiter. */
char *tp_csv_skip_blanks(char *at, char delimiter);

/* Makes doubled quotes single, in place. */
void tp_csv_undouble(struct tp_csv_field *field);

/* Empty, NA, NaN, nan and ? */
bool tp_csv_is_missing(const char *begin, const char *end);

/* ---- the text: csv_text.c ---- */

/* All bytes of a file, of a gzipped one, or of input if it is not NULL, then a NUL; tp_release takes it. One that has
 * NUL bytes is refused. */
tp_status tp_csv_read_text(const struct tp_context *context, const char *path, struct tp_stream *input, char **bytes,
                           size_t *size);

/* ---- the reader: csv.c ---- */

/* As tp_csv_format.read, with parts of so many bytes for the threads; 0: as suits them. */
tp_status tp_csv_read_in_parts(const char *path, const struct tp_read_options *options, size_t part,
                               struct tp_table *table);

/* ---- the rows: csv_rows.c ---- */

struct tp_csv_column {
    enum tp_field_kind kind; /* not TP_FIELD_ANY */
    size_t at;               /* number of this column among those of numbers, or of texts */
};

struct tp_csv {
    const struct tp_context *context;
    const char *path;
    char *text;       /* all of the file */
    char *rows_begin; /* after the header */
    size_t size;      /* from there on */
    size_t line;      /* of rows_begin */
    char delimiter;
    locale_t locale;
    size_t count, number_count, text_count;
    struct tp_csv_column *columns;
    struct tp_table *table; /* whose fields have names, and get the rest */
    double *numbers;
    uint32_t *codes; /* of column at: at * rows on */
    size_t *lines;
};

/* Shares the rows among threads in parts of so many bytes. */
tp_status tp_csv_read_rows(struct tp_csv *csv, size_t part);

#endif
