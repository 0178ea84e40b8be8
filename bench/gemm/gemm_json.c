/* SPDX-License-Identifier: BSD-3-Clause */
#include "gemm_report.h"

#define MAX_SUMMARIES 16

static json_t *result(const struct gemm_run *run, const struct gemm_row *row) {
    const struct gemm_shape *s = &row->shape;
    json_t *object = json_object(), *all = json_object();
    json_object_set_new(object, "group", bench_json_text(s->group));
    json_object_set_new(object, "name", bench_json_text(s->name));
    json_object_set_new(object, "m", bench_json_size(s->m));
    json_object_set_new(object, "n", bench_json_size(s->n));
    json_object_set_new(object, "k", bench_json_size(s->k));
    json_object_set_new(object, "transpose_a", json_boolean(s->transpose_a));
    json_object_set_new(object, "transpose_b", json_boolean(s->transpose_b));
    for (int p = BENCH_AT_PEAK; p < run->bench.field.count; p++)
        if (row->scores.wrong[p] || row->scores.gflops[p] > 0)
            json_object_set_new(all, run->bench.field.contestant[p].label,
                                bench_json_scores(&run->bench.field, &row->scores, p));
    json_object_set_new(object, "contestants", all);
    bench_json_add_ratios(object, &run->bench.field, &row->scores);
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
        json_object_set_new(object, "group", s->group ? bench_json_text(s->group) : json_null());
        json_object_set_new(object, "shapes", bench_json_size(s->shapes));
        json_object_set_new(object, "ratio", bench_json_real(s->ratio));
        json_object_set_new(object, "of_peak", bench_json_real(s->share));
        json_object_set_new(object, "lowest_ratio",
                            s->worst ? bench_json_real(bench_ratio(&run->bench.field, &s->worst->scores))
                                     : json_null());
        json_object_set_new(object, "losses", bench_json_size(s->losses));
        json_object_set_new(object, "restless", bench_json_size(s->restless));
        json_array_append_new(list, object);
    }
    return list;
}

bool gemm_write_json(const struct gemm_run *run, const char *path) {
    json_t *object = bench_json_run(&run->bench);
    json_object_set_new(object, "results", results(run));
    json_object_set_new(object, "summary", summaries(run));
    return bench_json_write(object, path);
}
