/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers that are names of categories. */
#include "core/digits.h"
#include "core/memory.h"
#include "core/size.h"
#include "table/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_SLOTS 64
/* Fewer classes than this are taken whatever the number of rows, which bounds the others. */
#define MANY_CLASSES 1024

/* Different numbers, found by hashing. */
struct set {
    struct tp_table *table;
    double *values; /* in the order in which they first occur */
    size_t count, slot_count;
    uint32_t *slots; /* 0: free, else one more than the place in values */
};

static size_t slot_of(const struct set *set, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    size_t slot = (size_t)((bits * 0x9e3779b97f4a7c15U) >> 20) & (set->slot_count - 1);
    while (set->slots[slot] && set->values[set->slots[slot] - 1] != value)
        slot = (slot + 1) & (set->slot_count - 1);
    return slot;
}

static tp_status grow(struct set *set, size_t slot_count) {
    double *values = tp_table_take(set->table, slot_count / 2, sizeof *values);
    uint32_t *slots = values ? tp_table_take(set->table, slot_count, sizeof *slots) : NULL;
    if (!slots)
        return TP_ERR_MEMORY;
    if (set->count)
        memcpy(values, set->values, set->count * sizeof *values);
    *set = (struct set){set->table, values, set->count, slot_count, slots};
    for (size_t i = 0; i < set->count; i++)
        slots[slot_of(set, values[i])] = (uint32_t)i + 1;
    return TP_OK;
}

static tp_status add(struct set *set, double value, uint32_t *code) {
    const tp_status status =
        set->count * 2 >= set->slot_count ? grow(set, tp_max(FIRST_SLOTS, 2 * set->slot_count)) : TP_OK;
    if (status)
        return status;
    const size_t slot = slot_of(set, value);
    if (!set->slots[slot]) {
        set->values[set->count++] = value;
        set->slots[slot] = (uint32_t)set->count;
    }
    *code = set->slots[slot] - 1;
    return TP_OK;
}

void tp_number_text(char text[TP_NUMBER_TEXT], double value) {
    /* 15 digits, not fewer, so that 100 is not 1e+02 */
    snprintf(text, TP_NUMBER_TEXT, "%.*g", tp_shortest_digits(value, false, 15), value);
    char *point = text + strspn(text, "+-0123456789");
    if (*point && *point != 'e') {
        const size_t length = strcspn(point, "+-0123456789e");
        *point = '.';
        memmove(point + 1, point + length, strlen(point + length) + 1);
    }
}

static const char *number_word(struct tp_table *table, double value) {
    char text[TP_NUMBER_TEXT];
    tp_number_text(text, value);
    char *copy = tp_table_take(table, strlen(text) + 1, 1);
    return copy ? strcpy(copy, text) : NULL;
}

static tp_status write_words(struct tp_table *table, const double *values, size_t count, const char ***words) {
    *words = tp_table_take(table, count, sizeof **words);
    if (!*words)
        return TP_ERR_MEMORY;
    for (size_t i = 0; i < count; i++) {
        (*words)[i] = number_word(table, values[i]);
        if (!(*words)[i])
            return TP_ERR_MEMORY;
    }
    return TP_OK;
}

static void become_words(struct tp_field *field, const char *const *words, size_t count, const uint32_t *codes) {
    field->numbers = NULL;
    field->words = words;
    field->word_count = count;
    field->codes = codes;
}

static tp_status code_rows(struct set *set, const struct tp_field *field, uint32_t *codes) {
    for (size_t row = 0; row < set->table->rows; row++) {
        codes[row] = TP_NO_WORD;
        const double value = tp_field_number(field, row) + 0.0; /* -0 is 0 */
        const tp_status status = value == value ? add(set, value, &codes[row]) : TP_OK;
        if (status)
            return status;
    }
    return TP_OK;
}

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The places of codes once their values are sorted. */
static tp_status sort_values(struct set *set, uint32_t *codes) {
    double *sorted = tp_table_take(set->table, set->count, sizeof *sorted);
    uint32_t *place = sorted ? tp_table_take(set->table, set->count, sizeof *place) : NULL;
    if (!place)
        return TP_ERR_MEMORY;
    if (set->count)
        memcpy(sorted, set->values, set->count * sizeof *sorted);
    qsort(sorted, set->count, sizeof *sorted, by_value);
    for (size_t i = 0; i < set->count; i++)
        place[set->slots[slot_of(set, sorted[i])] - 1] = (uint32_t)i;
    for (size_t row = 0; row < set->table->rows; row++)
        codes[row] = codes[row] == TP_NO_WORD ? TP_NO_WORD : place[codes[row]];
    set->values = sorted;
    return TP_OK;
}

