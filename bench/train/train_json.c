/* SPDX-License-Identifier: BSD-3-Clause */
#include "train_report.h"

static json_t *widths(const struct train_task *task) {
    json_t *list = json_array();
    for (int l = 0; l <= task->layers; l++)
        json_array_append_new(list, json_integer((json_int_t)task->widths[l]));
    return list;
}

static json_t *figures(const struct bench_field *field, const struct train_row *row, int place) {
    json_t *object = bench_json_scores(field, &row->scores, place);
    json_object_set_new(object, "samples_per_second", bench_json_real(train_rate(row, place)));
    json_object_set_new(object, "microseconds_per_batch", bench_json_real(train_microseconds(row, place)));
    json_object_set_new(object, "memory", bench_json_real(row->memory[place]));
    json_object_set_new(object, "check_loss", bench_json_real(row->loss[place]));
    return object;
}

static json_t *sizes(const struct train_sizes *sizes) {
    json_t *object = json_object();
    json_object_set_new(object, "parameters", bench_json_real(sizes->parameters));
    json_object_set_new(object, "trainer", bench_json_real(sizes->trainer));
    json_object_set_new(object, "optimizer", bench_json_real(sizes->optimizer));
    json_object_set_new(object, "workspace", bench_json_real(sizes->workspace));
    return object;
}

static json_t *phases(const tp_phases *phases) {
    json_t *object = json_object();
    json_object_set_new(object, "data", bench_json_real(phases->data));
    json_object_set_new(object, "forward", bench_json_real(phases->forward));
    json_object_set_new(object, "loss", bench_json_real(phases->loss));
    json_object_set_new(object, "backward", bench_json_real(phases->backward));
    json_object_set_new(object, "update", bench_json_real(phases->update));
    json_object_set_new(object, "barrier", bench_json_real(phases->barrier));
    return object;
}

static json_t *result(const struct train_run *run, const struct train_row *row) {
    const struct train_net *net = &row->net;
    const struct bench_field *field = &run->bench.field;
    json_t *object = json_object(), *all = json_object(), *unable = json_array();
    json_object_set_new(object, "group", bench_json_text(net->group));
    json_object_set_new(object, "name", bench_json_text(net->name));
    json_object_set_new(object, "batch", json_integer((json_int_t)net->task.batch));
    json_object_set_new(object, "optimizer",
                        bench_json_text(tp_optimizer_name(net->task.adam ? TP_OPTIMIZER_ADAM : TP_OPTIMIZER_SGD)));
    json_object_set_new(object, "widths", widths(&net->task));
    json_object_set_new(object, "flops_per_sample", json_real(train_net_flops(net)));
    json_object_set_new(object, "sizes", sizes(&row->sizes));
    json_object_set_new(object, "phases", phases(&row->phases));
    for (int p = BENCH_AT_PEAK; p < field->count; p++) {
        const char *label = field->contestant[p].label;
        if (p == BENCH_AT_PEAK)
            json_object_set_new(all, label, bench_json_scores(field, &row->scores, p));
        else if (row->able[p])
            json_object_set_new(all, label, figures(field, row, p));
        else if (field->contestant[p].present)
            json_array_append_new(unable, bench_json_text(label));
    }
    json_object_set_new(object, "contestants", all);
    json_object_set_new(object, "unable", unable);
    bench_json_add_ratios(object, field, &row->scores);
    return object;
}

bool train_write_json(const struct train_run *run, const char *path) {
    json_t *object = bench_json_run(&run->bench), *results = json_array();
    json_object_set_new(object, "inference", json_boolean(run->inference));
    json_object_set_new(object, "bf16", json_boolean(run->bf16));
    json_object_set_new(object, "parts", json_integer(run->parts));
    json_object_set_new(object, "seconds", json_real(run->seconds));
    for (const struct train_row *row = run->row; row < run->row + run->rows; row++)
        json_array_append_new(results, result(run, row));
    json_object_set_new(object, "results", results);
    return bench_json_write(object, path);
}
