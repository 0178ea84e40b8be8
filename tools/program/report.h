/* SPDX-License-Identifier: BSD-3-Clause */
/* What the program says: messages on standard error, results on standard output, as text or JSON. */
#ifndef TILEPROP_TOOLS_REPORT_H
#define TILEPROP_TOOLS_REPORT_H

#include <jansson.h>
#include <stdio.h>
#include <tileprop/tileprop.h>

/* "tileprop: ..." and a newline on standard error, what is not printable escaped. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* From now on complain only keeps its last message, unescaped, which the other returns; "" if there is none. */
void complain_later(void);
void complained_last(char *text, size_t size);

/* A line of a result on standard output, likewise. */
void print_text_line(const char *name, const char *text);

/* Wall clock in seconds, for differences. */
double now(void);

/* Fraction of right answers; NaN without samples. Loss likewise. */
double score_accuracy(const tp_score *score);
double score_loss(const tp_score *score);

/* A JSON value that owns its members. Out of memory it is NULL, or lacks some, and is not written: report_complete. */
json_t *report_new(void);
json_t *report_list(void);
void report_append(json_t *list, json_t *value);
void report_text(json_t *object, const char *key, const char *text); /* NULL: null */
void report_truth(json_t *object, const char *key, bool value);
void report_integer(json_t *object, const char *key, uint64_t value);
void report_real(json_t *object, const char *key, double value); /* NaN and infinities: null */
void report_member(json_t *object, const char *key, json_t *value);
/* <prefix>loss and <prefix><metric>. */
void report_score(json_t *object, const char *prefix, const tp_score *score, const char *metric, double value);
/* isa and threads of a context. */
void report_context(json_t *object, const tp_context *context);

/* Releases object and returns it as one line without a newline, to be freed; NULL, with a message: out of memory. */
char *report_line(json_t *object);

/* Writes object and a newline as one line and releases object. */
void report_write(json_t *object, FILE *file);

/* False once a report could not be made for want of memory. */
bool report_complete(void);

/* Closes file. False, with a message that calls it name, if anything that was written to it is lost. error is that of
 * an earlier flush, or 0. */
bool close_file(FILE *file, const char *name, int error);

#endif
