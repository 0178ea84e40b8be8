/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BENCH_MEMORY_H
#define BENCH_MEMORY_H

#include <stddef.h>

/* Zeros, at the beginning of a cache line; for every contestant, from 4 MiB on, in huge pages, as tileprop allocates
 * for itself. Ends the process if there is no memory: whoever reads its results sees that. Release with free. */
void *bench_allocate(size_t size);

#endif
