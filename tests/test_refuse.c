/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What every public function refuses: a row changes one argument of a call that works, and says which status and which
 * message must come of it. Each time no output changes, no parameter, nothing leaks, and a forward pass that was made
 * before is still there. The last test compares the table with the public header.
 *
 * A new way to be wrong is a row, REFUSE(message, WITH(argument, value)...); a new function is a CALL with its rows and
 * a line in the GROUP of its file in refuse/.
 */
#include "refuse/refuse.h"
#include "support/lone_rank.h"
#include "support/scratch.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

struct outputs out;
struct arguments now;

static const struct group *const groups[] = {&refuse_context,   &refuse_products, &refuse_model, &refuse_passes,
                                             &refuse_predictor, &refuse_training, &refuse_files};

/* Number i of the functions of all groups; NULL after the last. */
static const struct function *function_at(size_t i) {
    for (size_t g = 0; g < sizeof groups / sizeof *groups; i -= groups[g++]->count)
        if (i < groups[g]->count)
            return &groups[g]->functions[i];
    return NULL;
}

/* ---- the arguments that are right ---- */

static struct {
    tp_context *context;
    tp_model *model, *foreign_model; /* of the fixture's context, and of the one here */
    tp_workspace *workspace, *fresh, *derivatives;
    tp_optimizer *optimizer; /* of model */
    tp_packed *packed, *foreign;
    tp_predictor *predictor; /* of the fixture's model */
    tp_workspace *room;      /* of it */
    tp_output *output, *committed;
    tp_dataset *dataset;
    tp_snapshot *snapshot, *empty_snapshot; /* of the fixture's trainer */
    char path[PATH_MAX], layers_path[PATH_MAX], idx_path[PATH_MAX], run_path[PATH_MAX];
    unsigned char bytes[4096]; /* of a model file */
    size_t bytes_size;
    float x[MAX_BATCH * PARAMETERS], small[16];
    double loss; /* of the forward pass in fixture.training */
} made;

static void write_file(char path[PATH_MAX], const char *name, const unsigned char *data, size_t size) {
    snprintf(path, PATH_MAX, "%s/%s", tp_test_scratch.path, name);
    FILE *file = fopen(path, "wb");
    cr_assert(file && fwrite(data, 1, size, file) == size && !fclose(file));
}

static double loss_of_the_forward_pass(void) {
    tp_score score;
    cr_assert_eq(tp_loss_value(fixture.model, fixture.training, &fixture.targets, &score), TP_OK);
    return score.loss;
}

static void export_layers(void) {
    tp_output *output = NULL;
    snprintf(made.layers_path, sizeof made.layers_path, "%s/layers", tp_test_scratch.path);
    cr_assert_eq(tp_output_create(fixture.context, made.layers_path, &output), TP_OK);
    cr_assert_eq(tp_model_export_torch(fixture.model, output, NULL), TP_OK);
    tp_output_destroy(output);
}

