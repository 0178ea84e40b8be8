/* SPDX-License-Identifier: BSD-3-Clause */
#include "gnuplot.h"
#include "range_test.h"

#include <stdlib.h>

#define HEIGHT 0.6 /* of the width */
#define MARGIN 0.1 /* above and below the curve, of its height */

static void put_points(struct picture *picture, const struct range_test *test) {
    fputs("$steps << END\n", picture->commands);
    for (size_t i = 0; i < test->count; i++) {
        picture_number(picture, test->points[i].rate);
        picture_number(picture, test->points[i].loss);
        picture_number(picture, test->points[i].smoothed);
        fputc('\n', picture->commands);
    }
    fputs("END\n", picture->commands);
}

static double largest_before_least(const struct range_test *test) {
    double most = test->least->smoothed;
    for (const struct range_point *point = test->points; point < test->least; point++)
        most = point->smoothed > most ? point->smoothed : most;
    return most;
}

static double smallest_loss(const struct range_test *test) {
    double least = test->least->smoothed;
    for (size_t i = 0; i < test->count; i++)
        least = test->points[i].loss < least ? test->points[i].loss : least;
    return least;
}

/* Up to the largest mean before the least: where losses rise behind it, how far does not matter. */
static void put_range(struct picture *picture, const struct range_test *test) {
    const double low = smallest_loss(test), high = largest_before_least(test), margin = MARGIN * (high - low);
    fprintf(picture->commands, "set yrange [%.9g:%.9g]\n", low - margin, high + margin);
}

static void put_found(struct picture *picture, const struct range_test *test) {
    fprintf(picture->commands,
            "set arrow from %.9g,graph 0 to %.9g,graph 1 nohead dt (12,6) lw 2 lc rgb '#D55E00' front\n"
            "$steepest << END\n%.9g %.9g\nEND\n$least << END\n%.9g %.9g\nEND\n",
            test->suggested, test->suggested, test->steepest->rate, test->steepest->smoothed, test->least->rate,
            test->least->smoothed);
}

static void plot(struct picture *picture, const struct range_test *test) {
    fputs("plot $steps using 1:2 with points pt 7 ps 0.4 lc rgb '#999999' title 'loss of a step', "
          "$steps using 1:3 with lines lw 2.5 lc rgb '#000000' title 'smoothed'",
          picture->commands);
    if (test->fell)
        fprintf(picture->commands,
                ", $steepest with points pt 9 ps 1.8 lc rgb '#0072B2' title 'steepest: %.2g', "
                "$least with points pt 7 ps 1.5 lc rgb '#0072B2' title 'minimum: %.2g', "
                "NaN with lines dt (12,6) lw 2 lc rgb '#D55E00' title 'suggested: %.2g'",
                test->steepest->rate, test->least->rate, test->suggested);
    fputc('\n', picture->commands);
}

int range_test_draw(const struct range_test *test) {
    const struct train_options *options = test->options;
    const size_t width = (size_t)options->width;
    struct picture picture;
    const int code = picture_open(&picture, options->plot, width, (size_t)((double)width * HEIGHT));
    if (code)
        return code;
    put_points(&picture, test);
    fprintf(picture.commands,
            "set logscale x\nset xrange [%g:%g]\nset format x '%%g'\nset xlabel 'learning rate'\nset ylabel 'loss'\n"
            "set grid lc rgb '#bbbbbb' dt solid\nset key left bottom Left reverse opaque samplen 3\n",
            (double)RANGE_LOWEST, (double)RANGE_HIGHEST);
    if (test->fell) {
        put_range(&picture, test);
        put_found(&picture, test);
    }
    plot(&picture, test);
    return picture_close(&picture, test->session, options->plot);
}
