/* SPDX-License-Identifier: BSD-3-Clause */
/* Pictures are drawn by gnuplot, a child process that gets its commands through a pipe. No shell is involved. */
#ifndef TILEPROP_TOOLS_GNUPLOT_H
#define TILEPROP_TOOLS_GNUPLOT_H

#include "session.h"

#include <stdio.h>

/* A picture in the making. */
struct picture {
    FILE *commands; /* to write gnuplot's commands to */
    size_t width, height;
    double row; /* height of a line of text */
    char *text; /* what was written */
    size_t size;
};

/* What --width accepts, and its default. */
#define PICTURE_LEAST 300
#define PICTURE_MOST 4000
#define PICTURE_WIDTH 800
#define PICTURE_ENDINGS                                                                                                \
    { ".svg", ".png" }

/* Begins a picture of width x height pixels for path, which ends in one of PICTURE_ENDINGS. Returns an exit code; it
 * has said why.
 */
int picture_open(struct picture *picture, const char *path, size_t width, size_t height);

/* Draws it; path appears whole or stays as it was. Releases the picture. Returns an exit code; it has said why. */
int picture_close(struct picture *picture, const struct session *session, const char *path);

/* A string of gnuplot's that is shown as text is, whatever that holds, at most so many characters of it (0: all). */
void picture_text(struct picture *picture, const char *text, size_t most);

/* The style of curve i: colour, dashes and width, told apart when printed grey. */
void picture_curve_style(struct picture *picture, size_t i);

/* A number that gnuplot reads; NaN and infinities are gaps. */
void picture_number(struct picture *picture, double value);

#endif
