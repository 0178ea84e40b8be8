/* SPDX-License-Identifier: BSD-3-Clause */
/* Prints the floating-point mode that a context finds, and how many notes it has sent. */
#include <tileprop/tileprop.h>

#include <stdio.h>

static void count_notes(void *user, tp_status status, const char *message) {
    *(int *)user += status == TP_OK;
    fprintf(stderr, "%s\n", message);
}

int main(void) {
    int notes = 0;
    tp_context_options options;
    tp_context *context = NULL;
    tp_context_options_default(&options);
    options.message = count_notes, options.message_user = &notes;
    if (tp_context_create(&options, &context))
        return 1;
    printf("%s; %d\n", tp_context_machine(context)->floating_point, notes);
    tp_context_destroy(context);
}
