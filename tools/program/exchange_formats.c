/* SPDX-License-Identifier: BSD-3-Clause */
#include "exchange.h"
#include "report.h"

#include <string.h>

static tp_status export_onnx(const tp_model *model, tp_output *output, const tp_exchange_options *options) {
    (void)options; /* of tensors, which need no names of somebody's */
    return tp_model_export_onnx(model, output);
}

static const struct exchange_format formats[] = {
    {.name = "torch",
     .endings = {".safetensors"},
     .export_model = tp_model_export_torch,
     .import_model = tp_model_import_torch,
     .tensors = true},
    {.name = "c", .endings = {".h", ".c"}, .export_model = tp_model_export_c, .identifier = true},
    {.name = "onnx",
     .endings = {".onnx"},
     .export_model = export_onnx,
     .import_model = tp_model_import_onnx,
     .complete = true},
    {0},
};

static bool is_written(const struct exchange_format *format) {
    return format->export_model;
}

static bool is_read(const struct exchange_format *format) {
    return format->import_model;
}

typedef bool condition_fn(const struct exchange_format *format);

/* Number value, from 0, of the formats of which the condition holds; NULL: there are not so many. */
static const struct exchange_format *format_number(int value, condition_fn *condition) {
    for (const struct exchange_format *format = formats; value >= 0 && format->name; format++)
        if (condition(format) && !value--)
            return format;
    return NULL;
}

const char *exchange_export_name(int value) {
    const struct exchange_format *format = format_number(value, is_written);
    return format ? format->name : NULL;
}

const char *exchange_import_name(int value) {
    const struct exchange_format *format = format_number(value, is_read);
    return format ? format->name : NULL;
}

static bool ends_in(const char *path, const char *ending) {
    const size_t length = strlen(path), size = ending ? strlen(ending) : 0;
    return size && length > size && !strcmp(path + length - size, ending);
}

const struct exchange_format *exchange_find(const char *option, int value, const char *path) {
    condition_fn *const condition = strcmp(option, "to") ? is_read : is_written;
    if (value != FORMAT_OF_ENDING)
        return format_number(value, condition);
    char known[256] = "";
    for (const struct exchange_format *format = formats; format->name; format++) {
        if (!condition(format))
            continue;
        if (ends_in(path, format->endings[0]) || ends_in(path, format->endings[1]))
            return format;
        const size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s (%s)", used ? ", " : "", format->name, format->endings[0]);
    }
    complain("%s: its ending is that of no format; --%s says which one it is: %s", path, option, known);
    return NULL;
}
