/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/checkpoint.h"

#include "core/message.h"
#include "core/size.h"
#include "io/model_header.h"
#include "io/model_names.h"
#include "io/number.h"
#include "net/pass.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT "tileprop checkpoint"

const char *tp_kept_name(int which) {
    static const char *const names[TP_KEPT_COUNT] = {"parameters", "state.0", "state.1", "average", "best"};
    return names[which];
}

/* ---- what the run is ---- */

enum kind { SIZE, U64, REAL32, REAL64, TRUTH, OPTIMIZER, SCHEDULE, MONITOR, KEEP };

struct row {
    const char *key;
    enum kind kind;
    size_t offset;
};

#define TRAIN(field, kind)                                                                                             \
    { "train." #field, kind, offsetof(tp_train_options, field) }
#define RULE(field, kind)                                                                                              \
    { "optimizer." #field, kind, offsetof(tp_train_options, optimizer.field) }

static const struct row option_rows[] = {
    TRAIN(batch, SIZE),
    TRAIN(epochs, SIZE),
    TRAIN(shuffle, TRUTH),
    TRAIN(seed, U64),
    TRAIN(validation_fraction, REAL64),
    TRAIN(monitor, MONITOR),
    TRAIN(keep, KEEP),
    TRAIN(patience, SIZE),
    TRAIN(min_delta, REAL64),
    TRAIN(plateau, SIZE),
    TRAIN(average, REAL64),
    TRAIN(parts, SIZE),
    RULE(kind, OPTIMIZER),
    RULE(learning_rate, REAL32),
    RULE(momentum, REAL32),
    RULE(beta1, REAL32),
    RULE(beta2, REAL32),
    RULE(epsilon, REAL32),
    RULE(weight_decay, REAL32),
    RULE(clip_norm, REAL32),
    RULE(schedule, SCHEDULE),
    RULE(warmup_steps, U64),
    RULE(total_steps, U64),
    RULE(step_every, U64),
    RULE(step_factor, REAL32),
    RULE(final_factor, REAL32),
};

#define AT(name, field, kind)                                                                                          \
    { TP_AT name, kind, offsetof(struct tp_point, field) }

static const struct row point_rows[] = {
    AT("epoch", epoch, SIZE),
    AT("step", step, U64),
    AT("loss", running.loss, REAL64),
    AT("correct", running.correct, SIZE),
    AT("samples", running.samples, SIZE),
    AT("weight", running.weight, REAL64),
    AT("step_seconds", step_seconds, REAL64),
    AT("best_epoch", best_epoch, SIZE),
    AT("best", best, REAL64),
    AT("waited", waited, SIZE),
    AT("flat", flat, SIZE),
    AT("reductions", reductions, U64),
};

static bool read_real(const char *text, double *value) {
    char copy[32];
    const size_t length = strlen(text);
    if (length >= sizeof copy)
        return false;
    memcpy(copy, text, length + 1);
    return tp_parse_number(copy, value) && isfinite(*value);
}

/* With as few digits as tell the number from others of its type, so that 0.1 is 0.1. */
static json_t *short_number(double value, bool real32) {
    return tp_json_number(value, (size_t)tp_shortest_digits(value, real32, 1));
}

static json_t *text_of(enum kind kind, const void *value) {
    switch (kind) {
    case SIZE:
        return json_sprintf("%zu", *(const size_t *)value);
    case U64:
        return json_sprintf("%llu", (unsigned long long)*(const uint64_t *)value);
    case REAL32:
        return short_number((double)*(const float *)value, true);
    case REAL64:
        return short_number(*(const double *)value, false);
    case TRUTH:
        return json_string(*(const bool *)value ? "true" : "false");
    case OPTIMIZER:
        return json_string(tp_optimizer_name(*(const tp_optimizer_kind *)value));
    case SCHEDULE:
        return json_string(tp_schedule_name(*(const tp_schedule *)value));
    case MONITOR:
        return json_string(tp_monitor_name(*(const tp_monitor *)value));
    case KEEP:
        break;
    }
    return json_string(tp_keep_name(*(const tp_keep *)value));
}

static int describe_rows(json_t *metadata, const struct row *rows, size_t count, const void *values) {
    for (size_t i = 0; i < count; i++)
        if (json_object_set_new(metadata, rows[i].key, text_of(rows[i].kind, (const char *)values + rows[i].offset)))
            return -1;
    return 0;
}

#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

/* Numbers that are too many to be shown: the SHA-256 of their digits. NULL stands for none. */
static json_t *digest_of(const double *doubles, const float *floats, size_t count) {
    char hex[SHA256_DIGEST_STRING_LENGTH] = "none";
    SHA2_CTX digest;
    if (!doubles && !floats)
        return json_string(hex);
    SHA256Init(&digest);
    for (size_t i = 0; i < count; i++) {
        json_t *text = tp_json_number(doubles ? doubles[i] : (double)floats[i], TP_DOUBLE_DIGITS);
        if (!text)
            return NULL;
        SHA256Update(&digest, (const uint8_t *)json_string_value(text), json_string_length(text) + 1);
        json_decref(text);
    }
    SHA256End(&digest, hex);
    return json_string(hex);
}

static int describe_arrays(json_t *metadata, const struct tp_trainer *t) {
    const struct tp_scaler *in = &t->model->inputs_scaled, *out = &t->model->outputs_scaled;
    const struct {
        const char *key;
        const double *doubles;
        const float *floats;
        size_t count;
    } arrays[] = {
        {"inputs.mean", in->mean, NULL, tp_max(in->count, 1)},
        {"inputs.deviation", in->deviation, NULL, tp_max(in->count, 1)},
        {"outputs.mean", out->mean, NULL, tp_max(out->count, 1)},
        {"outputs.deviation", out->deviation, NULL, tp_max(out->count, 1)},
        {"train.class_weights", NULL, t->options.class_weights, tp_class_count(t->model)},
        {"optimizer.layer_rates", NULL, t->optimizer->layer_rates, t->model->layers},
    };
    for (size_t i = 0; i < COUNT(arrays); i++)
        if (json_object_set_new(metadata, arrays[i].key,
                                digest_of(arrays[i].doubles, arrays[i].floats, arrays[i].count)))
            return -1;
    return 0;
}

/* The digest of a model's file has no place here. */
static int describe_run(json_t *metadata, const struct tp_snapshot *snapshot) {
    const struct tp_trainer *t = snapshot->trainer;
    if (tp_describe_model(metadata, &snapshot->model) || json_object_del(metadata, TP_KEY_DIGEST) ||
        json_object_set_new(metadata, TP_KEY_FORMAT, json_string(FORMAT)) ||
        json_object_set_new(metadata, "data", json_string(snapshot->fingerprint)) || describe_arrays(metadata, t) ||
        describe_rows(metadata, option_rows, COUNT(option_rows), &t->options) ||
        describe_rows(metadata, point_rows, COUNT(point_rows), &snapshot->at))
        return -1;
    return 0;
}

static int describe_arrays_kept(json_t *header, const struct tp_snapshot *snapshot, size_t *offset) {
    const size_t count = snapshot->trainer->model->parameter_count;
    for (int i = 0; i < TP_KEPT_COUNT; i++)
        if (snapshot->array[i] && tp_describe_tensor(header, tp_kept_name(i), json_pack("[I]", (json_int_t)count),
                                                     count, sizeof(float), offset))
            return -1;
    return tp_describe_tensor(header, TP_CHECKPOINT_CRC, json_pack("[i]", (int)sizeof(uint32_t)), sizeof(uint32_t), 1,
                              offset);
}

json_t *tp_checkpoint_header(const struct tp_snapshot *snapshot) {
    json_t *header = json_object(), *metadata = json_object();
    const bool described = metadata && !describe_run(metadata, snapshot);
    size_t offset = 0;
    if (json_object_set_new(header, TP_KEY_METADATA, metadata) || !described ||
        describe_arrays_kept(header, snapshot, &offset)) {
        json_decref(header);
        return NULL;
    }
    return header;
}

/* ---- comparison ---- */

/* A list of differences, as long as a message shows. */
struct differences {
    char text[TP_SHOWN_SIZE];
    size_t used, more;
};

#define SHOWN_VALUE 24 /* bytes of a value, whose rest says no more */

static void add_difference(struct differences *found, const char *key, const char *there, const char *here) {
    const int a = (int)strnlen(there, SHOWN_VALUE), b = (int)strnlen(here, SHOWN_VALUE);
    char text[160];
    snprintf(text, sizeof text, "%s%.60s is %.*s there and %.*s here", found->used ? "; " : "", key, a, there, b, here);
    const size_t length = strlen(text), room = sizeof found->text - sizeof "; and 99 more";
    if (found->more || found->used + length > room) {
        found->more++;
        return;
    }
    memcpy(found->text + found->used, text, length + 1);
    found->used += length;
}

static void end_differences(struct differences *found) {
    if (found->more)
        snprintf(found->text + found->used, sizeof found->text - found->used, "; and %zu more", found->more);
}

/* Keys of here that there has otherwise, and those that here does not have. */
static void compare_metadata(const json_t *there, const json_t *here, struct differences *found) {
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)here, key, value) {
        const char *old = json_string_value(json_object_get(there, key)), *own = json_string_value(value);
        if (strncmp(key, TP_AT, strlen(TP_AT)) != 0 && (!old || strcmp(old, own) != 0))
            add_difference(found, key, old ? old : "nothing", own);
    }
    json_object_foreach((json_t *)(uintptr_t)there, key, value) {
        if (!json_object_get(here, key))
            add_difference(found, key, json_string_value(value), "nothing");
    }
}

