/* SPDX-License-Identifier: BSD-3-Clause */
/* Arrays of texts: NumPy's types S and U. */
#ifndef TP_IO_TEXT_ARRAY_H
#define TP_IO_TEXT_ARRAY_H

#include "io/npy.h"

/* Reads the texts after the header to the end of the source; each column of the array becomes one of the table. */
tp_status tp_text_array_append(struct tp_source *source, struct tp_npy *npy, struct tp_table *table);

/* The same for one list of texts, which the table owns. */
tp_status tp_text_array_list(struct tp_source *source, struct tp_npy *npy, struct tp_table *table, const char ***texts);

#endif
