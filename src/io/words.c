/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/words.h"

#include "core/memory.h"

#include <string.h>

#define FIRST_ROOM 16

/* FNV-1a. */
static uint64_t hash_of(const char *text, size_t size) {
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (unsigned char)text[i]) * 0x100000001b3u;
    return hash ^ hash >> 32;
}

/* The slot of the word, or the free one for it. */
static size_t find(const struct tp_words *words, const struct tp_word *word) {
    const size_t mask = 2 * words->room - 1;
    size_t slot = (size_t)word->hash & mask;
    for (; words->slots[slot] != TP_NO_WORD; slot = (slot + 1) & mask) {
        const struct tp_word *other = &words->words[words->slots[slot]];
        if (other->hash == word->hash && other->size == word->size && !memcmp(other->text, word->text, word->size))
            break;
    }
    return slot;
}

static bool grow(const struct tp_context *context, struct tp_words *words) {
    struct tp_words larger = {.count = words->count, .room = words->room ? 2 * words->room : FIRST_ROOM};
    larger.words = tp_allocate(context, tp_size_mul(larger.room, sizeof *larger.words));
    larger.slots = tp_allocate(context, tp_size_mul(larger.room, 2 * sizeof *larger.slots));
    if (!larger.words || !larger.slots) {
        tp_words_release(context, &larger);
        return false;
    }
    memset(larger.slots, 0xff, larger.room * 2 * sizeof *larger.slots);
    if (words->count)
        memcpy(larger.words, words->words, words->count * sizeof *words->words);
    for (size_t i = 0; i < words->count; i++)
        larger.slots[find(&larger, &larger.words[i])] = (uint32_t)i;
    tp_words_release(context, words);
    *words = larger;
    return true;
}

uint32_t tp_words_add(const struct tp_context *context, struct tp_words *words, const char *text, size_t size) {
    const struct tp_word word = {text, size, hash_of(text, size)};
    if (words->count == words->room && (words->count >= TP_NO_WORD / 2 || !grow(context, words)))
        return TP_NO_WORD;
    const size_t slot = find(words, &word);
    if (words->slots[slot] == TP_NO_WORD) {
        words->words[words->count] = word;
        words->slots[slot] = (uint32_t)words->count++;
    }
    return words->slots[slot];
}

void tp_words_release(const struct tp_context *context, struct tp_words *words) {
    tp_release(context, words->words);
    tp_release(context, words->slots);
    *words = (struct tp_words){0};
}
