/* SPDX-License-Identifier: BSD-3-Clause */
#include "progress.h"
#include "report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define BAR_WIDTH 20
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

struct progress progress_start(bool quiet, size_t samples_per_epoch) {
    const bool bar = !quiet && terminal_rewrites();
    return (struct progress){
        .lines = !quiet,
        .bar = bar,
        .color = bar && !is_set("NO_COLOR"),
        .samples = samples_per_epoch,
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

/* "[====>     ] ", without colour. */
static void format_bar(char *text, double part) {
    const int done = (int)(part * BAR_WIDTH);
    text[0] = '[';
    for (int i = 0; i < BAR_WIDTH; i++)
        text[1 + i] = i < done ? '=' : i == done ? '>' : ' ';
    memcpy(text + 1 + BAR_WIDTH, "] ", sizeof "] ");
}

void progress_clear(struct progress *progress) {
    if (progress->drawn)
        fprintf(stderr, "\r%*s\r", (int)progress->drawn, "");
    progress->drawn = 0;
}

/* One line, never wider than the terminal: a wrapped line could not be rewritten. */
static void draw(struct progress *progress, const char *head, const char *bar, const char *tail) {
    const size_t columns = terminal_columns() - 1;
    if (strlen(head) + strlen(bar) + strlen(tail) > columns)
        bar = "";
    const size_t text = strlen(head) + strlen(tail);
    const size_t width = text + strlen(bar) < columns ? text + strlen(bar) : columns;
    const size_t kept = strlen(head) < columns ? columns - strlen(head) : 0;
    progress_clear(progress);
    fprintf(stderr, "%.*s%s%s%s%.*s", (int)columns, head, progress->color ? "\033[32m" : "", bar,
            progress->color ? "\033[0m" : "", (int)kept, tail);
    fflush(stderr);
    progress->drawn = width;
}

void progress_step(struct progress *progress, const tp_step *step) {
    if (!progress->bar || step->seconds - progress->drawn_at < SECONDS_BETWEEN_DRAWINGS)
        return;
    progress->drawn_at = step->seconds;
    const double epochs_done = (double)step->step / (double)step->steps_per_epoch;
    const double part = epochs_done / (double)step->epochs;
    char head[64];
    char bar[BAR_WIDTH + 4];
    char tail[128];
    char left[32];
    format_time(left, sizeof left, step->seconds * (1 - part) / part);
    snprintf(head, sizeof head, "epoch %zu/%zu ", step->epoch, step->epochs);
    format_bar(bar, part);
    snprintf(tail, sizeof tail, "%3.0f%%  loss %.4f  %.0f samples/s  ETA %s", 100 * part, step->loss,
             epochs_done * (double)progress->samples / step->seconds, left);
    draw(progress, head, bar, tail);
}

static void print_score(const char *name, const tp_score *score, const char *metric, double value) {
    if (!score->samples)
        return;
    fprintf(stderr, "  %sloss %.4f", name, score_loss(score));
    if (!isnan(value))
        fprintf(stderr, "  %s %.4f", metric, value);
}

void progress_epoch(struct progress *progress, const tp_epoch *epoch, const struct metric *metric) {
    if (!progress->lines)
        return;
    progress_clear(progress);
    fprintf(stderr, "epoch %zu/%zu", epoch->epoch, epoch->epochs);
    print_score("", &epoch->train, metric->name, metric->train);
    print_score("validation ", &epoch->validation, metric->name, metric->validation);
    fprintf(stderr, "  rate %.3g  %.0f samples/s  %.1f s\n", epoch->learning_rate, epoch->samples_per_second,
            epoch->seconds);
}
