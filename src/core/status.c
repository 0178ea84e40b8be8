/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/cancel.h"
#include "core/context.h"
#include "core/message.h"

#include <string.h>

#define STRINGIFY_(x) #x
#define STRINGIFY(x) STRINGIFY_(x)

const char *tp_version(void) {
    return STRINGIFY(TP_VERSION_MAJOR) "." STRINGIFY(TP_VERSION_MINOR) "." STRINGIFY(TP_VERSION_PATCH);
}

const char *tp_status_text(tp_status status) {
    switch (status) {
    case TP_OK:
        return "success";
    case TP_ERR_ARGUMENT:
        return "invalid argument";
    case TP_ERR_MEMORY:
        return "not enough memory";
    case TP_ERR_UNSUPPORTED:
        return "not supported by this machine or build";
    case TP_ERR_IO:
        return "input or output error";
    case TP_ERR_MISSING:
        return "not there";
    case TP_ERR_FORMAT:
        return "invalid file contents";
    case TP_ERR_NONFINITE:
        return "loss is not finite";
    case TP_ERR_STOPPED:
        return "stopped by a callback";
    }
    return "unknown status";
}

/* Held only while at most TP_MESSAGE_SIZE bytes are copied. */
static void lock(struct tp_message *message) {
    while (atomic_flag_test_and_set_explicit(&message->lock, memory_order_acquire)) {
    }
}

static void unlock(struct tp_message *message) {
    atomic_flag_clear_explicit(&message->lock, memory_order_release);
}

/* Errors are kept; notes, with TP_OK, are only told. */
static tp_status tell(const struct tp_context *context, tp_status status, const char text[TP_MESSAGE_SIZE]) {
    if (status) {
        lock(context->message);
        memcpy(context->message->text, text, TP_MESSAGE_SIZE);
        unlock(context->message);
    }
    if (context->on_message) {
        const int cancel = tp_cancel_hold();
        context->on_message(context->message_user, status, text);
        tp_cancel_restore(cancel);
    }
    return status;
}

tp_status(tp_fail)(const struct tp_context *context, tp_status status, const char *format, ...) {
    char text[TP_MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    tp_format(text, sizeof text, format, arguments);
    va_end(arguments);
    return tell(context, status, text);
}

void tp_note(const struct tp_context *context, const char *format, ...) {
    char text[TP_MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    tp_format(text, sizeof text, format, arguments);
    va_end(arguments);
    tell(context, TP_OK, text);
}

tp_status tp_context_set_message(const tp_context *context, tp_status status, const char *message) {
    char text[TP_MESSAGE_SIZE];
    if (!context)
        return status;
    tp_show(text, sizeof text, message ? message : "");
    return tell(context, status, text);
}

size_t tp_context_message(const tp_context *context, char *buffer, size_t size) {
    char text[TP_MESSAGE_SIZE] = "";
    if (context) {
        lock(context->message);
        memcpy(text, context->message->text, sizeof text);
        unlock(context->message);
    }
    const size_t length = strlen(text);
    if (buffer && size) {
        const size_t kept = length < size ? length : size - 1;
        memcpy(buffer, text, kept);
        buffer[kept] = '\0';
    }
    return length;
}
