/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/text_array.h"

#include "core/memory.h"
#include "core/size.h"
#include "io/words.h"

#include <byteswap.h>
#include <string.h>

#define MAX_TEXT 16384 /* bytes of an element */

/* UTF-8 of a character; surrogates and what is beyond Unicode become U+FFFD. */
static size_t encode(uint32_t character, char *text) {
    if (character > 0x10ffff || (character >= 0xd800 && character < 0xe000))
        character = 0xfffd;
    const size_t more = character < 0x80 ? 0 : character < 0x800 ? 1 : character < 0x10000 ? 2 : 3;
    static const unsigned char first[] = {0, 0xc0, 0xe0, 0xf0};
    text[0] = (char)(first[more] | character >> 6 * more);
    for (size_t i = 1; i <= more; i++)
        text[i] = (char)(0x80 | (character >> 6 * (more - i) & 0x3f));
    return more + 1;
}

/* Elements are filled up with zeros. The result is never longer than the element. */
static size_t decode(const struct tp_npy *npy, const char *element, char *text) {
    if (npy->kind == 'S') {
        const size_t length = strnlen(element, npy->size);
        memcpy(text, element, length);
        return length;
    }
    size_t length = 0;
    for (size_t i = 0; i < npy->size; i += sizeof(uint32_t)) {
        uint32_t character;
        memcpy(&character, element + i, sizeof character);
        if (!character)
            break;
        length += encode(npy->array.swap ? bswap_32(character) : character, text + length);
    }
    return length;
}

static tp_status read_text(struct tp_source *source, const struct tp_npy *npy, char *text, size_t *length) {
    char element[MAX_TEXT];
    const tp_status status = tp_source_read(source, element, npy->size, "data that its header promises");
    if (!status)
        *length = decode(npy, element, text);
    return status;
}

static tp_status check(const struct tp_source *source, struct tp_npy *npy) {
    if (npy->size > MAX_TEXT)
        return tp_fail(source->context, TP_ERR_UNSUPPORTED, "%s: texts of %zu bytes; at most %d are read",
                       source->label, npy->size, MAX_TEXT);
    if (npy->array.rank > 2)
        return tp_fail(source->context, TP_ERR_UNSUPPORTED, "%s: texts in %zu dimensions; it must be 1 or 2",
                       source->label, npy->array.rank);
    return tp_array_measure(source, &npy->array, npy->size);
}

/* ---- columns ---- */

struct column {
    struct tp_words words;
    uint32_t *codes;
};

static struct column *make_columns(struct tp_table *table, size_t columns, size_t rows) {
    struct column *made = tp_table_allocate(table, tp_size_mul(columns, sizeof *made));
    for (size_t i = 0; made && i < columns; i++) {
        made[i] = (struct column){.codes = tp_table_allocate(table, tp_size_mul(rows, sizeof *made[i].codes))};
        if (!made[i].codes)
            return NULL;
    }
    return made;
}

/* A text that is new becomes one of the table's. */
static tp_status add_word(struct tp_table *table, struct tp_words *words, const char *text, size_t length,
                          uint32_t *code) {
    const size_t known = words->count;
    *code = tp_words_add(table->context, words, text, length);
    if (*code != TP_NO_WORD && words->count == known)
        return TP_OK;
    char *copy = *code == TP_NO_WORD ? NULL : tp_table_allocate(table, tp_size_add(length, 1));
    if (!copy)
        return tp_fail_allocation(table->context, table->path, length);
    memcpy(copy, text, length);
    copy[length] = '\0';
    words->words[*code].text = copy;
    return TP_OK;
}

static tp_status set_field(struct tp_table *table, const struct column *column, struct tp_field *field) {
    const size_t size = tp_size_mul(column->words.count + 1, sizeof(char *));
    const char **list = tp_table_allocate(table, size);
    if (!list)
        return tp_fail_allocation(table->context, table->path, size);
    for (size_t i = 0; i < column->words.count; i++)
        list[i] = column->words.words[i].text;
    field->codes = column->codes;
    field->words = list;
    field->word_count = column->words.count;
    return TP_OK;
}

/* An empty text is a missing one. */
static tp_status read_columns(struct tp_source *source, const struct tp_npy *npy, struct tp_table *table,
                              struct column *columns) {
    char text[MAX_TEXT];
    const struct tp_array *array = &npy->array;
    const size_t rows = array->dims[0], count = array->elements / rows;
    tp_status status = TP_OK;
    for (size_t i = 0; !status && i < array->elements; i++) {
        const size_t row = array->fortran ? i % rows : i / count, column = array->fortran ? i / rows : i % count;
        size_t length = 0;
        columns[column].codes[row] = TP_NO_WORD;
        status = read_text(source, npy, text, &length);
        if (!status && length)
            status = add_word(table, &columns[column].words, text, length, &columns[column].codes[row]);
    }
    return status ? status : tp_source_end(source);
}

static tp_status append(struct tp_table *table, const struct column *columns, size_t count) {
    struct tp_field *fields = tp_table_append(table, count);
    tp_status status = fields ? TP_OK : TP_ERR_MEMORY;
    for (size_t i = 0; !status && i < count; i++)
        status = set_field(table, &columns[i], &fields[i]);
    return status;
}

tp_status tp_text_array_append(struct tp_source *source, struct tp_npy *npy, struct tp_table *table) {
    tp_status status = check(source, npy);
    if (status)
        return status;
    const size_t rows = npy->array.dims[0], count = npy->array.elements / rows;
    struct column *columns = make_columns(table, count, rows);
    if (!columns)
        return tp_fail_allocation(source->context, source->label, tp_size_mul(npy->array.elements, sizeof(uint32_t)));
    status = read_columns(source, npy, table, columns);
    if (!status)
        status = tp_array_check_rows(source, table, rows);
    if (!status)
        status = append(table, columns, count);
    for (size_t i = 0; i < count; i++)
        tp_words_release(table->context, &columns[i].words);
    if (!status)
        table->rows = rows;
    return status;
}

/* ---- lists ---- */

tp_status tp_text_array_list(struct tp_source *source, struct tp_npy *npy, struct tp_table *table,
                             const char ***texts) {
    char text[MAX_TEXT];
    tp_status status = check(source, npy);
    if (status)
        return status;
    const size_t count = npy->array.elements;
    const char **list = tp_table_allocate(table, tp_size_mul(count, sizeof *list));
    for (size_t i = 0; list && !status && i < count; i++) {
        size_t length = 0;
        status = read_text(source, npy, text, &length);
        char *copy = status ? NULL : tp_table_allocate(table, length + 1);
        if (copy)
            memcpy(copy, text, length), copy[length] = '\0', list[i] = copy;
        else if (!status)
            list = NULL;
    }
    if (!list)
        return tp_fail_allocation(source->context, source->label, tp_size_mul(count, sizeof *list));
    *texts = list;
    return status ? status : tp_source_end(source);
}
