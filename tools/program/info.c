/* SPDX-License-Identifier: BSD-3-Clause */
#include "command.h"
#include "report.h"
#include "session.h"

#include <stdlib.h>
#include <string.h>

struct info_options {
    struct machine_options machine;
    bool json;
};

#define OPTION_STRUCT struct info_options
static const struct option_row rows[] = {OPTION_ROW_THREADS, OPTION_ROW_ISA, OPTION_ROW_JSON, {0}};

static void defaults(void *values) {
    *(struct info_options *)values = (struct info_options){0};
}

static void print_size(const char *name, size_t bytes) {
    if (!bytes)
        printf("%s unknown", name);
    else if (bytes % (1 << 20))
        printf("%s %zu KiB", name, bytes >> 10);
    else
        printf("%s %zu MiB", name, bytes >> 20);
}

static void print_text(const tp_machine *machine, const tp_context *context) {
    printf("version     tileprop %s, SLEEF %s, jansson %s\n", tp_version(), machine->sleef, jansson_version_str());
    printf("cpu         %s\n", machine->vendor);
    printf("features    %s\n", machine->features);
    printf("isa         %s\n", machine->isa);
    printf("usable      %s\n", machine->usable);
    printf("bf16        %s (of %s)\n", tp_context_bf16(context), machine->bf16);
    printf("tile        %zu x %zu\n", machine->tile_rows, machine->tile_columns);
    printf("blocking    MC %zu, KC %zu, NC %zu\n", machine->mc, machine->kc, machine->nc);
    print_size("caches      L1d", machine->l1d);
    print_size(", L2", machine->l2);
    print_size(", L3", machine->l3);
    printf("\nthreads     %d (%d processors", tp_context_threads(context), machine->processors);
    if (machine->quota)
        printf(", a quota of %d", machine->quota);
    printf(")\n");
    printf("threading   %s\n", machine->threading);
    printf("arithmetic  %s\n", machine->floating_point);
}

static json_t *words(const char *text) {
    json_t *list = report_list();
    while (*(text += strspn(text, " "))) {
        const size_t length = strcspn(text, " ");
        report_append(list, json_stringn(text, length));
        text += length;
    }
    return list;
}

static void print_json(const tp_machine *machine, const tp_context *context) {
    json_t *report = report_new();
    report_text(report, "version", tp_version());
    report_text(report, "sleef", machine->sleef);
    report_text(report, "jansson", jansson_version_str());
    report_text(report, "vendor", machine->vendor);
    report_member(report, "features", words(machine->features));
    report_context(report, context);
    report_member(report, "usable", words(machine->usable));
    report_text(report, "bf16", tp_context_bf16(context));
    report_member(report, "bf16_usable", words(machine->bf16));
    report_integer(report, "tile_rows", machine->tile_rows);
    report_integer(report, "tile_columns", machine->tile_columns);
    report_integer(report, "mc", machine->mc);
    report_integer(report, "kc", machine->kc);
    report_integer(report, "nc", machine->nc);
    report_integer(report, "l1d_bytes", machine->l1d);
    report_integer(report, "l2_bytes", machine->l2);
    report_integer(report, "l3_bytes", machine->l3);
    report_integer(report, "processors", (uint64_t)machine->processors);
    report_text(report, "threading", machine->threading);
    report_integer(report, "quota", (uint64_t)machine->quota);
    report_text(report, "floating_point", machine->floating_point);
    report_write(report, stdout);
}

static int print_info(const struct session *session, const struct info_options *options) {
    const tp_machine *machine = tp_context_machine(session->context);
    if (options->json)
        print_json(machine, session->context);
    else
        print_text(machine, session->context);
    return EXIT_SUCCESS;
}

static int run(int argc, char **argv) {
    struct info_options options;
    int code = options_parse(&info_command, argc, argv, &options);
    if (code != OPTIONS_PARSED)
        return code;
    struct session session;
    code = session_open(&session, &options.machine);
    if (!code)
        code = print_info(&session, &options);
    session_close(&session);
    return code;
}

static const struct report_key report_keys[] = {
    {"version", "of tileprop"},
    {"sleef", "version of SLEEF"},
    {"jansson", "version of jansson"},
    {"vendor", "of the processor"},
    {"features", "list of those that are detected and usable"},
    {"isa", "instruction set in use"},
    {"threads", "at most so many"},
    {"usable", "list of instruction sets, best first"},
    {"bf16", "how products in bf16 are computed"},
    {"bf16_usable", "list of ways to do so, best first"},
    {"tile_rows", "of the microkernel"},
    {"tile_columns", "of the microkernel"},
    {"mc", "rows in a block of the matrix product"},
    {"kc", "its k steps"},
    {"nc", "its columns"},
    {"l1d_bytes", "cache; 0: unknown"},
    {"l2_bytes", "likewise"},
    {"l3_bytes", "likewise"},
    {"processors", "that the process may run on"},
    {"threading", "OpenMP or none"},
    {"quota", "processors whose time control groups leave to the process; 0: no limit"},
    {"floating_point", "default, or what is not"},
    {0},
};

static const struct report_keys keys[] = {{"JSON keys", report_keys}, {0}};

const struct command info_command = {
    .name = "info",
    .also = "cpu machine",
    .summary = "Show the CPU, the instruction set in use, tile sizes, threads and versions",
    .example = "tileprop info",
    .usage = "[OPTION...]",
    .about = "The instruction set and the threads are those that other subcommands would use.\n",
    .keys = keys,
    .rows = rows,
    .values_size = sizeof(struct info_options),
    .defaults = defaults,
    .run = run,
};
