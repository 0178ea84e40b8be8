/* SPDX-License-Identifier: BSD-3-Clause */

#include "escape.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#define ESCAPE_LENGTH 4 /* \xNN */

void escape_init(void) {
    setlocale(LC_CTYPE, "C.UTF-8");
}

/* Bytes of the printable character at text; 0: there is none. */
static size_t printable(const char *text, size_t left) {
    wchar_t character;
    const size_t length = mbrtowc(&character, text, left, &(mbstate_t){0});
    return length <= left && iswprint((wint_t)character) ? length : 0;
}

char *escaped(const char *text) {
    const char *const end = text + strlen(text);
    char *const copy = malloc(ESCAPE_LENGTH * (size_t)(end - text) + 1);
    char *to = copy;
    while (copy && text < end) {
        const size_t length = printable(text, (size_t)(end - text));
        if (length)
            to = mempcpy(to, text, length);
        else
            to += snprintf(to, ESCAPE_LENGTH + 1, "\\x%02x", (unsigned char)*text);
        text += length ? length : 1;
    }
    if (copy)
        *to = '\0';
    return copy;
}
