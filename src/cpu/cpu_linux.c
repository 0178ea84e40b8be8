/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/system.h"
#include "cpu/cpu.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CACHES 16 /* more than any processor has */
#define TEXT 32

/* The start of DIRECTORY/index<INDEX>/NAME. */
static bool read_text(const char *directory, int index, const char *name, char text[TEXT]) {
    char path[PATH_MAX];
    const int length = snprintf(path, sizeof path, "%s/index%d/%s", directory, index, name);
    return length > 0 && (size_t)length < sizeof path && tp_system_text(path, text, TEXT);
}

/* "48K" */
static size_t size_of(const char *text) {
    char *end;
    const unsigned long count = strtoul(text, &end, 10);
    const int shift = *end == 'K' ? 10 : *end == 'M' ? 20 : *end == 'G' ? 30 : 0;
    return count <= SIZE_MAX >> shift ? count << shift : 0;
}

void tp_cpu_read_caches(const char *directory, struct tp_cpu *cpu) {
    size_t *const levels[] = {&cpu->l1d, &cpu->l2, &cpu->l3};
    for (int i = 0; i < CACHES; i++) {
        char type[TEXT], level[TEXT], size[TEXT];
        if (!read_text(directory, i, "type", type) || !read_text(directory, i, "level", level) ||
            !read_text(directory, i, "size", size))
            continue;
        if (strncmp(type, "Instruction", strlen("Instruction")) != 0 && level[0] >= '1' && level[0] <= '3')
            *levels[level[0] - '1'] = size_of(size);
    }
}
