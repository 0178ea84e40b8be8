/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Threads read parts of the text. Every quote of a valid file begins or ends a quoted text or is doubled, so that their
 * number before a place tells whether it is in quotes: one pass counts them, the second the rows of each part, and the
 * third reads the rows that begin in it. Where a file is not valid, all agree up to the first fault, which is reported.
 */
#include "core/memory.h"
#include "core/parallel.h"
#include "core/size.h"
#include "io/csv.h"
#include "io/number.h"

#include <stdio.h>
#include <string.h>

#define LEAST_PART ((size_t)1 << 18)
#define PARTS_OF_THREAD 4
#define NO_NUMBER (TP_CSV_UNTERMINATED + 1) /* further faults of parts */
#define OTHER_COUNT (NO_NUMBER + 1)
#define NO_MEMORY (OTHER_COUNT + 1)

struct part {
    char *begin, *end;
    char *first;             /* row that begins in it */
    size_t quotes, newlines; /* in it */
    size_t line;             /* of begin, later of first */
    bool in_quotes;          /* begin is */
    size_t rows, row;        /* that begin in it, and the number of the first */
    struct tp_words *words;  /* of each column of texts */
    int fault;
    size_t fault_line, fault_column;
    struct tp_csv_field fault_field; /* or how many fields there are, as its newlines */
};

struct job {
    struct tp_csv *csv;
    struct part *parts;
    size_t part_count;
    struct tp_words *words; /* of each column of texts: all of the file */
    uint32_t **maps;        /* from words of a part to these: [part * text_count + column] */
    size_t rows;
    void (*step)(struct job *job, struct part *part);
    atomic_size_t next;
};

static void work(void *argument, struct tp_team team) {
    struct job *job = argument;
    (void)team;
    for (size_t i; (i = atomic_fetch_add(&job->next, 1)) < job->part_count;)
        job->step(job, &job->parts[i]);
}

static void for_each_part(struct job *job, void (*step)(struct job *job, struct part *part)) {
    job->step = step;
    atomic_store(&job->next, 0);
    tp_parallel((int)tp_max(1, tp_min((size_t)job->csv->context->threads, job->part_count)), work, job);
}

/* ---- first pass ---- */

static void fail_part(struct part *part, int fault, size_t line, size_t column, struct tp_csv_field field) {
    part->fault = fault;
    part->fault_line = line;
    part->fault_column = column;
    part->fault_field = field;
}

static void survey(struct job *job, struct part *part) {
    size_t quotes = 0, newlines = 0;
    (void)job;
    for (const char *at = part->begin; at < part->end; at++) {
        quotes += *at == '"';
        newlines += (*at == '\n') | ((*at == '\r') & (at[1] != '\n'));
    }
    part->quotes = quotes;
    part->newlines = newlines;
}

static void add_up(struct job *job) {
    size_t quotes = 0, line = job->csv->line;
    for (size_t i = 0; i < job->part_count; i++) {
        job->parts[i].in_quotes = quotes % 2;
        job->parts[i].line = line;
        quotes += job->parts[i].quotes;
        line += job->parts[i].newlines;
    }
}

/* ---- second pass ---- */

/* After the end of the line, or of a row, that at is in. */
static char *skip_row(char *at, bool quoted, size_t *newlines) {
    for (; *at; at++) {
        quoted ^= *at == '"';
        if (tp_csv_ends_line(at)) {
            ++*newlines;
            if (!quoted)
                return at + 1;
        }
    }
    return at;
}

static bool is_blank(char *at, char delimiter) {
    at = tp_csv_skip_blanks(at, delimiter);
    return *at == '\n' || *at == '\r' || !*at;
}

static void count_rows(struct job *job, struct part *part) {
    size_t newlines = 0, ignored = 0;
    char *at = part->begin;
    if (part->in_quotes || (at > job->csv->rows_begin && !tp_csv_ends_line(at - 1)))
        at = skip_row(at, part->in_quotes, &newlines);
    part->first = at;
    part->line += newlines;
    while (at < part->end) {
        part->rows += !is_blank(at, job->csv->delimiter);
        at = skip_row(at, false, &ignored);
    }
}

