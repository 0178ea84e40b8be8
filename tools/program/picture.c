/* SPDX-License-Identifier: BSD-3-Clause */
#include "picture.h"

#include "gnuplot.h"
#include "report.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define COUNTED_CLASSES 30
#define MOST_CURVES 10
#define MOST_PANELS 4
#define MOST_POINTS 20000 /* of a panel: more only make the file large */
#define NAME_LENGTH 12

static void put_name(struct picture *picture, const char *const *names, size_t i) {
    char number[24];
    snprintf(number, sizeof number, "%zu", i);
    picture_text(picture, names && names[i] ? names[i] : number, NAME_LENGTH);
}

/* Part of the height of a picture, from below. */
struct band {
    double bottom, top;
};

static double height_in(struct band band, double part) {
    return band.bottom + part * (band.top - band.bottom);
}

/* ---- confusion ---- */

/* Names stand in labels: those of tics would be formats, in which % means something. */
static void put_class_names(struct picture *picture, size_t n, const char *const *names) {
    const size_t step = (n + COUNTED_CLASSES - 1) / COUNTED_CLASSES;
    for (size_t i = 0; i < n; i += step) {
        fputs("set label ", picture->commands);
        put_name(picture, names, i);
        fprintf(picture->commands, " at graph -0.02,first %zu right\nset label ", i);
        put_name(picture, names, i);
        fprintf(picture->commands, " at first %zu,graph -0.02 rotate by 90 right\n", i);
    }
}

/* White on dark cells. */
static void put_counts(struct picture *picture, size_t n, const uint64_t *counts) {
    uint64_t row_sum;
    for (size_t row = 0; row < n && n <= COUNTED_CLASSES; row++) {
        row_sum = 0;
        for (size_t column = 0; column < n; column++)
            row_sum += counts[row * n + column];
        for (size_t column = 0; column < n; column++) {
            const uint64_t count = counts[row * n + column];
            if (count)
                fprintf(picture->commands, "set label '%" PRIu64 "' at %zu,%zu center front textcolor rgb '%s'%s\n",
                        count, column, row, 2 * count > row_sum ? "white" : "black", n > 12 ? " font ',6'" : "");
        }
    }
}

static void put_shares(struct picture *picture, size_t n, const uint64_t *counts) {
    fputs("$shares << END\n", picture->commands);
    for (size_t row = 0; row < n; row++) {
        uint64_t sum = 0;
        for (size_t column = 0; column < n; column++)
            sum += counts[row * n + column];
        for (size_t column = 0; column < n; column++)
            picture_number(picture, sum ? (double)counts[row * n + column] / (double)sum : 0);
        fputc('\n', picture->commands);
    }
    fputs("END\n", picture->commands);
}

static void put_confusion(struct picture *picture, struct band band, size_t classes, const char *const *names,
                          const uint64_t *counts) {
    put_shares(picture, classes, counts);
    put_class_names(picture, classes, names);
    put_counts(picture, classes, counts);
    fprintf(picture->commands,
            "set lmargin at screen 0.2\nset rmargin at screen 0.84\nset bmargin at screen %.4f\n"
            "set tmargin at screen %.4f\nunset xtics\nunset ytics\nset xrange [-0.5:%zu.5]\nset yrange [%zu.5:-0.5]\n"
            "set cbrange [0:1]\nset cblabel 'part of the true class'\nunset key\n"
            "set palette defined (0 'white', 1 '#08306b')\n"
            "set label 'predicted class' at screen 0.52,screen %.4f center\n"
            "set label 'true class' at screen 0.025,screen %.4f rotate by 90 center\n"
            "plot $shares matrix with image\nunset label\nset xtics\nset ytics\n",
            height_in(band, 0.23), height_in(band, 0.96), classes - 1, classes - 1, height_in(band, 0.03),
            height_in(band, 0.6));
}

/* ---- ROC, precision and recall ---- */

struct ranked {
    double score, weight;
    bool positive;
};

static int by_falling_score(const void *a, const void *b) {
    const double x = ((const struct ranked *)a)->score, y = ((const struct ranked *)b)->score;
    return (x < y) - (x > y);
}

/* Lines "false-positive-rate recall precision", one for each threshold that moves a curve visibly. */
static void put_curve(struct picture *picture, struct ranked *items, size_t samples, size_t k) {
    double positives = 0, negatives = 0, hits = 0, alarms = 0, x = -1, y = -1;
    for (size_t i = 0; i < samples; i++)
        *(items[i].positive ? &positives : &negatives) += items[i].weight;
    qsort(items, samples, sizeof *items, by_falling_score);
    fprintf(picture->commands, "$curve%zu << END\n0 0 NaN\n", k);
    for (size_t i = 0; i < samples;) {
        for (const double score = items[i].score; i < samples && items[i].score == score; i++)
            *(items[i].positive ? &hits : &alarms) += items[i].weight;
        if (i < samples && fabs(alarms / negatives - x) < 5e-4 && fabs(hits / positives - y) < 5e-4)
            continue;
        x = alarms / negatives;
        y = hits / positives;
        picture_number(picture, x);
        picture_number(picture, y);
        picture_number(picture, hits / (hits + alarms));
        fputc('\n', picture->commands);
    }
    fputs("END\n", picture->commands);
}

