/* SPDX-License-Identifier: BSD-3-Clause */
/* Texts of a column, each kept once and numbered in the order in which they first occur. */
#ifndef TP_IO_WORDS_H
#define TP_IO_WORDS_H

#include "table/table.h"

struct tp_words {
    struct tp_table *table; /* owns the texts */
    const char **words;
    size_t count;
    size_t room;     /* of words */
    uint32_t *slots; /* a hash table of numbers + 1, 0: free; twice as many as room */
};

/* The number of a text of this length, which need not end with a zero; TP_ERR_MEMORY. */
tp_status tp_words_add(struct tp_words *words, const char *text, size_t length, uint32_t *code);

#endif
