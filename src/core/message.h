/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_CORE_MESSAGE_H
#define TP_CORE_MESSAGE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* A %s is shown in so many bytes; a longer one loses its middle, because a path ends with what tells files apart. */
#define TP_SHOWN_SIZE 300

/*
 * vsnprintf for messages: %s, and d, u, x and g with flags, width and z, l or ll. What a %s brings may come from a file
 * or a user and cannot forge lines or send commands to a terminal: UTF-8 text stays as it is, but for control
 * characters, line separators and what changes the direction of text; each byte of these, or of what is not UTF-8, is
 * shown as \xNN.
 */
void tp_format(char *text, size_t size, const char *format, va_list list);

/* Bytes of the UTF-8 character that text, which is not empty, begins with; 0 if it begins with none. */
size_t tp_decode(const char *text, uint32_t *character);

/* A string that is a whole message: it is shown in up to size - 1 bytes. */
void tp_show(char *text, size_t size, const char *string);

#endif
