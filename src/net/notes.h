/* SPDX-License-Identifier: BSD-3-Clause */
/* Notes of a model: texts by name. */
#ifndef TP_NET_NOTES_H
#define TP_NET_NOTES_H

#include "core/context.h"

#include <string.h>

#define TP_NOTE_PREFIX "note." /* of every name */

struct tp_notes {
    char **note; /* count of them in the order of names, each a block with a name and, behind its zero, a text */
    size_t count, room;
    size_t bytes; /* of names and texts without their zeros */
};

static inline bool tp_is_note(const char *name) {
    return !strncmp(name, TP_NOTE_PREFIX, strlen(TP_NOTE_PREFIX));
}

static inline const char *tp_note_text(const char *note) {
    return note + strlen(note) + 1;
}

/* Bytes of a note, as they are counted. */
size_t tp_note_bytes(const char *name, const char *text);

/* Why this cannot be a note besides others of so many bytes; NULL: it can. */
const char *tp_note_problem(const char *name, const char *text, size_t others);

/* Sets a note that has no problem; NULL removes it. what needs the memory, in messages. After a failure nothing has
 * changed. */
tp_status tp_notes_set(const struct tp_context *context, const char *what, struct tp_notes *notes, const char *name,
                       const char *text);
void tp_notes_release(const struct tp_context *context, const struct tp_notes *notes);

#endif
