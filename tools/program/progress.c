/* SPDX-License-Identifier: BSD-3-Clause */
#include "progress.h"
#include "line.h"
#include "ranks.h"
#include "report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define BAR_WIDTH 16
#define INTERRUPT_WIDTH 2 /* of "^C" */
#define SECONDS_BETWEEN_DRAWINGS 0.1

static bool is_set(const char *variable) {
    const char *value = getenv(variable);
    return value && *value;
}

static bool terminal_rewrites(void) {
    const char *term = getenv("TERM");
    return isatty(STDERR_FILENO) && !(term && !strcmp(term, "dumb"));
}

static size_t terminal_columns(void) {
    struct winsize size;
    return !ioctl(STDERR_FILENO, TIOCGWINSZ, &size) && size.ws_col ? size.ws_col : 80;
}

struct progress progress_start(bool quiet, size_t samples_per_epoch, uint64_t steps_before) {
    const bool bar = !quiet && terminal_rewrites();
    return (struct progress){
        .lines = !quiet,
        .bar = bar,
        .color = bar && !is_set("NO_COLOR"),
        .samples = samples_per_epoch,
        .before = steps_before,
        .drawn_at = -1,
    };
}

static void format_time(char *text, size_t size, double seconds) {
    const unsigned long whole = (unsigned long)(seconds + 0.5);
    if (whole < 3600)
        snprintf(text, size, "%lu:%02lu", whole / 60, whole % 60);
    else
        snprintf(text, size, "%lu:%02lu:%02lu", whole / 3600, whole / 60 % 60, whole % 60);
}

/* "[====>     ]" */
static void format_bar(char *text, double part) {
    const int done = (int)(part * BAR_WIDTH);
    text[0] = '[';
    for (int i = 0; i < BAR_WIDTH; i++)
        text[1 + i] = i < done ? '=' : i == done ? '>' : ' ';
    memcpy(text + 1 + BAR_WIDTH, "]", sizeof "]");
}

/* Also over the ^C that a terminal shows behind the cursor. */
void progress_clear(struct progress *progress) {
    if (progress->bar)
        fprintf(stderr, "\r%*s\r", (int)progress->drawn + INTERRUPT_WIDTH, "");
    progress->drawn = 0;
}

/* What a bar or another line may cover: a bar leaves room for ^C, and no line reaches the last column, behind which
 * some terminals go on below. */
static size_t columns_of(const struct progress *progress, size_t kept) {
    const size_t columns = terminal_columns();
    return !progress->bar ? LINE_UNLIMITED : columns > kept ? columns - kept : 1;
}

void progress_step(struct progress *progress, const tp_step *step) {
    if (!progress->bar || step->seconds - progress->drawn_at < SECONDS_BETWEEN_DRAWINGS)
        return;
    progress->drawn_at = step->seconds;
    const double steps = (double)step->steps_per_epoch * (double)step->epochs;
    const double part = (double)step->step / steps;
    const double here = (double)(step->step - progress->before);
    char bar[BAR_WIDTH + 3];
    char left[32];
    struct line line = {0};
    format_bar(bar, part);
    format_time(left, sizeof left, step->seconds * (steps - (double)step->step) / here);
    line_add(&line, 0, "epoch %zu/%zu", step->epoch, step->epochs);
    line_add(&line, 5, "%s", bar)->green = true;
    line_add(&line, 2, "%3.0f%%", 100 * part)->before = " ";
    line_add(&line, 3, "loss %.4f", step->loss);
    line_add(&line, 6, "%.0f samples/s",
             here / (double)step->steps_per_epoch * (double)progress->samples / step->seconds);
    line_add(&line, 1, "ETA %s", left);
    progress_clear(progress);
    progress->drawn = line_print(&line, columns_of(progress, 1 + INTERRUPT_WIDTH), progress->color);
    fflush(stderr);
}

/* Ranks: the loss is left out before the metric, if there is one. */
static void add_score(struct line *line, const char *group, const tp_score *score, const char *metric, double value,
                      int rank) {
    if (!score->samples)
        return;
    line_add(line, isnan(value) ? rank : rank + 1, "loss %.4f", score_loss(score))->group = group;
    if (!isnan(value))
        line_add(line, rank, "%s %.4f", metric, value)->group = group;
}

static void print_line(const struct progress *progress, struct line *line) {
    line_print(line, columns_of(progress, 1), progress->color);
    putc('\n', stderr);
}

void progress_epoch(struct progress *progress, const tp_epoch *epoch, const struct metric *metric) {
    struct line line = {0};
    if (!progress->lines)
        return;
    line_add(&line, 0, "epoch %zu/%zu", epoch->epoch, epoch->epochs);
    add_score(&line, NULL, &epoch->train, metric->name, metric->train, 3);
    add_score(&line, "validation ", &epoch->validation, metric->name, metric->validation, 1);
    line_add(&line, 6, "rate %.3g", epoch->learning_rate);
    line_add(&line, 7, "%.0f samples/s", epoch->samples_per_second);
    line_add(&line, 5, "%.1f s", epoch->seconds);
    progress_clear(progress);
    print_line(progress, &line);
}

static void format_widths(char *text, size_t size, const tp_model_options *shape) {
    size_t used = (size_t)snprintf(text, size, "%zu", shape->inputs);
    for (size_t i = 0; i < shape->layer_count && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "-%zu", shape->layers[i].width);
}

void progress_header(const struct progress *progress, const tp_context *context, const tp_model *model) {
    struct line line = {0};
    char widths[768], team[64];
    tp_model_options shape;
    if (!progress->lines)
        return;
    tp_model_describe(model, &shape);
    format_widths(widths, sizeof widths, &shape);
    line_add(&line, 0, "tileprop: training %s", widths);
    line_add(&line, 1, " (%zu parameters)", tp_model_parameter_count(model))->before = "";
    line_add(&line, 2, " on %zu samples", progress->samples)->before = "";
    line_add(&line, 4, ", %s", tp_context_isa(context))->before = "";
    ranks_describe(team, sizeof team, tp_context_threads(context));
    line_add(&line, 3, "%s", team)->before = "";
    print_line(progress, &line);
}