static void plot_curves(struct picture *picture, size_t curves, const char *const *names, const char *columns) {
    for (size_t k = 0; k < curves; k++) {
        fprintf(picture->commands, "%s $curve%zu using %s with lines", k ? "," : "plot", k, columns);
        picture_curve_style(picture, k);
        fputs(" title ", picture->commands);
        put_name(picture, names, k);
    }
    fputc('\n', picture->commands);
}

static void put_both(struct picture *picture, struct band band, size_t curves, const char *const *names) {
    fprintf(picture->commands,
            "set xrange [0:1]\nset yrange [0:1.02]\nset grid lc rgb '#bbbbbb' dt solid\n"
            "set xlabel 'false positive rate'\nset ylabel 'true positive rate'\nset title 'ROC'\n"
            "unset key\nset bmargin at screen %.4f\nset tmargin at screen %.4f\n"
            "set lmargin at screen 0.12\nset rmargin at screen 0.40\n"
            "set arrow from 0,0 to 1,1 nohead lc rgb '#999999' dt 2 back\n",
            height_in(band, 0.18), height_in(band, 0.9));
    plot_curves(picture, curves, names, "1:2");
    fprintf(picture->commands,
            "unset arrow\nset xlabel 'recall'\nset ylabel 'precision'\nset title 'Precision and recall'\n"
            "set lmargin at screen 0.52\nset rmargin at screen 0.80\n"
            "set key at screen 0.995,screen %.4f right top samplen 2\n",
            height_in(band, 0.9));
    plot_curves(picture, curves, names, "2:3");
}

static void put_curves(struct picture *picture, struct band band, const struct picture_curves *curves,
                       struct ranked *items) {
    const size_t drawn = curves->count < MOST_CURVES ? curves->count : MOST_CURVES;
    for (size_t k = 0; k < drawn; k++) {
        for (size_t i = 0; i < curves->samples; i++)
            items[i] = (struct ranked){curves->scores[i * curves->ld + k], curves->weights ? curves->weights[i] : 1,
                                       curves->truth[i * curves->count + k]};
        put_curve(picture, items, curves->samples, k);
    }
    put_both(picture, band, drawn, curves->names);
}

#define CONFUSION_HEIGHT 0.85 /* of the width */
#define CURVES_HEIGHT 0.5

int picture_classes(const struct picture_target *target, size_t classes, const char *const *names,
                    const uint64_t *counts, const struct picture_curves *curves) {
    const double above = classes ? CONFUSION_HEIGHT : 0, height = above + CURVES_HEIGHT;
    const struct band upper = {CURVES_HEIGHT / height, 1}, lower = {0, CURVES_HEIGHT / height};
    struct ranked *const items = calloc(curves->samples, sizeof *items);
    if (!items) {
        complain("out of memory");
        return EXIT_FAILURE;
    }
    struct picture picture;
    int code = picture_open(&picture, target->path, target->width, (size_t)((double)target->width * height));
    if (!code) {
        fputs("set multiplot\n", picture.commands);
        if (classes)
            put_confusion(&picture, upper, classes, names, counts);
        put_curves(&picture, lower, curves, items);
        fputs("unset multiplot\n", picture.commands);
        code = picture_close(&picture, target->session, target->path);
    }
    free(items);
    return code;
}

/* ---- regression ---- */

int picture_scatter(const struct picture_target *target, size_t samples, size_t outputs, const char *const *names,
                    const double *values, size_t value_ld, const double *predictions, size_t ld) {
    const size_t panels = outputs < MOST_PANELS ? outputs : MOST_PANELS, step = samples / MOST_POINTS + 1;
    const size_t columns = panels > 1 ? 2 : 1, rows = (panels + 1) / 2;
    struct picture picture;
    const int code = picture_open(&picture, target->path, target->width, target->width * rows / columns);
    if (code)
        return code;
    fprintf(picture.commands,
            "set multiplot layout %zu,%zu\nunset key\nset grid lc rgb '#bbbbbb' dt solid\n"
            "%sset xlabel 'true'\nset ylabel 'predicted'\n",
            rows, columns, panels > 1 ? "set xtics rotate by -40\n" : "");
    for (size_t j = 0; j < panels; j++) {
        fprintf(picture.commands, "$points%zu << END\n", j);
        for (size_t i = 0; i < samples; i += step) {
            picture_number(&picture, values[i * value_ld + j]);
            picture_number(&picture, predictions[i * ld + j]);
            fputc('\n', picture.commands);
        }
        fputs("END\nset title ", picture.commands);
        put_name(&picture, names, j);
        fprintf(picture.commands,
                "\nplot $points%zu with points pt 6 ps 0.5 lc rgb '#0072B2', "
                "x with lines lc black dt 2 lw 2\n",
                j);
    }
    fputs("unset multiplot\n", picture.commands);
    return picture_close(&picture, target->session, target->path);
}