tp_status tp_number_words(struct tp_table *table, size_t index) {
    struct set set = {.table = table};
    const char **words = NULL;
    uint32_t *codes = tp_table_take(table, table->rows, sizeof *codes);
    tp_status status = codes ? grow(&set, FIRST_SLOTS) : TP_ERR_MEMORY;
    if (!status)
        status = code_rows(&set, &table->fields[index], codes);
    if (!status)
        status = sort_values(&set, codes);
    if (!status)
        status = write_words(table, set.values, set.count, &words);
    if (!status)
        become_words(&table->fields[index], words, set.count, codes);
    return status;
}

static tp_status fail_class(const struct tp_table *table, size_t index, size_t row, double value, size_t most) {
    char label[TP_LABEL_SIZE];
    return tp_fail(table->context, TP_ERR_FORMAT, "%s: %s, target %s: class %g; it must be a whole number of 0..%zu",
                   table->path, tp_row_label(table, row).text, tp_field_label(table, index, label, sizeof label), value,
                   most - 1);
}

static tp_status code_classes(struct tp_table *table, size_t index, uint32_t *codes, size_t *count) {
    const size_t most = tp_max(MANY_CLASSES, table->rows);
    *count = 0;
    for (size_t row = 0; row < table->rows; row++) {
        const double value = tp_field_number(&table->fields[index], row);
        codes[row] = TP_NO_WORD;
        if (value != value)
            continue;
        if (!(value >= 0 && value < (double)most) || value != (double)(uint32_t)value)
            return fail_class(table, index, row, value, most);
        codes[row] = (uint32_t)value;
        *count = tp_max(*count, (size_t)codes[row] + 1);
    }
    return TP_OK;
}

tp_status tp_class_words(struct tp_table *table, size_t index) {
    const char **words = NULL;
    size_t count = 0;
    uint32_t *codes = tp_table_take(table, table->rows, sizeof *codes);
    tp_status status = codes ? code_classes(table, index, codes, &count) : TP_ERR_MEMORY;
    double *values = status ? NULL : tp_table_take(table, count, sizeof *values);
    for (size_t i = 0; values && i < count; i++)
        values[i] = (double)i;
    if (!status)
        status = values ? write_words(table, values, count, &words) : TP_ERR_MEMORY;
    if (!status)
        become_words(&table->fields[index], words, count, codes);
    return status;
}

/* ---- words and categories ---- */

struct entry {
    const char *name;
    uint32_t index;
};

static int by_name(const void *a, const void *b) {
    return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

tp_status tp_map_words(struct tp_table *table, const struct tp_field *field, const tp_column *column, uint32_t **map) {
    const size_t count = column->category_count;
    struct entry *sorted = tp_table_take(table, count, sizeof *sorted);
    *map = sorted ? tp_table_take(table, field->word_count, sizeof **map) : NULL;
    if (!*map)
        return TP_ERR_MEMORY;
    for (size_t i = 0; i < count; i++)
        sorted[i] = (struct entry){column->categories[i], (uint32_t)i};
    qsort(sorted, count, sizeof *sorted, by_name);
    for (size_t i = 0; i < field->word_count; i++) {
        const struct entry wanted = {field->words[i], 0};
        const struct entry *found = bsearch(&wanted, sorted, count, sizeof *sorted, by_name);
        (*map)[i] = found ? found->index : TP_NO_WORD;
    }
    return TP_OK;
}
