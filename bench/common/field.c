/* SPDX-License-Identifier: BSD-3-Clause */
#include "field.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct bench_contestant *enter(struct bench_field *field, const char *label, const struct bench_library *library,
                                      int threads) {
    struct bench_contestant *contestant = &field->contestant[field->count++];
    snprintf(contestant->label, sizeof contestant->label, "%s", label);
    contestant->library = library;
    contestant->threads = threads;
    return contestant;
}

static bool is_listed(const char *name, const char *names) {
    const size_t length = strlen(name);
    for (const char *at = names; length && (at = strstr(at, name)); at += length)
        if ((at == names || at[-1] == ' ') && strchr(" ,", at[length]))
            return true;
    return false;
}

/* entry: NAME or NAME=FILE. False if the name is unknown. */
static bool enter_peer(struct bench_field *field, char *entry, const char *names, int threads) {
    char *file = strchr(entry, '=');
    if (file)
        *file++ = '\0';
    const struct bench_library *library = is_listed(entry, names) ? bench_library_find(entry) : NULL;
    if (!library)
        return false;
    int earlier = 0;
    for (int p = 0; p < field->count; p++)
        earlier += field->contestant[p].library == library;
    char label[32];
    snprintf(label, sizeof label, earlier ? "%.16s-%d" : "%.16s", entry, earlier + 1);
    struct bench_contestant *contestant = enter(field, label, library, threads);
    if (file)
        snprintf(contestant->file, sizeof contestant->file, "%s", file);
    return true;
}

const char *bench_field_enter(struct bench_field *field, char *peers, const char *names, int threads) {
    enter(field, BENCH_PEAK, NULL, threads);
    enter(field, bench_tileprop.name, &bench_tileprop, threads);
    if (threads > 1) {
        field->single = field->count;
        enter(field, "one thread", &bench_tileprop, 1);
    }
    for (char *entry = strtok(peers, ","); entry; entry = strtok(NULL, ",")) {
        if (field->count == BENCH_MAX_CONTESTANTS)
            return "too many peers";
        if (!enter_peer(field, entry, names, threads))
            return names;
    }
    return NULL;
}

static void report_start(const struct bench_contestant *contestant, const char *isa) {
    if (!contestant->present) {
        fprintf(stderr, "%s: %s is ABSENT: %s\n", program_invocation_short_name, contestant->label,
                contestant->info.problem);
        return;
    }
    const char *core = contestant->library ? bench_library_core(contestant->library, isa) : NULL;
    if (core && strcmp(core, contestant->info.core) != 0)
        fprintf(stderr, "%s: %s was told to run as %s, but runs as %s\n", program_invocation_short_name,
                contestant->label, core, contestant->info.core);
}

bool bench_field_start(struct bench_field *field, const char *isa, const cpu_set_t *processors) {
    for (int p = 0; p < field->count; p++) {
        struct bench_contestant *contestant = &field->contestant[p];
        if (field->started && !contestant->present)
            continue;
        if (!bench_contestant_start(contestant, isa, processors) || !field->started)
            report_start(contestant, isa);
    }
    field->started = true;
    return field->contestant[BENCH_AT_PEAK].alive && field->contestant[BENCH_AT_OWN].alive &&
           field->contestant[field->single].alive;
}

void bench_field_stop(struct bench_field *field) {
    for (int p = 0; p < field->count; p++)
        bench_contestant_stop(&field->contestant[p]);
}