static void compare_shapes(const json_t *there, const json_t *here, struct differences *found) {
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)here, key, value) {
        const json_t *shape = json_object_get(json_object_get(there, key), "shape");
        if (strcmp(key, TP_KEY_METADATA) != 0 && !json_equal(shape, json_object_get(value, "shape")))
            add_difference(found, key, shape ? "of another length" : "missing", "needed");
    }
}

/* Types and places as well, and no other tensor: they are read one after the other. */
static bool same_tensors(const json_t *there, const json_t *here) {
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)here, key, value) {
        if (strcmp(key, TP_KEY_METADATA) != 0 && !json_equal(json_object_get(there, key), value))
            return false;
    }
    return json_object_size(there) == json_object_size(here);
}

tp_status tp_checkpoint_check_format(const struct tp_context *context, const char *path, const json_t *header) {
    const json_t *metadata = json_object_get(header, TP_KEY_METADATA);
    const char *format = json_string_value(json_object_get(metadata, TP_KEY_FORMAT));
    if (format && !strcmp(format, FORMAT))
        return TP_OK;
    return tp_fail(context, TP_ERR_FORMAT, "%s: is not a checkpoint of tileprop", path);
}

tp_status tp_checkpoint_compare(const struct tp_context *context, const char *path, const json_t *own,
                                const json_t *found) {
    struct differences differences = {.used = 0};
    compare_metadata(json_object_get(found, TP_KEY_METADATA), json_object_get(own, TP_KEY_METADATA), &differences);
    if (!differences.used)
        compare_shapes(found, own, &differences);
    end_differences(&differences);
    if (differences.used)
        return tp_fail(context, TP_ERR_ARGUMENT, "%s: is of another run: %s", path, differences.text);
    if (!same_tensors(found, own))
        return tp_fail(context, TP_ERR_FORMAT, "%s: its tensors are not those of a checkpoint", path);
    return TP_OK;
}

