/* SPDX-License-Identifier: BSD-3-Clause */
#include "card_text.h"
#include "escape.h"
#include "report.h"
#include "train_record.h"

#include <errno.h>
#include <math.h>
#include <sha256.h>
#include <stdlib.h>
#include <string.h>

#define MOST_COLUMNS 100
#define MOST_CATEGORIES 10

/* ---- text ---- */

/* Of a table, with nothing that Markdown takes for more than text. */
static void put_text(const char *text, FILE *file) {
    char *const shown = escaped(text);
    for (const char *at = shown; at && *at; at++) {
        if (strchr("\\`*_[]<>|&~#$", *at))
            fputc('\\', file);
        fputc(*at, file);
    }
    free(shown);
}

/* A word of a command for a shell. */
static void put_word(const char *word, FILE *file) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./+,:@%";
    const bool is_plain = word[strspn(word, plain)] == '\0';
    fputs(is_plain ? "" : "'", file);
    for (; *word; word++)
        fputs(*word == '\'' ? "'\\''" : (const char[]){*word, '\0'}, file);
    fputs(is_plain ? "" : "'", file);
}

static const char *base_name(const char *path) {
    const char *const slash = strrchr(path, '/');
    return slash && slash[1] ? slash + 1 : path;
}

static const char *note_or(const tp_model *model, const char *name, const char *otherwise) {
    const char *const note = tp_model_note(model, name);
    return note ? note : otherwise;
}

/* ---- the model ---- */

static void put_model(const tp_model *model, const tp_model_options *shape, FILE *file) {
    const tp_schema *const schema = tp_model_schema(model);
    fputs("## Model\n\n| | |\n|---|---|\n", file);
    if (schema)
        fprintf(file, "| task | %s |\n", tp_task_name(tp_schema_task(schema)));
    fprintf(file, "| inputs | %zu |\n| outputs | %zu |\n| parameters | %zu |\n| loss | %s |\n\n", shape->inputs,
            model_outputs(shape), tp_model_parameter_count(model), tp_loss_name(shape->loss));
    fputs("| layer | outputs | activation | dropout | parameters |\n|---|---|---|---|---|\n", file);
    for (size_t l = 0; l < shape->layer_count; l++) {
        const tp_layer *const layer = &shape->layers[l];
        const size_t inputs = l ? shape->layers[l - 1].width : shape->inputs;
        fprintf(file, "| %zu | %zu | %s | %.6g | %zu |\n", l + 1, layer->width, tp_activation_name(layer->activation),
                (double)layer->dropout, (inputs + 1) * layer->width);
    }
}

static void put_values(const tp_column *column, FILE *file) {
    if (column->kind == TP_COLUMN_NUMBER && isfinite(column->minimum))
        fprintf(file, "%.6g to %.6g, mean %.6g", column->minimum, column->maximum, column->mean);
    for (size_t i = 0; i < column->category_count && i < MOST_CATEGORIES; i++) {
        fputs(i ? ", " : "", file);
        put_text(column->categories[i], file);
    }
    if (column->category_count > MOST_CATEGORIES)
        fprintf(file, " and %zu others", column->category_count - MOST_CATEGORIES);
}

/* title is the heading of their numbers. */
static void put_columns(const tp_schema *schema, const char *title, size_t count,
                        const tp_column *column_of(const tp_schema *, size_t), FILE *file) {
    fprintf(file, "\n| %s | name | kind | values in training |\n|---|---|---|---|\n", title);
    for (size_t i = 0; i < count && i < MOST_COLUMNS; i++) {
        const tp_column *const column = column_of(schema, i);
        fprintf(file, "| %zu | ", i + 1);
        put_text(column->name ? column->name : "", file);
        fprintf(file, " | %s | ", column->kind == TP_COLUMN_NUMBER ? "number" : "category");
        put_values(column, file);
        fputs(" |\n", file);
    }
    if (count > MOST_COLUMNS)
        fprintf(file, "\nand %zu more.\n", count - MOST_COLUMNS);
}

static void put_schema(const tp_schema *schema, FILE *file) {
    if (!schema)
        return;
    fputs("\n## Columns\n", file);
    put_columns(schema, "feature", tp_schema_feature_count(schema), tp_schema_feature, file);
    put_columns(schema, "target", tp_schema_target_count(schema), tp_schema_target, file);
}

/* ---- the training, from its notes ---- */

static const char *const parts[] = {"training", "validation", "test"};
enum { PARTS = sizeof parts / sizeof *parts };

static json_t *read_note(const tp_model *model, const char *name) {
    const char *const text = tp_model_note(model, name);
    return text ? json_loads(text, 0, NULL) : NULL;
}