static void set_up(void) {
    static const unsigned char images[] = {0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 1, 7, 9},
                               labels[] = {0, 0, 8, 1, 0, 0, 0, 2, 0, 1};
    const tp_model_options options = test_model_options();
    char labels_path[PATH_MAX];
    test_fixture_open();
    tp_test_scratch_open();
    made.context = tp_test_context("scalar", 1);
    cr_assert_eq(tp_model_create(fixture.context, &options, &made.model), TP_OK);
    cr_assert_eq(tp_model_create(made.context, &options, &made.foreign_model), TP_OK);
    cr_assert_eq(
        tp_workspace_create(made.foreign_model, TEST_WORKSPACE(MAX_BATCH, TP_MODE_TRAINING), NULL, 0, &made.workspace),
        TP_OK);
    cr_assert_eq(tp_workspace_create(fixture.model, TEST_WORKSPACE(MAX_BATCH, TP_MODE_TRAINING), NULL, 0, &made.fresh),
                 TP_OK);
    const tp_optimizer_options rule = test_optimizer_options();
    cr_assert_eq(tp_optimizer_create(made.model, &rule, NULL, 0, &made.optimizer), TP_OK);
    cr_assert_eq(
        tp_workspace_create(fixture.model, TEST_WORKSPACE(MAX_BATCH, TP_MODE_DERIVATIVES), NULL, 0, &made.derivatives),
        TP_OK);
    tp_test_fill(made.x, sizeof made.x / sizeof *made.x, 7, -1, 1);
    cr_assert_eq(tp_packed_create(fixture.context, TP_TRANSPOSE_NO, K, N, made.x, N, NULL, 0, &made.packed), TP_OK);
    cr_assert_eq(tp_packed_create(made.context, TP_TRANSPOSE_NO, K, N, made.x, N, NULL, 0, &made.foreign), TP_OK);
    cr_assert_eq(tp_predictor_create(fixture.context, fixture.model, NULL, &made.predictor), TP_OK);
    cr_assert_eq(tp_predictor_workspace_create(made.predictor, TEST_WORKSPACE(MAX_BATCH, TP_MODE_INFERENCE), NULL, 0,
                                               &made.room),
                 TP_OK);
    write_file(made.idx_path, "train-images-idx3-ubyte", images, sizeof images);
    write_file(labels_path, "train-labels-idx1-ubyte", labels, sizeof labels);
    snprintf(made.path, sizeof made.path, "%s/model", tp_test_scratch.path);
    cr_assert_eq(tp_model_save(fixture.model, made.path), TP_OK);
    cr_assert_eq(tp_model_write(fixture.model, made.bytes, sizeof made.bytes, &made.bytes_size), TP_OK);
    export_layers();
    snprintf(made.run_path, sizeof made.run_path, "%s/run", tp_test_scratch.path);
    cr_assert_eq(tp_trainer_save(fixture.trainer, made.run_path), TP_OK);
    cr_assert_eq(tp_snapshot_create(fixture.trainer, NULL, 0, &made.snapshot), TP_OK);
    cr_assert_eq(tp_snapshot_create(fixture.trainer, NULL, 0, &made.empty_snapshot), TP_OK);
    cr_assert_eq(tp_snapshot_take(made.snapshot), TP_OK);
    cr_assert_eq(tp_output_create(fixture.context, tp_test_in_scratch("output"), &made.output), TP_OK);
    cr_assert_eq(tp_output_create(fixture.context, tp_test_in_scratch("committed"), &made.committed), TP_OK);
    cr_assert_eq(tp_model_save_to(fixture.model, made.committed), TP_OK);
    cr_assert_eq(tp_dataset_open(fixture.context, tp_test_scratch.path, NULL, &made.dataset), TP_OK);
    fixture.messages = 0; /* a note */
    made.loss = loss_of_the_forward_pass();
    cr_assert_eq(fixture.messages, 0);
}

static void tear_down(void) {
    tp_snapshot_destroy(made.empty_snapshot);
    tp_snapshot_destroy(made.snapshot);
    tp_dataset_destroy(made.dataset);
    tp_output_destroy(made.committed);
    tp_output_destroy(made.output);
    tp_workspace_destroy(made.room);
    tp_predictor_destroy(made.predictor);
    tp_packed_destroy(made.foreign);
    tp_packed_destroy(made.packed);
    tp_workspace_destroy(made.derivatives);
    tp_optimizer_destroy(made.optimizer);
    tp_workspace_destroy(made.fresh);
    tp_workspace_destroy(made.workspace);
    tp_model_destroy(made.foreign_model);
    tp_model_destroy(made.model);
    tp_context_destroy(made.context);
    tp_test_scratch_close();
    test_fixture_close();
}

TestSuite(refuse, .init = set_up, .fini = tear_down);

static void set_objects(void) {
    now.context = fixture.context;
    now.model = fixture.model;
    now.other_model = made.model;
    now.workspace = fixture.training;
    now.inference = fixture.inference;
    now.derivatives = made.derivatives;
    now.other_workspace = made.workspace;
    now.fresh_workspace = made.fresh;
    now.optimizer = fixture.optimizer;
    now.other_optimizer = made.optimizer;
    now.trainer = fixture.trainer;
    now.group = (tp_group){sizeof now.group, 0, 1, NULL, start_nothing, finish_nothing, NULL};
    now.group_p = &now.group;
    now.snapshot = made.snapshot;
    now.empty_snapshot = made.empty_snapshot;
    now.packed = made.packed;
    now.foreign_packed = made.foreign;
    now.predictor = made.predictor;
    now.predictor_workspace = made.room;
    now.output = made.output;
    now.committed = made.committed;
    now.dataset = made.dataset;
    now.schema = tp_dataset_schema(made.dataset);
    now.path = made.path;
    now.layers_path = made.layers_path;
    now.idx_path = made.idx_path;
    now.run_path = made.run_path;
    now.samples = (tp_idx){TP_IDX_TYPE_F32, 2, {2, 1}, 2, made.x}; /* stays as it is */
    now.samples_p = &now.samples;
    now.where = tp_test_scratch.path;
    now.name = "note.name", now.text = "text";
    now.bytes = made.bytes, now.bytes_size = made.bytes_size;
}

