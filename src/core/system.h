/* SPDX-License-Identifier: BSD-3-Clause */
/* Texts of the system: files of /proc and /sys, which are read without allocating and whatever their size. */
#ifndef TP_CORE_SYSTEM_H
#define TP_CORE_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>

/* The start of a file as a string, cut to size; false and "" if there is none. */
bool tp_system_text(const char *path, char *text, size_t size);

#define TP_LINE_SIZE 4096

/* Who has a file open by this holds off cancellation (tp_cancel_hold). */
struct tp_lines {
    int file;
    size_t begin, end; /* what was read and not yet given */
    char text[TP_LINE_SIZE];
};

bool tp_lines_open(struct tp_lines *lines, const char *path);
void tp_lines_close(struct tp_lines *lines);

/* The next line without its end, until the next call; NULL after the last. Those that do not fit are left out. */
char *tp_lines_next(struct tp_lines *lines);

#endif
