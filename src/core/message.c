/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/message.h"

#include "core/size.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define DOTS "..."
#define HEAD 100 /* of what is shown of a long string; the rest is its tail */

struct line {
    char *next;
    size_t left; /* with the terminator */
};

static void put(struct line *line, const char *text, size_t size) {
    if (size >= line->left) /* so that a character is there as a whole or not */
        size = 0, line->left = 1;
    memcpy(line->next, text, size);
    line->next += size;
    line->left -= size;
}

/* ---- strings ---- */

static const struct {
    uint32_t first, last;
} unprintable[] = {{0, 0x1f},        {0x7f, 0x9f},     {0x61c, 0x61c},   {0x200e, 0x200f},
                   {0x2028, 0x202e}, {0x2066, 0x2069}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb}};

static bool is_printable(uint32_t character) {
    for (size_t i = 0; i < sizeof unprintable / sizeof *unprintable; i++)
        if (character >= unprintable[i].first && character <= unprintable[i].last)
            return false;
    return true;
}

size_t tp_decode(const char *text, uint32_t *character) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *byte = (const unsigned char *)text;
    const size_t size = byte[0] < 0x80 ? 1 : byte[0] < 0xc0 ? 0 : byte[0] < 0xe0 ? 2 : byte[0] < 0xf0 ? 3 : 4;
    uint32_t code = size > 1 ? byte[0] & (0x7fu >> size) : byte[0];
    for (size_t i = 1; i < size; i++) {
        if ((byte[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (byte[i] & 0x3f);
    }
    const bool surrogate = code >= 0xd800 && code <= 0xdfff;
    *character = code;
    return code >= least[size] && byte[0] < 0xf8 && code <= 0x10ffff && !surrogate ? size : 0;
}

struct shown {
    char text[5];
    size_t size; /* of text */
    size_t read; /* bytes that it stands for */
};

static struct shown show(const char *text) {
    struct shown shown;
    uint32_t character;
    shown.size = shown.read = tp_decode(text, &character);
    if (shown.read && is_printable(character)) {
        memcpy(shown.text, text, shown.size);
        return shown;
    }
    shown.read = 1;
    shown.size = (size_t)snprintf(shown.text, sizeof shown.text, "\\x%02x", (unsigned char)*text);
    return shown;
}

static size_t shown_size(const char *text) {
    size_t size = 0;
    for (struct shown s; *text; text += s.read) {
        s = show(text);
        size += s.size;
    }
    return size;
}

/* In so many bytes. */
static void put_string(struct line *line, const char *text, size_t most) {
    const size_t size = shown_size(text), tail = most - HEAD - (sizeof DOTS - 1);
    const bool all = size <= most;
    bool cut = false;
    size_t begin = 0;
    for (struct shown s; *text; text += s.read, begin += s.size) {
        s = show(text);
        if (all || begin + s.size <= HEAD || begin + tail >= size)
            put(line, s.text, s.size);
        else if (!cut)
            put(line, DOTS, sizeof DOTS - 1), cut = true;
    }
}

/* ---- formats ---- */

/* va_list may be an array, hence the struct. */
struct arguments {
    va_list list;
};

static void put_number(struct line *line, const char *specification, struct arguments *arguments) {
    char text[64];
    const size_t last = strlen(specification) - 1;
    int size = 0;
    if (specification[last] == 'g')
        size = snprintf(text, sizeof text, specification, va_arg(arguments->list, double));
    else if (specification[last - 1] == 'z')
        size = snprintf(text, sizeof text, specification, va_arg(arguments->list, size_t));
    else if (strstr(specification, "ll"))
        size = snprintf(text, sizeof text, specification, va_arg(arguments->list, long long));
    else if (specification[last - 1] == 'l')
        size = snprintf(text, sizeof text, specification, va_arg(arguments->list, long));
    else
        size = snprintf(text, sizeof text, specification, va_arg(arguments->list, int));
    put(line, text, (size_t)size);
}

/* format begins with a conversion; returns what follows it. */
static const char *put_conversion(struct line *line, const char *format, struct arguments *arguments) {
    const size_t size = strcspn(format, "sduxg") + 1;
    char specification[16];
    assert(size < sizeof specification && format[size - 1]);
    memcpy(specification, format, size);
    specification[size] = '\0';
    if (format[size - 1] == 's')
        put_string(line, va_arg(arguments->list, const char *), TP_SHOWN_SIZE);
    else
        put_number(line, specification, arguments);
    return format + size;
}

void tp_format(char *text, size_t size, const char *format, va_list list) {
    struct line line = {text, size};
    struct arguments arguments;
    va_copy(arguments.list, list);
    while (*format) {
        const size_t literal = strcspn(format, "%");
        put(&line, format, literal);
        format += literal;
        if (*format)
            format = put_conversion(&line, format, &arguments);
    }
    va_end(arguments.list);
    *line.next = '\0';
}

void tp_show(char *text, size_t size, const char *string) {
    struct line line = {text, size};
    put_string(&line, string, size - 1);
    *line.next = '\0';
}
