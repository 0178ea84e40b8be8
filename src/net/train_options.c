/* SPDX-License-Identifier: BSD-3-Clause */
/* What a program gives a trainer, checked. */
#include "net/trainer.h"

#include "core/memory.h"
#include "core/names.h"
#include "core/options.h"
#include "net/gather.h"
#include "net/pass.h"

#include <math.h>
#include <string.h>

static const tp_train_options default_options = {.struct_size = sizeof default_options,
                                                 .batch = 128,
                                                 .epochs = 10,
                                                 .shuffle = true,
                                                 .seed = 1,
                                                 .plateau = 5,
                                                 .parts = 1};
static const struct tp_struct options_type = {.name = "train options",
                                              .size = sizeof default_options,
                                              .first = offsetof(tp_train_options, class_weights),
                                              .defaults = &default_options};
_Static_assert(sizeof(tp_optimizer_options) <= sizeof((tp_train_options *)0)->optimizer_room, "more room is needed");

TP_NO_PADDING(tp_train_options, group);

void tp_train_options_init(tp_train_options *options, size_t struct_size, size_t optimizer_size) {
    tp_struct_init(&options_type, options, struct_size);
    if (options && struct_size >= options_type.first && optimizer_size <= sizeof options->optimizer_room)
        tp_optimizer_options_init(&options->optimizer, optimizer_size);
}

static tp_status check_numbers(const struct tp_context *context, const tp_data *data, const tp_train_options *o) {
    if (o->batch < 1)
        return tp_fail(context, TP_ERR_ARGUMENT, "batch is 0; it must be at least 1");
    if (o->epochs < 1)
        return tp_fail(context, TP_ERR_ARGUMENT, "epochs is 0; it must be at least 1");
    if (!(o->validation_fraction >= 0 && o->validation_fraction < 1))
        return tp_fail(context, TP_ERR_ARGUMENT, "validation_fraction is %g; it must be 0 or more and below 1",
                       o->validation_fraction);
    if (o->validation && o->validation_fraction > 0)
        return tp_fail(context, TP_ERR_ARGUMENT, "validation and validation_fraction exclude each other");
    if (tp_size_mul(o->epochs, data->samples) == TP_SIZE_OVERFLOW)
        return tp_fail(context, TP_ERR_ARGUMENT, "epochs is %zu; the number of steps does not fit in 64 bits",
                       o->epochs);
    const double held_out = floor((double)data->samples * o->validation_fraction);
    if (held_out >= (double)data->samples || (o->validation_fraction > 0 && held_out < 1))
        return tp_fail(context, TP_ERR_ARGUMENT, "validation_fraction %g of %zu samples leaves one of the sets empty",
                       o->validation_fraction, data->samples);
    return TP_OK;
}

static tp_status take_options(const struct tp_context *context, const tp_train_options *given,
                              tp_train_options *options) {
    if (!given)
        return tp_fail(context, TP_ERR_ARGUMENT, "options is NULL");
    const tp_status status = tp_struct_take(context, &options_type, given, options);
    return status ? status : tp_take_optimizer(context, &given->optimizer, &options->optimizer);
}

static tp_status check_parts(const struct tp_context *context, const tp_train_options *o) {
    if (!tp_is_power_of_two(o->parts) || o->parts > TP_MAX_PARTS)
        return tp_fail(context, TP_ERR_ARGUMENT, "parts is %zu; it must be a power of two, at most %d", o->parts,
                       TP_MAX_PARTS);
    return TP_OK;
}

/* Without a group this process is the only rank of its own. */
static tp_status take_group(const struct tp_model *model, struct tp_trainer *t) {
    tp_group group = {.ranks = 1};
    tp_status status = check_parts(model->context, &t->options);
    if (!status && t->options.group)
        status = tp_ranks_take(model->context, t->options.group, t->options.parts, "parts, ", &group);
    if (status)
        return status;
    const size_t count = t->options.parts / (size_t)group.ranks;
    t->parts = (struct tp_parts){.total = t->options.parts, .first = (size_t)group.rank * count, .count = count};
    tp_ranks_describe(&t->ranks, model, &group);
    return TP_OK;
}

/* What decides which epoch is best, and what is kept. */
static tp_status check_best(const struct tp_context *context, const tp_train_options *o) {
    if (!tp_monitor_name(o->monitor))
        return tp_fail(context, TP_ERR_ARGUMENT, "monitor %d is unknown", (int)o->monitor);
    if (!tp_keep_name(o->keep))
        return tp_fail(context, TP_ERR_ARGUMENT, "keep %d is unknown", (int)o->keep);
    if ((unsigned)o->tune >= TP_TUNE_COUNT)
        return tp_fail(context, TP_ERR_ARGUMENT, "tune %d is unknown", (int)o->tune);
    if (o->reserved)
        return tp_fail(context, TP_ERR_ARGUMENT, "reserved is %d; it must be 0", (int)o->reserved);
    if (!(o->min_delta >= 0 && isfinite(o->min_delta)))
        return tp_fail(context, TP_ERR_ARGUMENT, "min_delta is %g; it must be 0 or more and finite", o->min_delta);
    if (o->plateau < 1)
        return tp_fail(context, TP_ERR_ARGUMENT, "plateau is 0; it must be at least 1");
    if (!(o->average >= 0 && o->average < 1))
        return tp_fail(context, TP_ERR_ARGUMENT, "average is %g; it must be 0 (off) or more and below 1", o->average);
    return TP_OK;
}

static tp_status take_fingerprint(const struct tp_context *context, struct tp_trainer *t) {
    const char *text = t->options.fingerprint;
    const size_t length = text ? strlen(text) : 0;
    if (length >= sizeof t->fingerprint)
        return tp_fail(context, TP_ERR_ARGUMENT, "fingerprint has %zu bytes; it must have at most %zu", length,
                       sizeof t->fingerprint - 1);
    if (text)
        memcpy(t->fingerprint, text, length + 1);
    return TP_OK;
}

tp_status tp_take_training(const struct tp_model *model, const tp_data *data, const tp_train_options *given,
                           struct tp_trainer *t) {
    tp_status status = take_options(model->context, given, &t->options);
    if (!status)
        status = tp_take_data(model, "data", data, true, &t->data);
    if (!status)
        status = check_numbers(model->context, &t->data, &t->options);
    if (!status)
        status = check_best(model->context, &t->options);
    if (!status)
        status = take_group(model, t);
    if (!status)
        status = take_fingerprint(model->context, t);
    if (!status && t->options.validation)
        status = tp_take_data(model, "validation", t->options.validation, true, &t->validation);
    if (!status)
        status = tp_check_class_weights(model, "options", t->options.class_weights, t->data.classes);
    return status;
}
