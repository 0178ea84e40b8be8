/* SPDX-License-Identifier: BSD-3-Clause */
/* Writes zip archives of members that are not compressed, each with its bytes at a multiple of ZIP_ALIGNMENT in the
 * file, so that readers can map them. libzip cannot place them, and it needs a member's bytes again to write them. */
#ifndef TILEPROP_TOOLS_ZIP_H
#define TILEPROP_TOOLS_ZIP_H

#include "session.h"

#define ZIP_ALIGNMENT 64
#define ZIP_MEMBERS 6
#define ZIP_NAME 96

struct zip_member {
    char name[ZIP_NAME];
    uint64_t offset, size;
    uint32_t crc;
};

struct zip {
    const struct session *session;
    tp_output *output;
    uint64_t offset; /* bytes written so far */
    size_t count;
    struct zip_member member[ZIP_MEMBERS];
};

/* These return an exit code; they have said why. A member lasts from its begin to its end. */
int zip_begin(struct zip *zip, const char *name);
int zip_write(struct zip *zip, const void *data, size_t size);
int zip_end(struct zip *zip);

/* Writes the directory of the members behind them. */
int zip_finish(struct zip *zip);

#endif
