/* SPDX-License-Identifier: BSD-3-Clause */
/* Where a path leads: a name in a directory that is held open, so that it stays the same whatever is renamed. */
#ifndef TP_IO_PLACE_H
#define TP_IO_PLACE_H

#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>

struct tp_place {
    int directory;           /* a descriptor */
    bool syncable;           /* the directory may be read, so that it can be synced */
    bool linked;             /* the path is a symbolic link to this place */
    bool exists;             /* something is there: */
    struct statx facts;      /* about it */
    char name[NAME_MAX + 1]; /* not that of a symbolic link */
};

/* Why a path leads nowhere: what cannot be done and errno, or with 0 what is the matter. what is NULL if nothing is. */
struct tp_problem {
    const char *what;
    int error;
};

/* Follows symbolic links but, as Linux usually does, not those that another user made in a directory in which everybody
 * may make some. */
struct tp_problem tp_place_find(const char *path, struct tp_place *place);
void tp_place_leave(const struct tp_place *place);

/* Whether it is one file, or one name that is free, as things are now. */
bool tp_place_same(const struct tp_place *a, const struct tp_place *b);

#endif
