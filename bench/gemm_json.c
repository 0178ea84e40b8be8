/* SPDX-License-Identifier: BSD-3-Clause */
#include "gemm_report.h"
#include "tileprop/tileprop.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>

#define MAX_SUMMARIES 16

static json_t *real(double x) {
    return isfinite(x) && x > 0 ? json_real(x) : json_null();
}

static json_t *size(size_t x) {
    return json_integer((json_int_t)x);
}

/* How groups and names of files become text: other bytes than UTF-8 make json_string fail. */
static json_t *text(const char *x) {
    json_t *string = json_string(x);
    return string ? string : json_null();
}

static json_t *contestants(const struct gemm_field *field) {
    json_t *list = json_array();
    for (int p = GEMM_AT_OWN; p < field->count; p++) {
        const struct gemm_contestant *c = &field->contestant[p];
        json_t *object = json_object();
        json_object_set_new(object, "name", text(c->label));
        json_object_set_new(object, "library", text(c->library));
        json_object_set_new(object, "peer", json_boolean(gemm_is_peer(field, p)));
        json_object_set_new(object, "present", json_boolean(c->present));
        json_object_set_new(object, "version", text(c->info.version));
        json_object_set_new(object, "core", text(c->info.core));
        json_object_set_new(object, "path", text(c->info.path));
        json_object_set_new(object, "threads", json_integer(c->threads));
        json_array_append_new(list, object);
    }
    return list;
}

static json_t *samples(const struct gemm_run *run, const struct gemm_row *row, int place) {
    json_t *list = json_array();
    for (int round = 0; round < run->field.repeats; round++)
        json_array_append_new(list, real(row->samples[place][round]));
    return list;
}

static json_t *figures(const struct gemm_run *run, const struct gemm_row *row, int place) {
    json_t *object = json_object();
    json_object_set_new(object, "gflops", real(row->gflops[place]));
    json_object_set_new(object, "of_peak", real(gemm_share_of_peak(row, place)));
    json_object_set_new(object, "difference", row->wrong[place] ? json_null() : json_real(row->difference[place]));
    json_object_set_new(object, "wrong", json_boolean(row->wrong[place]));
    json_object_set_new(object, "samples", samples(run, row, place));
    return object;
}

static json_t *result(const struct gemm_run *run, const struct gemm_row *row) {
    const struct gemm_shape *s = &row->shape;
    json_t *object = json_object(), *all = json_object();
    json_object_set_new(object, "group", text(s->group));
    json_object_set_new(object, "name", text(s->name));
    json_object_set_new(object, "m", size(s->m));
    json_object_set_new(object, "n", size(s->n));
    json_object_set_new(object, "k", size(s->k));
    json_object_set_new(object, "transpose_a", json_boolean(s->transpose_a));
    json_object_set_new(object, "transpose_b", json_boolean(s->transpose_b));
    for (int p = GEMM_AT_PEAK; p < run->field.count; p++)
        if (row->wrong[p] || row->gflops[p] > 0)
            json_object_set_new(all, run->field.contestant[p].label, figures(run, row, p));
    json_object_set_new(object, "contestants", all);
    const int best = gemm_best_peer(&run->field, row);
    json_object_set_new(object, "best_peer", best ? text(run->field.contestant[best].label) : json_null());
    json_object_set_new(object, "ratio", real(gemm_ratio(&run->field, row)));
    json_object_set_new(object, "speed_up", real(gemm_speed_up(&run->field, row)));
    json_object_set_new(object, "unrest", json_real(gemm_unrest(&run->field, row)));
    return object;
}

static json_t *results(const struct gemm_run *run) {
    json_t *list = json_array();
    for (size_t r = 0; r < run->rows; r++)
        json_array_append_new(list, result(run, &run->row[r]));
    return list;
}

static json_t *summaries(const struct gemm_run *run) {
    struct gemm_summary summary[MAX_SUMMARIES];
    const int count = gemm_summarise(run, summary, MAX_SUMMARIES);
    json_t *list = json_array();
    for (const struct gemm_summary *s = summary; s < summary + count; s++) {
        json_t *object = json_object();
        json_object_set_new(object, "group", s->group ? text(s->group) : json_null());
        json_object_set_new(object, "shapes", size(s->shapes));
        json_object_set_new(object, "ratio", real(s->ratio));
        json_object_set_new(object, "of_peak", real(s->share));
        json_object_set_new(object, "lowest_ratio", s->worst ? real(gemm_ratio(&run->field, s->worst)) : json_null());
        json_object_set_new(object, "losses", size(s->losses));
        json_object_set_new(object, "restless", size(s->restless));
        json_array_append_new(list, object);
    }
    return list;
}

bool gemm_write_json(const struct gemm_run *run, const char *path) {
    json_t *object = json_object();
    json_object_set_new(object, "version", text(tp_version()));
    json_object_set_new(object, "machine", text(run->machine));
    json_object_set_new(object, "processors", text(run->processors));
    json_object_set_new(object, "isa", text(run->isa));
    json_object_set_new(object, "threads", json_integer(run->threads));
    json_object_set_new(object, "repeats", json_integer(run->field.repeats));
    json_object_set_new(object, "contestants", contestants(&run->field));
    json_object_set_new(object, "results", results(run));
    json_object_set_new(object, "summary", summaries(run));
    const bool done = json_dump_file(object, path, JSON_INDENT(1) | JSON_REAL_PRECISION(6)) == 0;
    json_decref(object);
    if (!done)
        fprintf(stderr, "bench_gemm: cannot write %s\n", path);
    return done;
}
