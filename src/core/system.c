/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/system.h"
#include "core/cancel.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

bool tp_system_text(const char *path, char *text, size_t size) {
    const int cancel = tp_cancel_hold();
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t count = file < 0 ? -1 : read(file, text, size - 1);
    if (file >= 0)
        close(file);
    tp_cancel_restore(cancel);
    text[count > 0 ? count : 0] = '\0';
    return count > 0;
}

bool tp_lines_open(struct tp_lines *lines, const char *path) {
    lines->begin = lines->end = 0;
    lines->file = open(path, O_RDONLY | O_CLOEXEC);
    return lines->file >= 0;
}

void tp_lines_close(struct tp_lines *lines) {
    close(lines->file);
}

/* More of the file behind what is left, which is moved to the front. */
static bool read_more(struct tp_lines *lines) {
    lines->end -= lines->begin;
    memmove(lines->text, lines->text + lines->begin, lines->end);
    lines->begin = 0;
    const ssize_t count = read(lines->file, lines->text + lines->end, sizeof lines->text - lines->end);
    if (count > 0)
        lines->end += (size_t)count;
    return count > 0;
}

char *tp_lines_next(struct tp_lines *lines) {
    bool fits = true;
    for (;;) {
        char *line = lines->text + lines->begin;
        char *end = memchr(line, '\n', lines->end - lines->begin);
        if (end) {
            lines->begin = (size_t)(end + 1 - lines->text);
            *end = '\0';
            if (fits)
                return line;
            fits = true;
        } else {
            if (lines->end - lines->begin == sizeof lines->text)
                fits = false, lines->begin = lines->end;
            if (!read_more(lines))
                return NULL;
        }
    }
}
