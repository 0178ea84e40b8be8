/* SPDX-License-Identifier: BSD-3-Clause */
#include "gemm_shape.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

double gemm_shape_gflop(const struct gemm_shape *shape) {
    return 2e-9 * (double)shape->m * (double)shape->n * (double)shape->k;
}

static void set_group(struct gemm_shape *shape, const char *path) {
    const char *slash = strrchr(path, '/');
    snprintf(shape->group, sizeof shape->group, "%s", slash ? slash + 1 : path);
    shape->group[strcspn(shape->group, ".")] = '\0';
}

static bool in_range(size_t x) {
    return x >= 1 && x <= GEMM_LARGEST;
}

static bool parse(struct gemm_shape *shape, const char *line) {
    int transpose_a, transpose_b, end = 0;
    if (sscanf(line, "%31s %zu %zu %zu %d %d %n", shape->name, &shape->m, &shape->n, &shape->k, &transpose_a,
               &transpose_b, &end) != 6)
        return false;
    shape->transpose_a = transpose_a == 1;
    shape->transpose_b = transpose_b == 1;
    return line[end] == '\0' && in_range(shape->m) && in_range(shape->n) && in_range(shape->k) &&
           (transpose_a | 1) == 1 && (transpose_b | 1) == 1;
}

static bool append(struct gemm_shapes *shapes, const struct gemm_shape *shape) {
    struct gemm_shape *grown = realloc(shapes->shape, (shapes->count + 1) * sizeof *grown);
    if (!grown)
        return false;
    grown[shapes->count] = *shape;
    *shapes = (struct gemm_shapes){grown, shapes->count + 1};
    return true;
}

static bool read_lines(struct gemm_shapes *shapes, FILE *file, const char *path, double limit) {
    char line[256];
    for (int number = 1; fgets(line, sizeof line, file); number++) {
        line[strcspn(line, "#\n")] = '\0';
        if (line[strspn(line, " \t")] == '\0')
            continue;
        struct gemm_shape shape;
        if (!parse(&shape, line)) {
            fprintf(stderr, "bench_gemm: %s:%d: not 'name M N K transA transB' with sizes from 1 to %d and 0 or 1\n",
                    path, number, GEMM_LARGEST);
            return false;
        }
        set_group(&shape, path);
        if (gemm_shape_gflop(&shape) <= limit && !append(shapes, &shape)) {
            fprintf(stderr, "bench_gemm: out of memory\n");
            return false;
        }
    }
    return true;
}

bool gemm_shapes_read(struct gemm_shapes *shapes, const char *path, double limit) {
    FILE *file = fopen(path, "r");
    if (!file) {
        fprintf(stderr, "bench_gemm: %s: %s\n", path, strerror(errno));
        return false;
    }
    const bool done = read_lines(shapes, file, path, limit);
    fclose(file);
    return done;
}
