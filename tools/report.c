/* SPDX-License-Identifier: BSD-3-Clause */
#include "report.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void complain(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("tileprop: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
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
    return score->samples ? score->loss : (double)NAN;
}

static void require_memory(bool done) {
    if (!done) {
        complain("out of memory");
        exit(EXIT_FAILURE);
    }
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

/* Paths need not be UTF-8, JSON must be: other bytes show as '?'. */
static json_t *any_text(const char *text) {
    json_t *value = json_string(text);
    if (value)
        return value;
    char *ascii = strdup(text);
    require_memory(ascii);
    for (char *c = ascii; *c; c++)
        *c = (unsigned char)*c < 0x80 ? *c : '?';
    value = json_string(ascii);
    free(ascii);
    return value;
}

void report_text(json_t *object, const char *key, const char *text) {
    report_member(object, key, text ? any_text(text) : json_null());
}

void report_integer(json_t *object, const char *key, uint64_t value) {
    report_member(object, key, json_integer((json_int_t)value));
}

void report_real(json_t *object, const char *key, double value) {
    report_member(object, key, isfinite(value) ? json_real(value) : json_null());
}

void report_score(json_t *object, const char *prefix, const tp_score *score) {
    char key[64];
    snprintf(key, sizeof key, "%sloss", prefix);
    report_real(object, key, score_loss(score));
    snprintf(key, sizeof key, "%saccuracy", prefix);
    report_real(object, key, score_accuracy(score));
}

void report_context(json_t *object, const tp_context *context) {
    report_text(object, "isa", tp_context_isa(context));
    report_integer(object, "threads", (uint64_t)tp_context_threads(context));
}

void report_write(json_t *object, FILE *file) {
    char *line = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(17));
    require_memory(line);
    fprintf(file, "%s\n", line);
    fflush(file);
    free(line);
    json_decref(object);
}

bool close_file(FILE *file, const char *name) {
    const bool failed = ferror(file);
    errno = 0;
    if (!fclose(file) && !failed)
        return true;
    complain("cannot write %s: %s", name, errno ? strerror(errno) : "not everything was accepted");
    return false;
}
