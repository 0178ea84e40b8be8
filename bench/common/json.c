/* SPDX-License-Identifier: BSD-3-Clause */
#include "report.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

json_t *bench_json_real(double x) {
    return isfinite(x) && x > 0 ? json_real(x) : json_null();
}

json_t *bench_json_size(size_t x) {
    return json_integer((json_int_t)x);
}

/* How groups and names of files become text: other bytes than UTF-8 make json_string fail. */
json_t *bench_json_text(const char *x) {
    json_t *string = json_string(x);
    return string ? string : json_null();
}

static json_t *contestants(const struct bench_field *field) {
    json_t *list = json_array();
    for (int p = BENCH_AT_OWN; p < field->count; p++) {
        const struct bench_contestant *c = &field->contestant[p];
        json_t *object = json_object();
        json_object_set_new(object, "name", bench_json_text(c->label));
        json_object_set_new(object, "library", bench_json_text(c->library->name));
        json_object_set_new(object, "peer", json_boolean(bench_is_peer(field, p)));
        json_object_set_new(object, "present", json_boolean(c->present));
        json_object_set_new(object, "version", bench_json_text(c->info.version));
        json_object_set_new(object, "core", bench_json_text(c->info.core));
        json_object_set_new(object, "path", bench_json_text(c->info.path));
        json_object_set_new(object, "threads", json_integer(c->threads));
        json_array_append_new(list, object);
    }
    return list;
}

json_t *bench_json_run(const struct bench_run *run) {
    json_t *object = json_object();
    json_object_set_new(object, "version", bench_json_text(tp_version()));
    json_object_set_new(object, "machine", bench_json_text(run->machine));
    json_object_set_new(object, "processors", bench_json_text(run->processors));
    json_object_set_new(object, "isa", bench_json_text(run->isa));
    json_object_set_new(object, "threads", json_integer(run->threads));
    json_object_set_new(object, "repeats", json_integer(run->field.repeats));
    json_object_set_new(object, "contestants", contestants(&run->field));
    return object;
}

static json_t *samples(const struct bench_field *field, const struct bench_scores *scores, int place) {
    json_t *list = json_array();
    for (int round = 0; round < field->repeats; round++)
        json_array_append_new(list, bench_json_real(scores->samples[place][round]));
    return list;
}

json_t *bench_json_scores(const struct bench_field *field, const struct bench_scores *scores, int place) {
    json_t *object = json_object();
    json_object_set_new(object, "gflops", bench_json_real(scores->gflops[place]));
    json_object_set_new(object, "of_peak", bench_json_real(bench_share_of_peak(scores, place)));
    json_object_set_new(object, "difference",
                        scores->wrong[place] ? json_null() : json_real(scores->difference[place]));
    json_object_set_new(object, "wrong", json_boolean(scores->wrong[place]));
    json_object_set_new(object, "samples", samples(field, scores, place));
    return object;
}

void bench_json_add_ratios(json_t *object, const struct bench_field *field, const struct bench_scores *scores) {
    const int best = bench_best_peer(field, scores);
    json_object_set_new(object, "best_peer", best ? bench_json_text(field->contestant[best].label) : json_null());
    json_object_set_new(object, "ratio", bench_json_real(bench_ratio(field, scores)));
    json_object_set_new(object, "speed_up", bench_json_real(bench_speed_up(field, scores)));
    json_object_set_new(object, "unrest", json_real(bench_unrest(field, scores)));
}

bool bench_json_write(json_t *object, const char *path) {
    const bool done = json_dump_file(object, path, JSON_INDENT(1) | JSON_REAL_PRECISION(6)) == 0;
    json_decref(object);
    if (!done)
        fprintf(stderr, "%s: cannot write %s\n", program_invocation_short_name, path);
    return done;
}
