/* SPDX-License-Identifier: BSD-3-Clause */
#include "gnuplot.h"

#include "command.h"

#include "escape.h"
#include "report.h"
#include "sink.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- commands ---- */

/* gnuplot's terminal for a path that ends in one of PICTURE_ENDINGS. */
static const char *terminal_of(const char *path) {
    return strcmp(strrchr(path, '.'), ".svg") ? "pngcairo" : "svg";
}

#define LINE_HEIGHT 1.65 /* of a legend, in points of the font as pixels */

static double font_size(size_t width) {
    return 7 + (double)width / 160;
}

int picture_open(struct picture *picture, const char *path, size_t width, size_t height) {
    *picture = (struct picture){.width = width, .height = height, .row = LINE_HEIGHT * font_size(width)};
    picture->commands = open_memstream(&picture->text, &picture->size);
    if (!picture->commands) {
        complain("out of memory");
        return EXIT_FAILURE;
    }
    fprintf(
        picture->commands,
        "set encoding utf8\nset terminal %s size %zu,%zu noenhanced background rgb 'white' font 'DejaVu Sans,%.1f'\n"
        "set border lw 1 lc rgb '#404040'\nset tics nomirror\n",
        terminal_of(path), width, height, font_size(width));
    return EXIT_SUCCESS;
}

/* Bytes of the character at text, which is valid UTF-8. */
static size_t character_size(const char *text) {
    size_t size = 1;
    while (((unsigned char)text[size] & 0xc0) == 0x80)
        size++;
    return size;
}

/* In double quotes, where gnuplot would end the string at a quote, and run what is in backquotes: they
 * become octal escapes, which it replaces last. */
static void put_character(FILE *file, const char *text, size_t size) {
    if (size == 1 && strchr("\"\\`", *text))
        fprintf(file, "\\%03o", (unsigned)*text);
    else
        fwrite(text, 1, size, file);
}

void picture_text(struct picture *picture, const char *text, size_t most) {
    char *const safe = escaped(text);
    fputc('"', picture->commands);
    size_t count = 0;
    for (const char *at = safe ? safe : "?"; *at; count++) {
        const size_t size = character_size(at);
        if (most && count + 1 == most && at[size]) {
            fputs("\u2026", picture->commands);
            break;
        }
        put_character(picture->commands, at, size);
        at += size;
    }
    fputc('"', picture->commands);
    free(safe);
}

void picture_number(struct picture *picture, double value) {
    if (isfinite(value))
        fprintf(picture->commands, " %.9g", value);
    else
        fputs(" NaN", picture->commands);
}

/* Okabe and Ito's colours in the order of their luminance, dark ones first; neighbours differ in dashes too. */
void picture_curve_style(struct picture *picture, size_t i) {
    static const char *const colours[] = {"#000000", "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"};
    static const char *const dashes[] = {"solid", "(12,6)", "(3,4)", "(14,5,3,5)", "(22,6)"};
    fprintf(picture->commands, " lc rgb '%s' dt %s lw 2", colours[i % (sizeof colours / sizeof *colours)],
            dashes[i % (sizeof dashes / sizeof *dashes)]);
}

/* ---- the child ---- */

struct child {
    pid_t id;
    int in, out;
};

/* The environment with a locale in which UTF-8 is text and numbers have points, whatever the user's is: the first of
 * two entries counts. To be freed. */
static char **environment(void) {
    static char locale[] = "LC_ALL=C.UTF-8";
    size_t count = 0;
    while (environ[count])
        count++;
    char **const copy = calloc(count + 2, sizeof *copy);
    if (copy) {
        copy[0] = locale;
        memcpy(copy + 1, environ, count * sizeof *copy);
    }
    return copy;
}

static int spawn(struct child *child, int in[2], int out[2]) {
    char *const arguments[] = {(char[]){"gnuplot"}, (char[]){"-d"}, (char[]){"-"}, NULL};
    posix_spawn_file_actions_t actions;
    char **const variables = environment();
    if (!variables || posix_spawn_file_actions_init(&actions)) {
        free(variables);
        return ENOMEM;
    }
    int error = posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
    if (!error)
        error = posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    if (!error)
        error = posix_spawnp(&child->id, arguments[0], &actions, NULL, arguments, variables);
    posix_spawn_file_actions_destroy(&actions);
    free(variables);
    return error;
}

static int start(struct child *child) {
    int in[2], out[2];
    if (pipe2(in, O_CLOEXEC))
        return errno;
    if (pipe2(out, O_CLOEXEC)) {
        const int error = errno;
        close(in[0]), close(in[1]);
        return error;
    }
    const int error = spawn(child, in, out);
    close(in[0]), close(out[1]);
    child->in = in[1];
    child->out = out[0];
    if (error)
        close(in[1]), close(out[0]);
    return error;
}

/* Writes what the pipe takes; closes it at the end of text, or where the child has stopped reading. */
static void feed(struct child *child, const char **text, size_t *left) {
    const ssize_t written = *left ? write(child->in, *text, *left) : -1;
    if (written < 0 && (errno == EINTR || errno == EAGAIN) && *left)
        return;
    if (written > 0) {
        *text += written;
        *left -= (size_t)written;
    }
    if (written < 0 || !*left) {
        close(child->in);
        child->in = -1;
    }
}

/* Both ways at once: neither waits for the other. False if the output ended early. */
static bool converse(struct child *child, const char *text, size_t left, FILE *to) {
    char bytes[4096];
    fcntl(child->in, F_SETFL, O_NONBLOCK);
    for (;;) {
        struct pollfd ends[] = {{child->out, POLLIN, 0}, {child->in, POLLOUT, 0}};
        if (poll(ends, child->in < 0 ? 1 : 2, -1) < 0 && errno != EINTR)
            return false;
        if (child->in >= 0 && ends[1].revents)
            feed(child, &text, &left);
        if (!ends[0].revents)
            continue;
        const ssize_t count = read(child->out, bytes, sizeof bytes);
        if (count <= 0 && !(count < 0 && errno == EINTR))
            return count == 0;
        if (count > 0 && fwrite(bytes, 1, (size_t)count, to) != (size_t)count)
            return false;
    }
}

static bool ended_well(const struct child *child) {
    int status = 0;
    while (waitpid(child->id, &status, 0) < 0)
        if (errno != EINTR)
            return false;
    return WIFEXITED(status) && !WEXITSTATUS(status);
}

/* gnuplot's output into to. */
static int draw(const struct picture *picture, FILE *to) {
    struct child child = {0, -1, -1};
    const int error = start(&child);
    if (error) {
        complain("cannot run gnuplot, which draws pictures: %s%s", strerror(error),
                 error == ENOENT ? " (Debian: install gnuplot-nox)" : "");
        return EXIT_FAILURE;
    }
    bool whole = converse(&child, picture->text, picture->size, to);
    if (child.in >= 0)
        close(child.in);
    close(child.out);
    whole = ended_well(&child) && whole && ftell(to) != 0;
    if (!whole)
        complain("gnuplot failed; no picture was made");
    return whole ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int draw_into(const struct picture *picture, const struct session *session, const char *path) {
    struct sink sink;
    int code = sink_open(&sink, session, path);
    if (!code)
        code = draw(picture, sink.file);
    if (!code)
        code = sink_commit(&sink);
    sink_close(&sink);
    return code;
}

int picture_close(struct picture *picture, const struct session *session, const char *path) {
    int code = EXIT_FAILURE;
    if (fclose(picture->commands))
        complain("out of memory");
    else
        code = draw_into(picture, session, path);
    free(picture->text);
    return code;
}