static void put_data(const tp_model *model, FILE *file) {
    const char *const fingerprints[PARTS] = {note_or(model, NOTE_DATA, ""), note_or(model, NOTE_VALIDATION, ""), ""};
    json_t *const samples = read_note(model, NOTE_SAMPLES);
    fputs("\n## Data\n\n| | samples | SHA-256 of samples and targets |\n|---|---|---|\n", file);
    for (size_t i = 0; i < PARTS; i++) {
        const json_int_t count = json_integer_value(json_object_get(samples, parts[i]));
        if (count)
            fprintf(file, "| %s | %" JSON_INTEGER_FORMAT " | %s |\n", parts[i], count, fingerprints[i]);
    }
    json_decref(samples);
}

static void put_metric(const json_t *metrics, const char *part, const char *name, FILE *file) {
    char key[64];
    snprintf(key, sizeof key, "%s_%s", part, name);
    const json_t *const value = json_object_get(metrics, key);
    if (json_is_number(value))
        fprintf(file, " %.6g |", json_number_value(value));
    else
        fputs(" not measured |", file);
}

static void put_metrics(const tp_model *model, FILE *file) {
    json_t *const metrics = read_note(model, NOTE_METRICS);
    const char *const name = json_object_get(metrics, "test_r2") ? "r2" : "accuracy";
    fprintf(file, "\n## Metrics\n\n| | loss | %s |\n|---|---|---|\n", strcmp(name, "r2") ? name : "R2");
    for (size_t i = 1; i < PARTS; i++) {
        fprintf(file, "| %s |", parts[i]);
        put_metric(metrics, parts[i], "loss", file);
        put_metric(metrics, parts[i], name, file);
        fputc('\n', file);
    }
    json_decref(metrics);
}

static void put_options(const tp_model *model, FILE *file) {
    json_t *const config = read_note(model, NOTE_CONFIG);
    const char *key;
    json_t *value;
    fprintf(file, "\n## Training\n\n%s steps, %s epochs", note_or(model, NOTE_STEPS, "?"),
            note_or(model, NOTE_EPOCHS, "?"));
    if (tp_model_note(model, NOTE_KEPT))
        fprintf(file, "; the parameters are those after epoch %s", tp_model_note(model, NOTE_KEPT));
    if (tp_model_note(model, NOTE_STOPPED))
        fprintf(file, "; stopped: %s", tp_model_note(model, NOTE_STOPPED));
    fputs(".\n\n| option | value |\n|---|---|\n", file);
    json_object_foreach(config, key, value) {
        char *const text = json_is_null(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
        if (text) {
            fprintf(file, "| %s | ", key);
            put_text(json_is_string(value) ? json_string_value(value) : text, file);
            fputs(" |\n", file);
        }
        free(text);
    }
    json_decref(config);
}

static void put_command(const tp_model *model, const char *path, FILE *file) {
    fputs("\n## Reproduce\n\nDATA is the file with the training samples. The command says `identical` if all bits are "
          "the same, on\nany machine.\n\n```sh\ntileprop reproduce ",
          file);
    put_word(path, file);
    fputs(" --data DATA", file);
    fputs(tp_model_note(model, NOTE_INIT) ? " --init INITIAL_MODEL\n```\n" : "\n```\n", file);
    if (tp_model_note(model, NOTE_INIT))
        fprintf(file, "\nThe parameters of INITIAL_MODEL have the SHA-256 %s.\n", tp_model_note(model, NOTE_INIT));
}

static void put_training(const tp_model *model, const char *path, FILE *file) {
    if (!tp_model_note(model, NOTE_CONFIG)) {
        fputs("\nThe file does not say how the model was trained.\n", file);
        return;
    }
    put_data(model, file);
    put_metrics(model, file);
    put_options(model, file);
    put_command(model, path, file);
}

/* ---- all of it ---- */

int card_print(const tp_model *model, const char *path, FILE *file) {
    char digest[SHA256_DIGEST_STRING_LENGTH];
    char parameters[TP_FINGERPRINT_SIZE] = "";
    tp_model_options shape;
    tp_model_describe(model, &shape);
    tp_model_fingerprint(model, parameters);
    if (!SHA256File(path, digest)) {
        complain("%s: %s", path, strerror(errno));
        return EXIT_FAILURE;
    }
    fputs("# ", file);
    put_text(base_name(path), file);
    fputs("\n\nA multilayer perceptron, trained with tileprop.\n\n", file);
    put_model(model, &shape, file);
    put_schema(tp_model_schema(model), file);
    put_training(model, path, file);
    fprintf(file, "\n## SHA-256\n\n| | |\n|---|---|\n| file | %s |\n| parameters | %s |\n", digest, parameters);
    return EXIT_SUCCESS;
}
