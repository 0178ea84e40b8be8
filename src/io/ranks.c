/* SPDX-License-Identifier: BSD-3-Clause */
/* Whether all ranks of a group do the same run, as their checkpoints would describe it. */
#include "net/ranks.h"

#include "core/message.h"
#include "io/checkpoint.h"
#include "io/model_names.h"

#include <string.h>

/* What one fact is on the lowest of some ranks, and on the lowest of them where it is another. */
struct fact {
    int32_t rank, other_rank; /* other_rank -1: all have the same */
    char text[200], other[200];
};

static void compare(void *lower, const void *higher) {
    struct fact *fact = lower;
    const struct fact *above = higher;
    if (fact->other_rank >= 0)
        return;
    const bool same = !strcmp(fact->text, above->text);
    fact->other_rank = same ? above->other_rank : above->rank;
    memcpy(fact->other, same ? above->other : above->text, sizeof fact->other);
}

/* Fact number i of a run, "none" if it has not so many. */
static void describe(const json_t *facts, size_t i, char *text, size_t size) {
    const char *key;
    json_t *value;
    snprintf(text, size, "nothing");
    json_object_foreach((json_t *)(uintptr_t)facts, key, value) {
        if (i-- == 0)
            snprintf(text, size, "%.60s is %.130s", key, json_string_value(value));
    }
}

static void count_facts(void *lower, const void *higher) {
    uint64_t *most = lower;
    if (*(const uint64_t *)higher > *most)
        *most = *(const uint64_t *)higher;
}

static tp_status compare_facts(struct tp_ranks *ranks, const struct tp_context *context, const json_t *facts) {
    uint64_t count = json_object_size(facts);
    tp_ranks_combine(ranks, &count, sizeof count, count_facts);
    for (size_t i = 0; i < count && !ranks->status; i++) {
        struct fact fact = {.rank = ranks->group.rank, .other_rank = -1};
        describe(facts, i, fact.text, sizeof fact.text);
        tp_ranks_combine(ranks, &fact, sizeof fact, compare);
        if (!ranks->status && fact.other_rank >= 0)
            return tp_fail(context, TP_ERR_ARGUMENT, "group: rank %d has another run than rank 0: %s there and %s here",
                           (int)fact.other_rank, fact.other, fact.text);
    }
    return tp_ranks_status(ranks, context);
}

/* As in a checkpoint, and the parameters. */
static tp_status describe_run(const struct tp_trainer *t, struct tp_snapshot *snapshot, json_t **facts) {
    char digest[TP_FINGERPRINT_SIZE];
    tp_status status = tp_model_describe(t->model, &snapshot->model);
    if (!status)
        status = tp_checkpoint_fingerprint(snapshot);
    if (!status)
        status = tp_model_fingerprint(t->model, digest);
    if (status)
        return status;
    json_t *header = tp_checkpoint_header(snapshot);
    *facts = json_incref(json_object_get(header, TP_KEY_METADATA));
    json_decref(header);
    json_object_del(*facts, TP_AT "step_seconds"); /* of this process */
    return json_object_set_new(*facts, "parameters", json_string(digest))
               ? tp_fail(snapshot->context, TP_ERR_MEMORY, "group: cannot allocate the description of the run")
               : TP_OK;
}

tp_status tp_ranks_compare(struct tp_ranks *ranks, const struct tp_trainer *t) {
    const struct tp_context *context = t->model->context;
    struct tp_snapshot snapshot = {.trainer = t, .context = context, .at = t->at};
    json_t *facts = NULL;
    tp_status status = describe_run(t, &snapshot, &facts);
    status = tp_ranks_share_failure(ranks, context, status);
    if (!status)
        status = compare_facts(ranks, context, facts);
    json_decref(facts);
    return status;
}
