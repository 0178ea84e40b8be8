/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ulp [--full] [--step N] [--bits] [--function NAME] [--isa NAME]
 *
 * Accuracy of the functions of support/ulp_functions.c: the largest error, where it is, the largest error among
 * denormal results, and a digest. Fails if an error is above the recorded one or above 4 units in the last place, if
 * instruction sets differ, or if a digest is recorded for this step and another came out. --full is --step 1: every
 * float, minutes per function; its errors are those of the public header. --bits leaves the errors out: that an
 * instruction set gives the recorded bits is known sooner.
 */
#include "cpu/dispatch.h"
#include "support/ulp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_ISAS 8
#define MAX_ULP 4.0

struct options {
    uint32_t step;
    bool bits;
    const char *function;
    const struct tp_isa *isas[MAX_ISAS];
    int isa_count;
};

static int usage(const char *problem, const char *what) {
    fprintf(stderr, "ulp: %s %s\nusage: ulp [--full] [--step N] [--bits] [--function NAME] [--isa NAME], N odd\n",
            problem, what);
    return 2;
}

static void add_isas(struct options *options, const struct tp_cpu *cpu) {
    char names[64];
    tp_isa_names(cpu, names, sizeof names);
    for (char *name = strtok(names, " "); name && options->isa_count < MAX_ISAS; name = strtok(NULL, " "))
        options->isas[options->isa_count++] = tp_isa_choose(cpu, name);
}

static bool parse_step(const char *text, uint32_t *step) {
    char *end;
    const unsigned long long value = strtoull(text, &end, 10);
    *step = (uint32_t)value;
    return *text != '\0' && *end == '\0' && value % 2 == 1 && value <= UINT32_MAX;
}

static int parse(int argc, char **argv, struct options *options) {
    const struct tp_cpu cpu = tp_cpu_detect();
    *options = (struct options){.step = 257};
    for (int i = 1; i < argc; i++) {
        const bool full = strcmp(argv[i], "--full") == 0, bits = strcmp(argv[i], "--bits") == 0;
        const char *value = full ? "1" : i + 1 < argc ? argv[i + 1] : "";
        if (full || strcmp(argv[i], "--step") == 0) {
            if (!parse_step(value, &options->step))
                return usage("not an odd number:", value);
        } else if (bits) {
            options->bits = true;
        } else if (strcmp(argv[i], "--function") == 0) {
            options->function = value;
        } else if (strcmp(argv[i], "--isa") == 0) {
            options->isas[0] = tp_isa_choose(&cpu, value);
            options->isa_count = 1;
            if (!options->isas[0])
                return usage("no such instruction set here:", value);
        } else {
            return usage("unknown option", argv[i]);
        }
        i += !full && !bits;
    }
    if (options->isa_count == 0)
        add_isas(options, &cpu);
    return 0;
}

static float float_of(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static void print_worst(const char *what, const struct ulp_worst *worst) {
    if (worst->error > 0)
        printf(", %s %.7g ULP at %.9g (0x%08x)", what, worst->error, (double)float_of(worst->at), (unsigned)worst->at);
}

static const char *verdict(const struct options *options, const struct ulp_function *f, const struct ulp_result *r) {
    const char *sha256 = ulp_recorded_digest(f, options->step);
    return options->bits && options->isa_count < 2 && !sha256                ? "nothing to compare the bits with"
           : r->other                                                        ? "instruction sets differ"
           : r->normal.error > MAX_ULP                                       ? "too inaccurate"
           : r->normal.error > f->ulp || r->denormal.error > f->denormal_ulp ? "less accurate than recorded"
           : sha256 && strcmp(sha256, r->sha256) != 0                        ? "other bits than recorded"
                                                                             : NULL;
}

static void print_isas(const struct options *options) {
    printf("# every %u. float on", (unsigned)options->step);
    for (int i = 0; i < options->isa_count; i++)
        printf(" %s", options->isas[i]->name);
    printf("\n");
}

static bool check(const struct options *options, const struct ulp_function *f, int number) {
    struct ulp_result result;
    const time_t start = time(NULL);
    ulp_sweep(f, options->isas, options->isa_count, options->step, !options->bits, &result);
    const char *failure = verdict(options, f, &result);
    printf("%sok %d - %s", failure ? "not " : "", number, f->name);
    print_worst("largest error", &result.normal);
    print_worst("denormal results", &result.denormal);
    printf(", sha256 %s, %ld s\n", result.sha256, (long)(time(NULL) - start));
    if (failure)
        printf("# %s: %s\n", f->name, failure);
    if (result.other)
        printf("# %s and %s differ at 0x%08x\n", options->isas[0]->name, result.other->name, (unsigned)result.other_at);
    fflush(stdout);
    return !failure;
}

int main(int argc, char **argv) {
    struct options options;
    const int status = parse(argc, argv, &options);
    if (status)
        return status;
    print_isas(&options);
    int number = 0, failures = 0;
    for (size_t i = 0; i < ulp_function_count; i++)
        if (!options.function || strcmp(options.function, ulp_functions[i].name) == 0)
            failures += !check(&options, &ulp_functions[i], ++number);
    if (number == 0)
        return usage("unknown function", options.function);
    const char *forgotten = ulp_forgotten_activation();
    printf("%sok %d - every activation is measured%s%s\n", forgotten ? "not " : "", ++number, forgotten ? ", not " : "",
           forgotten ? forgotten : "");
    printf("1..%d\n", number);
    return failures || forgotten;
}