/* ---- third pass ---- */

static bool take_text(struct job *job, struct part *part, size_t row, const struct tp_csv_column *column,
                      struct tp_csv_field *field) {
    uint32_t *code = &job->csv->codes[column->at * job->rows + row];
    tp_csv_undouble(field);
    *code = TP_NO_WORD;
    if (tp_csv_is_missing(field->begin, field->end))
        return true;
    *code =
        tp_words_add(job->csv->context, &part->words[column->at], field->begin, (size_t)(field->end - field->begin));
    return *code != TP_NO_WORD;
}

static bool take_number(const struct tp_csv *csv, size_t row, const struct tp_csv_column *column,
                        const struct tp_csv_field *field) {
    double *value = &csv->numbers[row * csv->number_count + column->at];
    if (tp_csv_is_missing(field->begin, field->end)) {
        *value = (double)__builtin_nanf("");
        return true;
    }
    return tp_take_number(field->begin, csv->locale, value) == field->end;
}

static int take_field(struct job *job, struct part *part, size_t row, const struct tp_csv_column *column,
                      struct tp_csv_field *field) {
    if (field->fault)
        return (int)field->fault;
    if (column && column->kind == TP_FIELD_NUMBER && !take_number(job->csv, row, column, field))
        return NO_NUMBER;
    if (column && column->kind == TP_FIELD_TEXT && !take_text(job, part, row, column, field))
        return NO_MEMORY;
    return 0;
}

/* A number without quotes and blanks around it, which most are; where it ends, or NULL. */
static char *take_plain_number(const struct tp_csv *csv, size_t row, const struct tp_csv_column *column, char *at) {
    if (column->kind != TP_FIELD_NUMBER)
        return NULL;
    char *end = tp_take_number(at, csv->locale, &csv->numbers[row * csv->number_count + column->at]);
    return end != at && (*end == csv->delimiter || *end == '\n' || *end == '\r' || !*end) ? end : NULL;
}

/* Returns the end of the row's last line; NULL after a fault. */
static char *take_row(struct job *job, struct part *part, size_t row, size_t *line, char *at) {
    const struct tp_csv *csv = job->csv;
    const size_t first_line = *line;
    for (size_t i = 0;; i++, at++) {
        const struct tp_csv_column *column = i < csv->count ? &csv->columns[i] : NULL;
        char *end = column ? take_plain_number(csv, row, column, at) : NULL;
        if (!end) {
            struct tp_csv_field field = tp_csv_take_field(at, csv->delimiter);
            const int fault = take_field(job, part, row, column, &field);
            if (fault)
                return fail_part(part, fault, *line, i, field), NULL;
            *line += field.newlines;
            end = field.next;
        }
        at = end;
        if (*at == csv->delimiter)
            continue;
        if (i + 1 != csv->count)
            return fail_part(part, OTHER_COUNT, first_line, 0, (struct tp_csv_field){.newlines = i + 1}), NULL;
        return at;
    }
}

static void take_rows(struct job *job, struct part *part) {
    const struct tp_csv *csv = job->csv;
    size_t line = part->line;
    char *at = part->first;
    for (size_t done = 0; done < part->rows; line++, at = tp_csv_skip_end(at)) {
        if (is_blank(at, csv->delimiter)) {
            at = tp_csv_skip_blanks(at, csv->delimiter);
            continue;
        }
        csv->lines[part->row + done] = line;
        at = take_row(job, part, part->row + done, &line, at);
        if (!at)
            return;
        done++;
    }
}

static const char *shown(const struct tp_csv_field *field) {
    *field->end = '\0'; /* the text is of no more use */
    return field->begin;
}