/* ---- where the run was ---- */

/* Of 64 bits, written as text_of does. */
static bool read_whole(const char *text, uint64_t *value) {
    char *end;
    errno = 0;
    *value = strtoull(text, &end, 10);
    return *text >= '0' && *text <= '9' && !*end && !errno;
}

static bool read_row(const char *text, enum kind kind, void *value) {
    return text && (kind == REAL64 ? read_real(text, value) : read_whole(text, value));
}

static bool is_possible(const struct tp_trainer *t, const struct tp_point *at) {
    return at->epoch <= t->options.epochs && at->step <= t->steps_per_epoch &&
           (at->epoch < t->options.epochs || at->step == 0) && at->best_epoch <= at->epoch && at->waited <= at->epoch &&
           at->flat <= at->waited && at->reductions <= at->epoch && at->running.samples <= t->train_count &&
           at->running.correct <= at->running.samples && at->step_seconds >= 0 && at->running.weight >= 0;
}

tp_status tp_checkpoint_point(const struct tp_snapshot *snapshot, const char *path, const json_t *header,
                              struct tp_point *point) {
    const struct tp_context *context = snapshot->context;
    const json_t *metadata = json_object_get(header, TP_KEY_METADATA);
    for (size_t i = 0; i < COUNT(point_rows); i++) {
        const struct row *row = &point_rows[i];
        const char *text = json_string_value(json_object_get(metadata, row->key));
        if (!read_row(text, row->kind, (char *)point + row->offset))
            return tp_fail(context, TP_ERR_FORMAT, "%s: " TP_KEY_METADATA ": %s is not a number: \"%s\"", path,
                           row->key, text ? text : "");
    }
    if (is_possible(snapshot->trainer, point))
        return TP_OK;
    return tp_fail(context, TP_ERR_FORMAT,
                   "%s: " TP_KEY_METADATA ": says epoch %zu, step %llu: this run cannot be there", path, point->epoch,
                   (unsigned long long)point->step);
}
