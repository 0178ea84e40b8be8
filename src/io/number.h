/* SPDX-License-Identifier: BSD-3-Clause */
/* Decimal numbers in texts, correctly rounded; in any locale the separator is a point. */
#ifndef TP_IO_NUMBER_H
#define TP_IO_NUMBER_H

#include <locale.h>
#include <stdbool.h>

/* The number, or infinity, at the beginning of the text; returns where it ends, or begin if there is none. locale is
 * that named "C". */
char *tp_take_number(char *begin, locale_t locale, double *value);

/* A number, inf or nan that takes up the whole text. */
bool tp_parse_number(char *text, double *value);

#endif