static tp_status report(const struct tp_csv *csv, const struct part *part) {
    const struct tp_context *context = csv->context;
    char label[320];
    const size_t line = part->fault_line, column = part->fault_column;
    if (column < csv->count)
        tp_field_label(csv->table, column, label, sizeof label);
    else
        snprintf(label, sizeof label, "%zu", column + 1);
    switch (part->fault) {
    case TP_CSV_STRAY_QUOTE:
        return tp_fail(context, TP_ERR_FORMAT,
                       "%s: line %zu, column %s: a quote in a field that does not begin with one", csv->path, line,
                       label);
    case TP_CSV_AFTER_QUOTE:
        return tp_fail(context, TP_ERR_FORMAT, "%s: line %zu, column %s: text after the quote that ends the field",
                       csv->path, line, label);
    case TP_CSV_UNTERMINATED:
        return tp_fail(context, TP_ERR_FORMAT, "%s: line %zu, column %s: the quote that begins here is never closed",
                       csv->path, line, label);
    case NO_NUMBER:
        return tp_fail(context, TP_ERR_FORMAT, "%s: line %zu, column %s: '%s' is not a number", csv->path, line, label,
                       shown(&part->fault_field));
    case OTHER_COUNT:
        return tp_fail(context, TP_ERR_FORMAT, "%s: line %zu has %zu fields; it must have %zu, as the first line has",
                       csv->path, line, part->fault_field.newlines, csv->count);
    default:
        return tp_fail(context, TP_ERR_MEMORY, "%s: cannot allocate memory for the texts of column %s", csv->path,
                       label);
    }
}

static tp_status report_first(const struct job *job) {
    for (size_t i = 0; i < job->part_count; i++)
        if (job->parts[i].fault)
            return report(job->csv, &job->parts[i]);
    return TP_OK;
}

/* ---- words ---- */

/* Parts in their order, and words in that of each part: so they are in the order in which the file has them. */
static tp_status merge_words(struct job *job) {
    const struct tp_csv *csv = job->csv;
    for (size_t i = 0; i < job->part_count * csv->text_count; i++) {
        const struct tp_words *part = &job->parts[i / csv->text_count].words[i % csv->text_count];
        uint32_t *map = job->maps[i] = tp_allocate(csv->context, tp_size_mul(part->count + 1, sizeof *map));
        if (!map)
            return tp_fail_allocation(csv->context, csv->path, part->count * sizeof *map);
        for (size_t j = 0; j < part->count; j++) {
            map[j] =
                tp_words_add(csv->context, &job->words[i % csv->text_count], part->words[j].text, part->words[j].size);
            if (map[j] == TP_NO_WORD)
                return tp_fail(csv->context, TP_ERR_MEMORY, "%s: cannot allocate memory for its texts", csv->path);
        }
    }
    return TP_OK;
}

static void renumber(struct job *job, struct part *part) {
    const struct tp_csv *csv = job->csv;
    uint32_t **maps = job->maps + (size_t)(part - job->parts) * csv->text_count;
    for (size_t i = 0; i < csv->text_count; i++) {
        uint32_t *codes = csv->codes + i * job->rows + part->row;
        for (size_t row = 0; row < part->rows; row++)
            codes[row] = codes[row] == TP_NO_WORD ? TP_NO_WORD : maps[i][codes[row]];
    }
}

/* Strings of the table, since the text of the file goes. */
static tp_status keep_words(const struct tp_csv *csv, const struct tp_words *words, struct tp_field *field) {
    size_t size = tp_size_mul(words->count + 1, sizeof(char *));
    for (size_t i = 0; i < words->count; i++)
        size = tp_size_add(size, words->words[i].size + 1);
    const char **list = tp_table_allocate(csv->table, size);
    if (!list)
        return tp_fail_allocation(csv->context, csv->path, size);
    char *to = (char *)(list + words->count + 1);
    for (size_t i = 0; i < words->count; to += words->words[i++].size + 1) {
        memcpy(to, words->words[i].text, words->words[i].size);
        to[words->words[i].size] = '\0';
        list[i] = to;
    }
    field->words = list;
    field->word_count = words->count;
    return TP_OK;
}