static void set_options(void) {
    now.context_options = test_context_options();
    memcpy(now.layers, fixture.layers, sizeof now.layers);
    now.model_options = test_model_options();
    now.model_options.layers = now.layers;
    now.optimizer_options = test_optimizer_options();
    now.train_options = test_train_options();
    memcpy(now.classes, fixture.classes, sizeof now.classes);
    now.data = now.validation = fixture.data;
    now.data.classes = now.validation.classes = now.targets.classes = now.classes;
    now.model_options_p = &now.model_options;
    now.optimizer_options_p = &now.optimizer_options;
    now.workspace_options = *TEST_WORKSPACE(MAX_BATCH, TP_MODE_TRAINING);
    now.workspace_options_p = &now.workspace_options;
    now.inference_options = *TEST_WORKSPACE(MAX_BATCH, TP_MODE_INFERENCE);
    now.inference_options_p = &now.inference_options;
    tp_predictor_options_default(&now.predictor_options);
    now.predictor_options_p = &now.predictor_options;
    now.train_options_p = &now.train_options;
    tp_dataset_options_default(&now.dataset_options);
    now.dataset_options_p = &now.dataset_options;
    tp_exchange_options_default(&now.exchange_options);
    now.exchange_options_p = &now.exchange_options;
    now.data_p = &now.data;
    now.validation_p = &now.validation;
    now.targets_p = &now.targets;
    now.outputs_p = &now.outputs;
    now.weights_p = now.weights; /* all 0 */
    now.spare = made.small;
}

static const double predictions[MAX_BATCH * OUT];

static void set_numbers(void) {
    now.m = M, now.n = N, now.k = K;
    now.lda = K, now.ldb = N, now.ldc = N;
    now.a = now.b = now.x = now.dy = made.x;
    now.count = PARAMETERS;
    now.struct_size = sizeof out.described, now.layer_size = sizeof *now.layers_out;
    now.batch = BATCH;
    now.ldx = IN, now.ldy = OUT, now.lddx = IN, now.lddy = OUT;
    now.threads = 2;
    now.rate = 0.5f;
    now.task = TP_TASK_MULTICLASS;
    now.predictions = predictions;
    now.step = 1;
}

static void set_outputs(void) {
    memset(&out, 0x5a, sizeof out);
    now.c = out.c, now.bits = out.bits, now.y = out.y, now.dx = out.dx;
    now.outputs = (tp_outputs){.floats = out.y};
    now.gradients = out.gradients, now.parameters = out.parameters, now.confusion = out.confusion;
    now.fingerprint = out.fingerprint;
    now.context_out = &out.context, now.model_out = &out.model, now.workspace_out = &out.workspace;
    now.optimizer_out = &out.optimizer, now.trainer_out = &out.trainer, now.packed_out = &out.packed;
    now.snapshot_out = &out.snapshot, now.predictor_out = &out.predictor;
    now.output_out = &out.output, now.layers_out = out.layers;
    now.dataset_out = &out.dataset, now.idx = &out.idx;
    now.described = &out.described, now.score = &out.score, now.metrics = &out.metrics, now.needed = &out.needed;
}

static void set_good_arguments(void) {
    memset(&now, 0, sizeof now);
    set_objects();
    set_options();
    set_numbers();
    set_outputs();
}

/* Whether something was written where the pattern was. */
static bool is_set(const void *pointer) {
    void *untouched;
    memset(&untouched, 0x5a, sizeof untouched);
    return pointer != untouched;
}

static void release_outputs(void) {
    tp_snapshot_destroy(is_set(out.snapshot) ? out.snapshot : NULL);
    tp_trainer_destroy(is_set(out.trainer) ? out.trainer : NULL);
    tp_optimizer_destroy(is_set(out.optimizer) ? out.optimizer : NULL);
    tp_workspace_destroy(is_set(out.workspace) ? out.workspace : NULL);
    tp_packed_destroy(is_set(out.packed) ? out.packed : NULL);
    tp_predictor_destroy(is_set(out.predictor) ? out.predictor : NULL);
    tp_output_destroy(is_set(out.output) ? out.output : NULL);
    tp_dataset_destroy(is_set(out.dataset) ? out.dataset : NULL);
    tp_model_destroy(is_set(out.model) ? out.model : NULL);
    tp_context_destroy(is_set(out.context) ? out.context : NULL);
    if (is_set(out.idx.data))
        tp_idx_release(fixture.context, &out.idx);
}

/* ---- tests ---- */

static size_t live(void) {
    return atomic_load(&fixture.counter.allocations) - atomic_load(&fixture.counter.releases);
}

static void apply(const struct change *change) {
    for (size_t i = 0; i < 3 && change[i].size; i++)
        memmove((char *)&now + change[i].to, change[i].value ? change[i].value : (char *)&now + change[i].from,
                change[i].size);
}

