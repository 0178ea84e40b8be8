/* SPDX-License-Identifier: BSD-3-Clause */

#include "report.h"
#include "escape.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static bool later;
static char last[1024];

void complain_later(void) {
    later = true;
}

void complained_last(char *text, size_t size) {
    snprintf(text, size, "%s", last);
}

void complain(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    char *message = NULL;
    if (vasprintf(&message, format, arguments) < 0)
        message = NULL;
    va_end(arguments);
    if (later) {
        snprintf(last, sizeof last, "%s", message ? message : "out of memory for a message");
        free(message);
        return;
    }
    char *line = message ? escaped(message) : NULL;
    fprintf(stderr, "tileprop: %s\n", line ? line : "out of memory for a message");
    free(line);
    free(message);
}

double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

double score_accuracy(const tp_score *score) {
    return score->samples ? (double)score->correct / (double)score->samples : (double)NAN;
}

double score_loss(const tp_score *score) {
    return score->samples && !isnan(score->loss) ? score->loss : (double)NAN; /* printf would show a sign of NaN */
}

/* Running out of memory while a report is made leaves it out, but must not end a run that has more to do. */
static bool damaged; /* the report at hand */
static bool lost;    /* one of them */

static void require_memory(bool done) {
    if (!done)
        damaged = lost = true;
}

bool report_complete(void) {
    return !lost;
}

json_t *report_new(void) {
    json_t *object = json_object();
    require_memory(object);
    return object;
}

json_t *report_list(void) {
    json_t *list = json_array();
    require_memory(list);
    return list;
}

void report_append(json_t *list, json_t *value) {
    require_memory(!json_array_append_new(list, value));
}

void report_member(json_t *object, const char *key, json_t *value) {
    require_memory(!json_object_set_new(object, key, value));
}

void print_text_line(const char *name, const char *text) {
    char *line = escaped(text);
    lost = lost || !line;
    printf("%-11s %s\n", name, line ? line : "(out of memory)");
    free(line);
}

/* Paths need not be UTF-8, JSON must be. */
static json_t *any_text(const char *text) {
    json_t *value = json_string(text);
    if (value)
        return value;
    char *utf8 = escaped(text);
    value = json_string(utf8);
    free(utf8);
    return value;
}

void report_text(json_t *object, const char *key, const char *text) {
    report_member(object, key, text ? any_text(text) : json_null());
}

void report_truth(json_t *object, const char *key, bool value) {
    report_member(object, key, json_boolean(value));
}

void report_integer(json_t *object, const char *key, uint64_t value) {
    report_member(object, key, json_integer((json_int_t)value));
}

void report_real(json_t *object, const char *key, double value) {
    report_member(object, key, isfinite(value) ? json_real(value) : json_null());
}

void report_score(json_t *object, const char *prefix, const tp_score *score, const char *metric, double value) {
    char key[64];
    snprintf(key, sizeof key, "%sloss", prefix);
    report_real(object, key, score_loss(score));
    snprintf(key, sizeof key, "%s%s", prefix, metric);
    report_real(object, key, value);
}

void report_context(json_t *object, const tp_context *context) {
    report_text(object, "isa", tp_context_isa(context));
    report_integer(object, "threads", (uint64_t)tp_context_threads(context));
}

/* Control characters that JSON allows, DEL and U+0080 to U+009F, are escaped as the others are. */
static void print_json_line(const char *line, FILE *file) {
    for (; *line; line++) {
        const unsigned char byte = (unsigned char)line[0];
        const unsigned char next = (unsigned char)line[1];
        const bool long_control = byte == 0xc2 && next < 0xa0;
        if (byte == 0x7f || long_control)
            fprintf(file, "\\u%04x", long_control ? next : byte);
        else
            putc(byte, file);
        line += long_control;
    }
    putc('\n', file);
}

char *report_line(json_t *object) {
    char *line = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(17));
    require_memory(line);
    json_decref(object);
    if (damaged) {
        complain("out of memory for a report");
        free(line);
        line = NULL;
    }
    damaged = false;
    return line;
}

void report_write(json_t *object, FILE *file) {
    char *const line = report_line(object);
    if (line)
        print_json_line(line, file);
    free(line);
}

bool close_file(FILE *file, const char *name, int error) {
    const bool failed = ferror(file);
    errno = 0;
    if (!fclose(file) && !failed && !error)
        return true;
    if (!error)
        error = errno;
    complain("cannot write %s: %s", name, error ? strerror(error) : "not everything was accepted");
    return false;
}
