/* SPDX-License-Identifier: BSD-3-Clause */
#include "nearest.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define LENGTH_MAX 63 /* longer words get no suggestion */

static size_t smaller(size_t a, size_t b) {
    return a < b ? a : b;
}

/* Levenshtein distance; case counts nothing. row[j] is the distance between the first i letters of a and the first j
 * letters of b. */
static size_t edit_distance(const char *a, const char *b) {
    size_t row[LENGTH_MAX + 1];
    const size_t b_length = strlen(b);
    for (size_t j = 0; j <= b_length; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            const size_t replaced = diagonal + (tolower((unsigned char)a[i - 1]) != tolower((unsigned char)b[j - 1]));
            diagonal = row[j];
            row[j] = smaller(replaced, smaller(row[j], row[j - 1]) + 1);
        }
    }
    return row[b_length];
}

struct nearest nearest_to(const char *wanted) {
    return (struct nearest){wanted, NULL, strlen(wanted) / 3 + 2};
}

/* At most so far from what was wanted. */
static void offer(struct nearest *nearest, const char *candidate, const char *meant, size_t most) {
    if (strlen(candidate) > LENGTH_MAX || strlen(nearest->wanted) > LENGTH_MAX)
        return;
    const size_t distance = edit_distance(nearest->wanted, candidate);
    if (distance < nearest->distance && distance <= most) {
        nearest->best = meant;
        nearest->distance = distance;
    }
}

void nearest_offer(struct nearest *nearest, const char *candidate) {
    offer(nearest, candidate, candidate, LENGTH_MAX);
}

void nearest_offer_words(struct nearest *nearest, const char *words, const char *meant) {
    while (words && *words) {
        const size_t length = strcspn(words, " ");
        char word[LENGTH_MAX + 1];
        snprintf(word, sizeof word, "%.*s", (int)length, words);
        offer(nearest, word, meant, length / 3); /* some are so short that they resemble everything */
        words += length + (words[length] == ' ');
    }
}