static tp_status fill_fields(const struct job *job) {
    const struct tp_csv *csv = job->csv;
    for (size_t i = 0; i < csv->count; i++) {
        struct tp_field *field = &csv->table->fields[i];
        const struct tp_csv_column *column = &csv->columns[i];
        if (column->kind == TP_FIELD_NUMBER) {
            field->numbers = csv->numbers + column->at;
            field->type = TP_NUMBER_F64;
            field->stride = csv->number_count;
        } else if (column->kind == TP_FIELD_TEXT) {
            field->codes = csv->codes + column->at * job->rows;
            const tp_status status = keep_words(csv, &job->words[column->at], field);
            if (status)
                return status;
        }
    }
    csv->table->rows = job->rows;
    csv->table->rank = 2;
    csv->table->lines = csv->lines;
    return TP_OK;
}

/* ---- all passes ---- */

static tp_status take(struct tp_csv *csv, void *pointer, size_t count, size_t size) {
    const size_t bytes = tp_size_mul(tp_max(count, 1), size);
    void *block = tp_table_allocate(csv->table, bytes);
    memcpy(pointer, &block, sizeof block);
    return block ? TP_OK : tp_fail_allocation(csv->context, csv->path, bytes);
}

static tp_status make_room(struct job *job) {
    struct tp_csv *csv = job->csv;
    for (size_t i = 0; i < job->part_count; i++) {
        job->parts[i].row = job->rows;
        job->rows += job->parts[i].rows;
    }
    if (!job->rows)
        return tp_fail(csv->context, TP_ERR_FORMAT, "%s: has no rows", csv->path);
    tp_status status = take(csv, &csv->numbers, tp_size_mul(job->rows, csv->number_count), sizeof(double));
    if (!status)
        status = take(csv, &csv->codes, tp_size_mul(job->rows, csv->text_count), sizeof(uint32_t));
    return status ? status : take(csv, &csv->lines, job->rows, sizeof(size_t));
}

static tp_status run(struct job *job) {
    for_each_part(job, survey);
    add_up(job);
    for_each_part(job, count_rows);
    tp_status status = make_room(job);
    if (status)
        return status;
    for_each_part(job, take_rows);
    status = report_first(job);
    if (!status)
        status = merge_words(job);
    if (status)
        return status;
    for_each_part(job, renumber);
    return fill_fields(job);
}

/* Parts, their words, those of the file, and maps: in one block. */
static void lay_out(struct job *job, struct tp_arena *arena) {
    const size_t texts = job->csv->text_count, all = tp_size_mul(job->part_count, texts);
    job->parts = tp_arena_take(arena, job->part_count, sizeof *job->parts);
    job->words = tp_arena_take(arena, tp_size_add(all, texts), sizeof *job->words);
    job->maps = tp_arena_take(arena, all, sizeof *job->maps);
}

static void cut(struct job *job, size_t part) {
    const struct tp_csv *csv = job->csv;
    for (size_t i = 0; i < job->part_count; i++) {
        job->parts[i].begin = csv->rows_begin + i * part;
        job->parts[i].end = csv->rows_begin + tp_min((i + 1) * part, csv->size);
        job->parts[i].words = job->words + (i + 1) * csv->text_count;
    }
}

static void clean(struct job *job) {
    const struct tp_csv *csv = job->csv;
    for (size_t i = 0; i < (job->part_count + 1) * csv->text_count; i++)
        tp_words_release(csv->context, &job->words[i]);
    for (size_t i = 0; i < job->part_count * csv->text_count; i++)
        tp_release(csv->context, job->maps[i]);
}

tp_status tp_csv_read_rows(struct tp_csv *csv, size_t part) {
    const size_t shares = (size_t)csv->context->threads * PARTS_OF_THREAD;
    const size_t size = part ? part : tp_max(LEAST_PART, tp_ceil_div(csv->size, shares));
    struct job job = {.csv = csv, .part_count = tp_ceil_div(csv->size, size)};
    struct tp_arena arena = {0};
    lay_out(&job, &arena);
    arena.base = tp_allocate(csv->context, tp_max(arena.used, 1));
    if (!arena.base)
        return tp_fail_allocation(csv->context, csv->path, arena.used);
    memset(arena.base, 0, arena.used);
    const struct tp_arena block = arena;
    arena.used = 0;
    lay_out(&job, &arena);
    cut(&job, size);
    const tp_status status = run(&job);
    clean(&job);
    tp_release(csv->context, block.base);
    return status;
}
