/* SPDX-License-Identifier: BSD-3-Clause */
/* Layout of a guarded buffer: padding, struct guard, canary, data, canary. The data decide the alignment. */
#include "support.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CANARY 0xa5
#define CANARY_SIZE 256

struct guard {
    void *block;
    size_t size; /* of the data in bytes */
};

#define HEAD (CANARY_SIZE + sizeof(struct guard))

float *tp_test_guarded(size_t n, size_t misalign_bytes) {
    const struct guard guard = {malloc(n * sizeof(float) + misalign_bytes + HEAD + CANARY_SIZE + 64),
                                n * sizeof(float)};
    cr_assert_not_null(guard.block);
    const uintptr_t earliest = (uintptr_t)guard.block + HEAD;
    unsigned char *data = (unsigned char *)guard.block + HEAD + (64 - earliest % 64) % 64 + misalign_bytes;
    memcpy(data - HEAD, &guard, sizeof guard);
    memset(data - CANARY_SIZE, CANARY, CANARY_SIZE);
    memset(data, 0xff, guard.size);
    memset(data + guard.size, CANARY, CANARY_SIZE);
    return (float *)(void *)data;
}

static struct guard guard_of(const float *guarded) {
    struct guard guard;
    memcpy(&guard, (const unsigned char *)guarded - HEAD, sizeof guard);
    return guard;
}

static bool canary_intact(const unsigned char *canary, const char *where) {
    for (int i = 0; i < CANARY_SIZE; i++) {
        if (canary[i] != CANARY) {
            fprintf(stderr, "canary %s the buffer overwritten at byte %d of %d\n", where, i, CANARY_SIZE);
            return false;
        }
    }
    return true;
}

bool tp_test_guard_intact(const float *guarded) {
    const unsigned char *data = (const unsigned char *)guarded;
    return canary_intact(data - CANARY_SIZE, "before") && canary_intact(data + guard_of(guarded).size, "after");
}

void tp_test_guarded_free(float *guarded) {
    if (guarded) {
        cr_assert(tp_test_guard_intact(guarded));
        free(guard_of(guarded).block);
    }
}
