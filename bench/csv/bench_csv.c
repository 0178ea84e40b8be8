/* SPDX-License-Identifier: BSD-3-Clause */
/* bench_csv FILE [THREADS]: reads a CSV file; prints its rows and columns and the seconds that it took. */
#include "../src/io/format.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

int main(int argc, char **argv) {
    tp_context_options options = {.struct_size = sizeof options, .threads = argc > 2 ? atoi(argv[2]) : 0};
    const struct tp_read_options read = {0};
    tp_context *context;
    char message[1024];
    if (argc < 2 || tp_context_create(&options, &context))
        return 1;
    struct tp_table table = {.context = context, .path = argv[1]};
    const double begin = seconds();
    const tp_status status = tp_csv_format.read(argv[1], &read, &table);
    const double end = seconds();
    tp_context_message(context, message, sizeof message);
    if (status)
        fprintf(stderr, "bench_csv: %s\n", message);
    else
        printf("tileprop %zu x %zu: %.3f s\n", table.rows, table.count, end - begin);
    tp_table_release(&table);
    tp_context_destroy(context);
    return status != TP_OK;
}
