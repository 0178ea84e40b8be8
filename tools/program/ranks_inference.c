/* SPDX-License-Identifier: BSD-3-Clause */
#include "ranks_inference.h"
#include "data.h"
#include "inference.h"
#include "interrupt.h"
#include "options_json.h"
#include "ranks.h"
#include "report.h"

#include <stdlib.h>
#include <string.h>

#define COMPARED 64 /* samples */
#define SLOT 0

/* ---- what they are about to do ---- */

/* Of samples that are spread evenly: each process reads no more than these and its own. */
static tp_status spread_fingerprint(const struct session *session, const tp_data *data, char *fingerprint) {
    const size_t reach = data->samples < UINT32_MAX ? data->samples : UINT32_MAX;
    const size_t count = reach < COMPARED ? reach : COMPARED;
    uint32_t rows[COMPARED];
    tp_data some = *data;
    for (size_t i = 0; i < count; i++)
        rows[i] = (uint32_t)data_row(data, i * (reach / count));
    some.samples = count;
    some.rows = rows;
    return tp_data_fingerprint(session->context, &some, fingerprint);
}

/* The options and the version, and what they have led to; NULL: it has said why. */
static json_t *describe_facts(const struct session *session, const struct command *command, const void *options,
                              const tp_model *model, const tp_data *data) {
    char parameters[TP_FINGERPRINT_SIZE], samples[TP_FINGERPRINT_SIZE];
    char *const text = options_config(command, options, CONFIG_RESULT);
    json_t *facts = text ? json_loads(text, 0, NULL) : NULL;
    free(text);
    if (!facts || session_check(session, tp_model_fingerprint(model, parameters)) ||
        session_check(session, spread_fingerprint(session, data, samples))) {
        json_decref(facts);
        return NULL;
    }
    report_text(facts, "parameters", parameters);
    report_integer(facts, "samples", data->samples);
    report_text(facts, "data", samples);
    return facts;
}

/* What the first one says, to be freed; NULL: a process has no memory. */
static char *first_text(const char *own) {
    const size_t size = (size_t)ranks_follow(strlen(own) + 1);
    char *text = malloc(size);
    if (!text)
        complain("out of memory");
    if (ranks_agree(text ? EXIT_SUCCESS : EXIT_FAILURE)) {
        free(text);
        return NULL;
    }
    if (ranks_is_first())
        memcpy(text, own, size);
    ranks_follow_bytes(text, (int)size);
    return text;
}

static int compare(const json_t *own, json_t *first) {
    const char *key;
    json_t *value;
    json_object_foreach(first, key, value) {
        const json_t *const here = json_object_get(own, key);
        if (json_equal(here, value))
            continue;
        char *const a = json_dumps(here, JSON_ENCODE_ANY), *const b = json_dumps(value, JSON_ENCODE_ANY);
        complain("has another run than rank 0: %s is %.200s here and %.200s there", key, a ? a : "absent", b ? b : "");
        free(a);
        free(b);
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}

static int compare_with_first(const json_t *own, const char *own_text) {
    char *const text = first_text(own_text);
    if (!text)
        return EXIT_FAILURE;
    json_t *const first = json_loads(text, 0, NULL);
    if (!first)
        complain("out of memory");
    const int code = ranks_agree(first ? compare(own, first) : EXIT_FAILURE);
    json_decref(first);
    free(text);
    return code;
}

int ranks_check(const struct session *session, const struct command *command, const void *options,
                const tp_model *model, const tp_data *data) {
    if (!ranks_group())
        return EXIT_SUCCESS;
    json_t *const facts = describe_facts(session, command, options, model, data);
    char *const text = facts ? report_line(json_incref(facts)) : NULL;
    int code = ranks_agree(text ? EXIT_SUCCESS : EXIT_FAILURE);
    if (!code)
        code = compare_with_first(facts, text);
    free(text);
    json_decref(facts);
    return code;
}

/* ---- scores ---- */

/* By the model itself, which is what the library's groups take. */
static int open_inference(const struct session *session, const tp_model *model, struct inference *inference) {
    return session_check(session, inference_open(session->context, model, 0, inference));
}

int ranks_score(const struct session *session, const tp_model *model, const tp_data *data, tp_score *score) {
    if (!ranks_group())
        return session_score(session, model, data, score, NULL);
    struct inference inference;
    int code = ranks_agree(open_inference(session, model, &inference));
    if (!code)
        code = session_check(session, tp_group_evaluate(model, inference.workspace, data, ranks_group(), score, NULL));
    inference_close(&inference);
    return code;
}

/* ---- predictions ---- */

/* What each process has of a block, to the first one. */
struct rows {
    double *values;
    size_t outputs;
    uint64_t first, count;
};

static tp_status swap(int peer, const void *send, size_t send_bytes, void *receive, size_t receive_bytes) {
    const tp_group *const group = ranks_group();
    bool done;
    const tp_status status = group->start(group->user, SLOT, peer, send, send_bytes, receive, receive_bytes);
    return status ? status : group->finish(group->user, SLOT, true, &done);
}

static size_t bytes_of(const struct rows *rows) {
    return (size_t)rows->count * rows->outputs * sizeof *rows->values;
}

static double *place_of(const struct rows *rows) {
    return rows->values + rows->first * rows->outputs;
}

static tp_status give(const struct rows *rows) {
    const uint64_t range[] = {rows->first, rows->count};
    const tp_status status = swap(0, range, sizeof range, NULL, 0);
    return status ? status : swap(0, place_of(rows), bytes_of(rows), NULL, 0);
}

static tp_status take(int peer, struct rows rows) {
    uint64_t range[2];
    const tp_status status = swap(peer, NULL, 0, range, sizeof range);
    if (status)
        return status;
    rows.first = range[0];
    rows.count = range[1];
    return swap(peer, NULL, 0, place_of(&rows), bytes_of(&rows));
}

static int gather(const struct session *session, const struct rows *rows) {
    const tp_group *const group = ranks_group();
    tp_status status = TP_OK;
    if (!ranks_is_first())
        status = give(rows);
    for (int32_t peer = 1; ranks_is_first() && !status && peer < group->ranks; peer++)
        status = take(peer, *rows);
    if (status)
        status = tp_context_set_message(session->context, status, group->reason(group->user));
    return session_check(session, status);
}

static int predict_block(const struct session *session, const struct inference *inference, const tp_data *block,
                         struct rows rows) {
    const tp_outputs outputs = {.doubles = rows.values};
    size_t first = 0, count = 0;
    int code = ranks_agree(session_check(session, tp_group_predict(inference->model, inference->workspace, block,
                                                                   ranks_group(), &outputs, &first, &count)));
    rows.first = first;
    rows.count = count;
    if (!code)
        code = gather(session, &rows);
    return code ? code : (int)ranks_follow((uint64_t)interrupt_code());
}

int ranks_predict(const struct session *session, const tp_model *model, const tp_data *data,
                  struct predictions *predictions) {
    if (!ranks_group())
        return predictions_make_unless_stopped(session, model, data, predictions);
    struct inference inference;
    const size_t size = PREDICTIONS_BLOCK * (size_t)ranks_group()->ranks;
    int code = open_inference(session, model, &inference);
    if (!code)
        code = predictions_open(model, data->samples, predictions);
    code = ranks_agree(code);
    for (size_t i = 0; !code && i < data->samples; i += size) {
        const tp_data block = predictions_block(data, i, size);
        const size_t outputs = predictions->outputs;
        code =
            predict_block(session, &inference, &block, (struct rows){predictions->values + i * outputs, outputs, 0, 0});
    }
    inference_close(&inference);
    return code;
}
