/* SPDX-License-Identifier: BSD-3-Clause */
#include "command.h"
#include "report.h"
#include "session.h"
#include "train_record.h"

#include <stdlib.h>
#include <string.h>

struct verify_options {
    struct machine_options machine;
    struct operand_list models;
};

static const struct option_row rows[] = {{0}};

static void defaults(void *values) {
    *(struct verify_options *)values = (struct verify_options){0};
}

static int compare(const struct session *session, const tp_model *model, const char *path) {
    const char *const noted = tp_model_note(model, NOTE_PARAMETERS);
    char found[TP_FINGERPRINT_SIZE];
    const int code = session_check(session, tp_model_fingerprint(model, found));
    if (code)
        return code;
    if (noted && !strcmp(noted, found)) {
        printf("%s: ok, parameters %s\n", path, found);
        return EXIT_SUCCESS;
    }
    if (noted)
        complain("%s: the parameters are not those that training left: SHA-256 %s; they had %s", path, found, noted);
    else
        complain("%s: has no %s: nothing says what training left", path, NOTE_PARAMETERS);
    return EXIT_FAILURE;
}

static int verify(const struct session *session, const char *path) {
    tp_model *model = NULL;
    int code = session_load(session, path, &model);
    if (!code)
        code = compare(session, model, path);
    tp_model_destroy(model);
    return code;
}

/* All of them, whatever the first ones are. */
static int verify_all(const struct session *session, const struct operand_list *models) {
    int code = EXIT_SUCCESS;
    for (size_t i = 0; i < models->count; i++)
        code = verify(session, models->text[i]) || code ? EXIT_FAILURE : EXIT_SUCCESS;
    return code;
}

static int run(int argc, char **argv) {
    struct verify_options options;
    int code = options_parse(&verify_command, argc, argv, &options);
    if (code != OPTIONS_PARSED)
        return code;
    struct session session;
    code = session_open(&session, &options.machine);
    if (!code)
        code = verify_all(&session, &options.models);
    session_close(&session);
    return code;
}

const struct command verify_command = {
    .name = "verify",
    .also = "check checksum validate",
    .summary = "Check that models have the parameters that training left",
    .example = "tileprop verify iris.safetensors",
    .usage = "MODEL...",
    .about = "Loading checks the SHA-256 of all tensors; this checks the one that 'tileprop train'\n"
             "noted of the parameters. Exit code 1 if a model differs, is damaged or has no note.\n",
    .rows = rows,
    .operand = "MODEL",
    .operands = offsetof(struct verify_options, models),
    .values_size = sizeof(struct verify_options),
    .defaults = defaults,
    .run = run,
};
