/* SPDX-License-Identifier: BSD-3-Clause */
#include "train_net.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LARGEST 65536 /* of widths and batches */
#define MIN_BATCHES 8 /* in the data set */
#define MIN_SAMPLES 1024
#define RATE 1e-4 /* small, so that nothing grows or vanishes however long it runs */

double train_net_flops(const struct train_net *net) {
    const struct train_task *task = &net->task;
    double flops = 0;
    for (int l = 0; l < task->layers; l++) {
        const int products = task->inference ? 1 : l ? 3 : 2;
        flops += 2.0 * products * (double)task->widths[l] * (double)task->widths[l + 1];
    }
    return flops;
}

void train_net_shape(const struct train_net *net, char *text, size_t size) {
    size_t length = 0;
    for (int l = 0; l <= net->task.layers && length < size; l++)
        length +=
            (size_t)snprintf(text + length, size - length, "%s%lld", l ? "-" : "", (long long)net->task.widths[l]);
}

static void set_group(struct train_net *net, const char *path) {
    const char *slash = strrchr(path, '/');
    snprintf(net->group, sizeof net->group, "%s", slash ? slash + 1 : path);
    net->group[strcspn(net->group, ".")] = '\0';
}

/* A positive integer; *text moves behind it. 0 if there is none. */
static int64_t next_size(const char **text) {
    char *end;
    const long x = strtol(*text, &end, 10);
    const bool valid = end != *text && strchr(" \t", *end) && x >= 1 && x <= LARGEST;
    *text = end + strspn(end, " \t");
    return valid ? x : 0;
}

static bool parse_widths(struct train_task *task, const char *text) {
    task->layers = -1;
    while (*text) {
        const int64_t width = next_size(&text);
        if (!width || task->layers == TRAIN_MAX_LAYERS)
            return false;
        task->widths[++task->layers] = width;
    }
    return task->layers >= 1;
}

static bool parse(struct train_net *net, const char *line) {
    struct train_task *task = &net->task;
    char rule[8];
    int batch, end = 0;
    if (sscanf(line, "%31s %d %7s %n", net->name, &batch, rule, &end) != 3 || !end || batch < 1 || batch > LARGEST)
        return false;
    task->batch = batch;
    task->adam = !strcmp(rule, "adam");
    return (task->adam || !strcmp(rule, "sgd")) && parse_widths(task, line + end);
}

static void complete(struct train_task *task, bool inference, bool bf16) {
    const int64_t batches = (MIN_SAMPLES + task->batch - 1) / task->batch;
    task->samples = task->batch * (inference ? 1 : batches > MIN_BATCHES ? batches : MIN_BATCHES);
    task->rate = RATE;
    task->inference = inference;
    task->bf16 = bf16;
    task->parts = 1;
    task->shuffled = !inference;
}

static bool is_chosen(const char *name, const char *names) {
    const size_t length = strlen(name);
    if (!names)
        return true;
    for (const char *at = names; (at = strstr(at, name)); at += length)
        if ((at == names || at[-1] == ',') && (at[length] == ',' || !at[length]))
            return true;
    return false;
}

static bool append(struct train_nets *nets, const struct train_net *net) {
    struct train_net *grown = realloc(nets->net, (nets->count + 1) * sizeof *grown);
    if (!grown)
        return false;
    grown[nets->count] = *net;
    *nets = (struct train_nets){grown, nets->count + 1};
    return true;
}

static bool read_lines(struct train_nets *nets, FILE *file, const char *path, const char *names, bool inference,
                       bool bf16) {
    char line[256];
    for (int number = 1; fgets(line, sizeof line, file); number++) {
        line[strcspn(line, "#\n")] = '\0';
        if (line[strspn(line, " \t")] == '\0')
            continue;
        struct train_net net = {0};
        if (!parse(&net, line)) {
            fprintf(stderr,
                    "bench_train: %s:%d: not 'name batch sgd|adam inputs width...' with sizes from 1 to %d and "
                    "at most %d layers\n",
                    path, number, LARGEST, TRAIN_MAX_LAYERS);
            return false;
        }
        set_group(&net, path);
        complete(&net.task, inference, bf16);
        if (is_chosen(net.name, names) && !append(nets, &net)) {
            fprintf(stderr, "bench_train: out of memory\n");
            return false;
        }
    }
    return true;
}

bool train_nets_read(struct train_nets *nets, const char *path, const char *names, bool inference, bool bf16) {
    FILE *file = fopen(path, "r");
    if (!file) {
        fprintf(stderr, "bench_train: %s: %s\n", path, strerror(errno));
        return false;
    }
    const bool done = read_lines(nets, file, path, names, inference, bf16);
    fclose(file);
    return done;
}
