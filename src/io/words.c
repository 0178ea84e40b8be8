/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/words.h"

#include "core/memory.h"

#include <string.h>

#define FIRST_ROOM 16

static uint64_t hash(const char *text, size_t length) {
    uint64_t value = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
    for (size_t i = 0; i < length; i++)
        value = (value ^ (unsigned char)text[i]) * UINT64_C(0x100000001b3);
    return value ^ value >> 32;
}

/* The slot of this text, or the free one where it belongs. */
static uint32_t *find_slot(const struct tp_words *words, const char *text, size_t length) {
    const size_t mask = 2 * words->room - 1;
    for (size_t i = hash(text, length) & mask;; i = (i + 1) & mask) {
        const uint32_t taken = words->slots[i];
        if (!taken || (!strncmp(words->words[taken - 1], text, length) && !words->words[taken - 1][length]))
            return &words->slots[i];
    }
}

/* The arrays before stay the table's until it is released: together they are no larger than the last. */
static tp_status grow(struct tp_words *words) {
    const size_t room = words->room ? 2 * words->room : FIRST_ROOM;
    const char **texts = tp_table_allocate(words->table, tp_size_mul(room, sizeof *texts));
    uint32_t *slots = tp_table_allocate(words->table, tp_size_mul(2 * room, sizeof *slots));
    if (!texts || !slots)
        return tp_fail_allocation(words->table->context, words->table->path, tp_size_mul(room, sizeof *texts));
    if (words->count)
        memcpy(texts, words->words, words->count * sizeof *texts);
    memset(slots, 0, 2 * room * sizeof *slots);
    words->words = texts;
    words->slots = slots;
    words->room = room;
    for (size_t i = 0; i < words->count; i++)
        *find_slot(words, texts[i], strlen(texts[i])) = (uint32_t)i + 1;
    return TP_OK;
}

static tp_status keep(struct tp_words *words, const char *text, size_t length) {
    char *copy = tp_table_allocate(words->table, tp_size_add(length, 1));
    if (!copy)
        return tp_fail_allocation(words->table->context, words->table->path, length);
    memcpy(copy, text, length);
    copy[length] = '\0';
    words->words[words->count++] = copy;
    return TP_OK;
}

tp_status tp_words_add(struct tp_words *words, const char *text, size_t length, uint32_t *code) {
    tp_status status = words->count == words->room ? grow(words) : TP_OK;
    if (status)
        return status;
    uint32_t *slot = find_slot(words, text, length);
    if (!*slot) {
        if (words->count == TP_NO_WORD - 1)
            return tp_fail(words->table->context, TP_ERR_FORMAT, "%s: more than %zu different texts in a column",
                           words->table->path, words->count);
        status = keep(words, text, length);
        *slot = status ? 0 : (uint32_t)words->count;
    }
    *code = *slot - 1;
    return status;
}
