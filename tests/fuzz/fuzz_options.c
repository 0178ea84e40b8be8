/* SPDX-License-Identifier: BSD-3-Clause */
/* Any command line, one argument per line, the subcommand first: refused, or every value is one that its row allows,
 * and what 'train' accepts the library accepts as well. Options are parsed, nothing is run. */
#include "fuzz.h"

#include "command.h"
#include "cv.h"
#include "session.h"

#include <getopt.h>
#include <string.h>

#define MAX_ARGUMENTS 64
#define SAMPLES 20

struct values {
    _Alignas(max_align_t) unsigned char bytes[sizeof(struct cv_options)]; /* the largest */
};

static const struct command *command_named(const char *name) {
    for (size_t i = 1; commands[i]; i++)
        if (!strcmp(name, commands[i]->name))
            return commands[i];
    return commands[0];
}

/* Each argument in a block of its own size, so that reading past its end is seen. */
static int split(const uint8_t *data, size_t size, char **argv) {
    int argc = 0;
    while (size && argc < MAX_ARGUMENTS) {
        const uint8_t *end = memchr(data, '\n', size);
        const size_t length = end ? (size_t)(end - data) : size;
        argv[argc] = malloc(length + 1);
        require(argv[argc]);
        memcpy(argv[argc], data, length);
        argv[argc++][length] = '\0';
        data += length + (end != NULL);
        size -= length + (end != NULL);
    }
    argv[argc] = NULL;
    return argc;
}

static bool allowed_sizes(const struct option_row *row, const struct size_list *list) {
    bool allowed = list->count <= sizeof list->size / sizeof *list->size;
    for (size_t i = 0; allowed && i < list->count; i++)
        allowed = list->size[i] >= row->least && list->size[i] <= row->most;
    return allowed;
}

static bool allowed_grid(const struct option_row *row, const struct size_grid *grid) {
    bool allowed = grid->count <= GRID_MAX;
    for (size_t i = 0; allowed && i < grid->count; i++)
        allowed = allowed_sizes(row, &grid->list[i]);
    return allowed;
}

static bool allowed_real(const struct option_row *row, float value) {
    return value < (float)row->below && (row->above_low ? value > (float)row->low : value >= (float)row->low);
}

static bool allowed_reals(const struct option_row *row, const struct real_list *list) {
    bool allowed = list->count <= REALS_MAX;
    for (size_t i = 0; allowed && i < list->count; i++)
        allowed = allowed_real(row, list->real[i]);
    return allowed;
}

static bool allowed(const struct option_row *row, const void *value) {
    switch (row->kind) {
    case OPTION_INTEGER:
        return *(const uint64_t *)value >= row->least && *(const uint64_t *)value <= row->most;
    case OPTION_REAL:
        return allowed_real(row, (float)*(const double *)value);
    case OPTION_REALS:
        return allowed_reals(row, value);
    case OPTION_NAME:
        return *(const int *)value >= 0 && row->value_name(*(const int *)value);
    case OPTION_SIZES:
        return allowed_sizes(row, value);
    case OPTION_SIZE_GRID:
        return allowed_grid(row, value);
    case OPTION_TEXT:
        return *(char *const *)value ? **(char *const *)value : !row->required;
    case OPTION_FLAG:
        return *(const unsigned char *)value <= 1;
    }
    return false;
}

/* A number or name that was not given may be one that cannot be given, which stands for "none". */
static bool left_out(const struct option_row *row, const void *value, const void *standard) {
    const bool number = row->kind == OPTION_INTEGER || row->kind == OPTION_REAL;
    const size_t size = number ? sizeof(uint64_t) : row->kind == OPTION_NAME ? sizeof(int) : 0;
    return size && !memcmp(value, standard, size);
}

static void require_allowed(const struct command *command, const struct values *values) {
    struct values standard;
    command->defaults(&standard);
    for (const struct option_row *row = command->rows; row->name; row++) {
        const void *value = values->bytes + row->offset;
        require(allowed(row, value) || left_out(row, value, standard.bytes + row->offset));
    }
}

static void require_trainable(struct train_options *options) {
    static const uint8_t bytes[SAMPLES];
    static const int32_t classes[SAMPLES];
    static const tp_layer layer = {2, TP_ACTIVATION_SOFTMAX, 0, 0};
    static tp_model *model;
    const tp_data data = {.samples = SAMPLES, .features = 1, .bytes = bytes, .classes = classes, .outputs = 1};
    tp_model_options shape;
    tp_model_options_default(&shape);
    shape.inputs = 1, shape.layer_count = 1, shape.layers = &layer;
    if (!model)
        require(!tp_model_create(fuzz_context(), &shape, &model));
    train_settle(options, SAMPLES);
    if (!train_warmup_fits(options, SAMPLES))
        return; /* 'train' says so once it knows the data */
    const tp_train_options library = train_library_options(options, SAMPLES);
    tp_trainer *trainer = NULL;
    require(!tp_trainer_create(model, &data, &library, NULL, 0, &trainer));
    tp_trainer_destroy(trainer);
}

/* Every subcommand's values begin with those of the machine. */
static void require_session(const struct machine_options *machine) {
    struct session session;
    const int code = session_open(&session, machine);
    require(code == EXIT_SUCCESS || (code == EXIT_USAGE && machine->isa && session.message));
    session_close(&session);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct values values;
    char *argv[MAX_ARGUMENTS + 1];
    const int argc = split(data, size, argv);
    if (argc) {
        const struct command *command = command_named(argv[0]);
        optind = 0; /* getopt begins anew */
        const int code = options_parse(command, argc, argv, &values);
        require(code == OPTIONS_PARSED || code == EXIT_SUCCESS || code == EXIT_USAGE);
        if (code == OPTIONS_PARSED) {
            require_allowed(command, &values);
            require_session((const struct machine_options *)&values);
        }
        if (code == OPTIONS_PARSED && command == &train_command)
            require_trainable((struct train_options *)&values);
    }
    for (int i = 0; i < argc; i++)
        free(argv[i]);
    return 0;
}
