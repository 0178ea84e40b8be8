/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_IO_NUMBER_H
#define TP_IO_NUMBER_H

#include <stdbool.h>
#include <stddef.h>

/* A decimal number, inf or nan that takes up the whole text of this length, rounded to nearest; in any locale the
 * decimal separator is a point. */
bool tp_parse_number(const char *text, size_t length, double *value);

#endif
