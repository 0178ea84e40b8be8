/* SPDX-License-Identifier: BSD-3-Clause */
/* Different texts of a column, numbered in the order in which they first occur. */
#ifndef TP_IO_WORDS_H
#define TP_IO_WORDS_H

#include "table/table.h"

struct tp_word {
    const char *text; /* need not be terminated; the caller's */
    size_t size;
    uint64_t hash;
};

/* Begins as zeros. */
struct tp_words {
    struct tp_word *words;
    uint32_t *slots;
    size_t count, room; /* of words; there are twice as many slots */
};

/* The number of this word, which stays where it is; TP_NO_WORD: no memory. */
uint32_t tp_words_add(const struct tp_context *context, struct tp_words *words, const char *text, size_t size);
void tp_words_release(const struct tp_context *context, struct tp_words *words);

#endif
