/* SPDX-License-Identifier: BSD-3-Clause */
/* "Did you mean": the candidate with the smallest edit distance to a misspelt name. */
#ifndef TILEPROP_TOOLS_NEAREST_H
#define TILEPROP_TOOLS_NEAREST_H

#include <stddef.h>

struct nearest {
    const char *wanted;
    const char *best; /* NULL while nothing offered is close enough to be worth suggesting */
    size_t distance;
};

struct nearest nearest_to(const char *wanted);
void nearest_offer(struct nearest *nearest, const char *candidate);

/* Suggests meant to who typed something like one of the words, which have blanks between them; NULL: none. */
void nearest_offer_words(struct nearest *nearest, const char *words, const char *meant);

#endif
