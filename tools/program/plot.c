/* SPDX-License-Identifier: BSD-3-Clause */
#include "command.h"
#include "files.h"
#include "gnuplot.h"
#include "plot_log.h"
#include "report.h"

#include <stdlib.h>
#include <string.h>

struct plot_options {
    struct machine_options machine;
    struct operand_list runs;
    const char *out;
    uint64_t width;
};

#define OPTION_STRUCT struct plot_options
static const struct option_row rows[] = {
    {.name = "out",
     IS_FILE(FILE_SAVED, out),
     .endings = PICTURE_ENDINGS,
     .required = true,
     .help = "the picture, .svg or .png"},
    {.name = "width", IS_INTEGER(width, PICTURE_LEAST, PICTURE_MOST), .help = "width in pixels"},
    {0},
};

static void defaults(void *values) {
    *(struct plot_options *)values = (struct plot_options){.width = PICTURE_WIDTH};
}

/* Runs over each other in one panel. */
struct panel {
    const char *label;
    enum log_value value[2];
    size_t values;
};

/* A run's name without its directories and its suffix. */
static char *run_name(const char *path) {
    const char *const slash = strrchr(path, '/');
    char *const name = strdup(slash && slash[1] ? slash + 1 : path);
    const size_t length = name ? strlen(name) : 0;
    if (length > 6 && !strcmp(name + length - 6, ".jsonl"))
        name[length - 6] = '\0';
    return name;
}

static void write_data(struct picture *picture, const struct run_log *log, size_t run) {
    fprintf(picture->commands, "$run%zu << END\n", run);
    for (size_t i = 0; i < log->count; i++) {
        picture_number(picture, log->epochs[i].epoch);
        for (size_t v = 0; v < LOG_VALUES; v++)
            picture_number(picture, log->epochs[i].value[v]);
        fputc('\n', picture->commands);
    }
    fputs("END\n", picture->commands);
}

static void write_title(struct picture *picture, const struct run_log *log, bool validation, size_t runs) {
    char *const name = runs > 1 ? run_name(log->path) : NULL;
    char *title = NULL;
    if (asprintf(&title, "%s%s%s", validation ? "validation" : "training", name ? " " : "", name ? name : "") < 0)
        title = NULL;
    fputs(" title ", picture->commands);
    picture_text(picture, title ? title : "?", 40);
    free(title);
    free(name);
}

static bool panel_has(const struct panel *panel, const struct run_log *logs, size_t runs) {
    for (size_t run = 0; run < runs; run++)
        for (size_t v = 0; v < panel->values; v++)
            if (log_has(&logs[run], panel->value[v]))
                return true;
    return false;
}

static void write_panel(struct picture *picture, const struct panel *panel, const struct run_log *logs, size_t runs) {
    const char *separator = "plot";
    fputs("set ylabel ", picture->commands);
    picture_text(picture, panel->label, 40);
    fputc('\n', picture->commands);
    for (size_t run = 0; run < runs; run++) {
        for (size_t v = 0; v < panel->values; v++) {
            if (!log_has(&logs[run], panel->value[v]))
                continue;
            fprintf(picture->commands, "%s $run%zu using 1:%d with linespoints pt %zu ps %s", separator, run,
                    panel->value[v] + 2, 2 * run + v + 4, logs[run].count > 30 ? "0" : "0.5");
            picture_curve_style(picture, 2 * run + v);
            if (panel->value[v] <= LOG_VALIDATION_LOSS)
                write_title(picture, &logs[run], v, runs);
            else
                fputs(" notitle", picture->commands);
            separator = ",";
        }
    }
    fputc('\n', picture->commands);
}

/* The lower panels have no legend, because it is that of the first. */
static void write_panels(struct picture *picture, const struct run_log *logs, size_t runs) {
    const char *metric = "metric";
    for (size_t run = runs; run-- > 0;)
        metric = *logs[run].metric ? logs[run].metric : metric;
    const struct panel panels[] = {{"loss", {LOG_TRAIN_LOSS, LOG_VALIDATION_LOSS}, 2},
                                   {metric, {LOG_TRAIN_METRIC, LOG_VALIDATION_METRIC}, 2},
                                   {"learning rate", {LOG_RATE}, 1}};
    const size_t count = sizeof panels / sizeof *panels;
    fprintf(picture->commands,
            "set multiplot layout 3,1 margins screen 0.17,0.96,0.08,%.4f spacing screen 0.06\nset grid lc rgb "
            "'#bbbbbb' dt solid\n"
            "set key at screen 0.96,screen 0.995 right top maxcols 1 samplen 4\nset xtics format '%%g'\n",
            1 - (double)(2 * runs + 1) * picture->row / (double)picture->height);
    for (size_t i = 0; i < count; i++) {
        if (i + 1 == count)
            fputs("set xlabel 'epoch'\n", picture->commands);
        if (panel_has(&panels[i], logs, runs))
            write_panel(picture, &panels[i], logs, runs);
        else
            fputs("set multiplot next\n", picture->commands);
    }
    fputs("unset multiplot\n", picture->commands);
}

static int draw(const struct session *session, const struct plot_options *options, const struct run_log *logs) {
    struct picture picture;
    const int code =
        picture_open(&picture, options->out, options->width, options->width * (10 + options->runs.count) / 10);
    if (code)
        return code;
    for (size_t run = 0; run < options->runs.count; run++)
        write_data(&picture, &logs[run], run);
    write_panels(&picture, logs, options->runs.count);
    return picture_close(&picture, session, options->out);
}

static int read_and_draw(const struct session *session, const struct plot_options *options) {
    struct run_log *const logs = calloc(options->runs.count, sizeof *logs);
    if (!logs) {
        complain("out of memory");
        return EXIT_FAILURE;
    }
    int code = EXIT_SUCCESS;
    for (size_t run = 0; !code && run < options->runs.count; run++)
        code = log_read(&logs[run], options->runs.text[run]);
    if (!code)
        code = draw(session, options, logs);
    for (size_t run = 0; run < options->runs.count; run++)
        log_release(&logs[run]);
    free(logs);
    return code;
}

static int run(int argc, char **argv) {
    struct plot_options options;
    int code = options_parse(&plot_command, argc, argv, &options);
    if (code != OPTIONS_PARSED)
        return code;
    code = files_check(&plot_command, &options, NULL);
    if (code)
        return code;
    struct session session;
    code = session_open(&session, &options.machine);
    if (!code)
        code = read_and_draw(&session, &options);
    session_close(&session);
    return code;
}

const struct command plot_command = {
    .name = "plot",
    .also = "draw curves",
    .summary = "Draw the course of trainings from their logs: loss, metric, learning rate",
    .example = "tileprop plot run.jsonl other.jsonl --out curves.svg",
    .usage = "RUN.jsonl... --out FILE [OPTION...]",
    .about = "The files are those of 'tileprop train --log'. Several runs are drawn over each\n"
             "other. Other keys of a line are ignored. gnuplot draws the picture (Debian:\n"
             "package gnuplot-nox).\n",
    .rows = rows,
    .operand = "RUN.jsonl",
    .operands = offsetof(struct plot_options, runs),
    .values_size = sizeof(struct plot_options),
    .defaults = defaults,
    .run = run,
};