static void check_message(const struct function *f, const struct refusal *r, size_t row) {
    const int expected = r->text != NULL;
    cr_expect_eq(fixture.messages, expected, "%s, row %zu: %d messages (%s)", f->name, row, fixture.messages,
                 fixture.text);
    if (r->text)
        cr_expect(strstr(fixture.text, r->text), "%s, row %zu: \"%s\" does not say \"%s\"", f->name, row, fixture.text,
                  r->text);
    if (r->text && strcmp(f->name, "tp_context_create") != 0) /* where there is no context yet to keep it */
        cr_expect_str_eq(fixture.text, tp_test_message(fixture.context));
}

static void check_untouched(const struct function *f, size_t row, const float *parameters) {
    static struct outputs untouched;
    float after[PARAMETERS];
    memset(&untouched, 0x5a, sizeof untouched);
    cr_expect_eq(memcmp(&untouched, &out, sizeof out), 0, "%s, row %zu: an output changed", f->name, row);
    cr_assert_eq(tp_model_get_parameters(fixture.model, after, PARAMETERS), TP_OK);
    cr_expect(tp_test_same_bits(parameters, after, PARAMETERS, "%s, row %zu: parameters", f->name, row));
    cr_expect_eq(loss_of_the_forward_pass(), made.loss, "%s, row %zu: the forward pass changed", f->name, row);
}

static void check_refusal(const struct function *f, size_t row) {
    const struct refusal *r = &f->refusal[row];
    float parameters[PARAMETERS];
    set_good_arguments();
    apply(r->change);
    cr_assert_eq(tp_model_get_parameters(fixture.model, parameters, PARAMETERS), TP_OK);
    const size_t held = live() + tp_test_held();
    fixture.messages = 0;
    fixture.text[0] = '\0';
    const tp_status status = f->call();
    cr_expect_eq(status, r->status, "%s, row %zu (%s): %s", f->name, row, r->text ? r->text : "silent",
                 tp_status_text(status));
    check_message(f, r, row);
    check_untouched(f, row, parameters);
    cr_expect_eq(live() + tp_test_held(), held, "%s, row %zu: something leaked", f->name, row);
}

/* A refusal says something only if the call is otherwise right. */
static void check_acceptance(const struct function *f) {
    set_good_arguments();
    if (!strcmp(f->name, "tp_optimizer_steps")) /* there is one to be counted */
        cr_assert_eq(tp_optimizer_step(fixture.optimizer, fixture.model, made.x), TP_OK);
    const tp_status status = f->call();
    cr_expect_eq(status, TP_OK, "%s refuses good arguments: %s", f->name, tp_test_message(fixture.context));
    release_outputs();
}

Test(refuse, arguments_that_are_right_are_accepted) {
    const struct function *f;
    for (size_t i = 0; (f = function_at(i)); i++)
        if (f->kind != NULL_ONLY)
            check_acceptance(f);
}

/* The foreign matrix is packed for scalar code, which on some machines is all there is. */
static bool can_happen(const struct refusal *r) {
    return r->change[0].from != offsetof(struct arguments, foreign_packed) ||
           strcmp(tp_context_isa(fixture.context), "scalar") != 0;
}

Test(refuse, every_wrong_argument) {
    const struct function *f;
    size_t rows = 0;
    for (size_t i = 0; (f = function_at(i)); i++) {
        for (size_t row = 0; row < f->count; row++)
            if (can_happen(&f->refusal[row]))
                check_refusal(f, row);
        if (f->kind == MANY)
            cr_expect_geq(f->count, 10, "%s has %zu refusals", f->name, f->count);
        rows += f->count;
    }
    cr_expect_gt(rows, 400, "%zu rows", rows);
}

static bool is_in_table(const char *name) {
    size_t i = 0;
    while (function_at(i) && strcmp(function_at(i)->name, name) != 0)
        i++;
    return function_at(i) != NULL;
}

/* The name between a declaration's type and its first parenthesis. */
static const char *name_in(char *line) {
    char *end = strchr(line, '(');
    cr_assert_not_null(end, "no function in \"%s\"", line);
    *end = '\0';
    while (end > line && end[-1] != ' ' && end[-1] != '*')
        end--;
    return end;
}

/* These take anything. */
static bool cannot_refuse(const char *name) {
    return !strcmp(name, "tp_version") || !strcmp(name, "tp_status_text");
}

Test(refuse, every_function_of_the_header) {
    char line[256];
    size_t count = 0;
    FILE *header = fopen(TP_PUBLIC_HEADER, "r");
    cr_assert_not_null(header);
    while (fgets(line, sizeof line, header)) {
        if (strncmp(line, "TP_API ", 7) != 0)
            continue;
        const char *name = name_in(line);
        count += !cannot_refuse(name);
        cr_expect(cannot_refuse(name) || is_in_table(name), "%s has no refusals", name);
    }
    fclose(header);
    cr_expect(function_at(count - 1) && !function_at(count), "the header has %zu functions, the tables do not", count);
}
