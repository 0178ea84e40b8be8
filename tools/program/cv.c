/* SPDX-License-Identifier: BSD-3-Clause */
#include "cv.h"
#include "class_weights.h"
#include "command.h"
#include "files.h"
#include "interrupt.h"
#include "report.h"
#include "train_data.h"
#include "train_model.h"
#include "train_prepare.h"
#include "train_task.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Everything that a run holds; released by release(). */
struct cross_validation {
    struct cv_options *options;
    struct session *session;
    tp_dataset *folds[CV_MOST_FOLDS];
    struct cv_candidate *candidates;
    size_t count;
    const char *metric;
    tp_output *output; /* NULL without --out */
};

#define OPTION_STRUCT struct train_options
static const struct option_row rows[] = {
#include "learning_rows.def"
    OPTION_ROW_THREADS,
    OPTION_ROW_ISA,
#undef OPTION_STRUCT
#define OPTION_STRUCT struct cv_options
    {.name = "folds",
     .also = "splits k-folds kfold",
     IS_INTEGER(folds, 2, CV_MOST_FOLDS),
     .help = "parts of the data, each of which is held out once"},
    {.name = "hidden",
     .also = "layers hidden-layers hidden-sizes hidden-layer-sizes units",
     .argument = "GRID",
     .kind = OPTION_SIZE_GRID,
     .least = 1,
     .most = SIZE_LIMIT,
     OPTION_AT(hidden),
     .help = "widths of the hidden layers, several separated by '/': 100/64,32/none"},
    {.name = "lr",
     .also = "learning-rate learning-rate-init",
     IS_REALS(learning_rates, 0, INFINITY),
     .above_low = true,
     .help = "learning rates to be tried"},
    {.name = "weight-decay",
     .also = "l2 decay alpha",
     IS_REALS(weight_decays, 0, INFINITY),
     .help = "weight decays to be tried"},
    {.name = "out",
     .also = "output save model-out",
     IS_FILE(FILE_SAVED, train.out),
     .help = "train the best candidate on all of the data and save the model here"},
    {.name = "json",
     IS_FLAG(train.json),
     .use = OPTION_HERE,
     .help = "one JSON object per candidate on standard output, best first"},
    {0},
};

static void defaults(void *values) {
    struct cv_options *options = values;
    *options = (struct cv_options){.folds = 5};
    train_defaults(&options->train);
    options->train.command = &cv_command;
}

struct train_options cv_train_options(const struct cv_options *options, const struct cv_candidate *candidate) {
    struct train_options train = options->train;
    train.hidden_given = candidate->hidden != NULL;
    if (candidate->hidden)
        train.hidden = *candidate->hidden;
    train.learning_rate_given = candidate->learning_rate > 0;
    train.learning_rate = candidate->learning_rate;
    train.weight_decay = candidate->weight_decay;
    train.quiet = true;
    return train;
}

/* ---- the grid ---- */

static size_t at_least_one(size_t count) {
    return count ? count : 1;
}

static double real_at(const struct real_list *list, size_t i) {
    return list->count ? (double)list->real[i] : 0;
}

static int make_candidates(struct cross_validation *run) {
    const struct cv_options *o = run->options;
    const size_t rates = at_least_one(o->learning_rates.count), decays = at_least_one(o->weight_decays.count);
    run->count = at_least_one(o->hidden.count) * rates * decays;
    run->candidates = calloc(run->count, sizeof *run->candidates);
    if (!run->candidates) {
        complain("out of memory");
        return EXIT_FAILURE;
    }
    for (size_t i = 0; i < run->count; i++) {
        struct cv_candidate *candidate = &run->candidates[i];
        candidate->number = i;
        candidate->hidden = o->hidden.count ? &o->hidden.list[i / (rates * decays)] : NULL;
        candidate->learning_rate = real_at(&o->learning_rates, i / decays % rates);
        candidate->weight_decay = real_at(&o->weight_decays, i % decays);
    }
    return EXIT_SUCCESS;
}

static void summarize(struct cv_candidate *candidate, size_t folds) {
    double sum = 0;
    double squares = 0;
    for (size_t i = 0; i < folds; i++)
        sum += candidate->score[i];
    candidate->mean = sum / (double)folds;
    for (size_t i = 0; i < folds; i++)
        squares += (candidate->score[i] - candidate->mean) * (candidate->score[i] - candidate->mean);
    candidate->deviation = sqrt(squares / (double)folds);
}

/* A candidate that diverged is the worst. */
static double rank(const struct cv_candidate *candidate) {
    return isnan(candidate->mean) ? (double)-INFINITY : candidate->mean;
}

/* The earlier one of equals. */
static int best_first(const void *a, const void *b) {
    const struct cv_candidate *left = a;
    const struct cv_candidate *right = b;
    const double x = rank(left);
    const double y = rank(right);
    return x > y ? -1 : x < y ? 1 : left->number < right->number ? -1 : 1;
}

/* ---- results ---- */

static void describe_hidden(const struct size_list *hidden, char *text, size_t size) {
    int used = snprintf(text, size, "%s", !hidden ? "default" : hidden->count ? "" : "none");
    for (size_t i = 0; hidden && i < hidden->count && (size_t)used < size; i++)
        used += snprintf(text + used, size - (size_t)used, "%s%zu", i ? "," : "", hidden->size[i]);
}

static void print_text(const struct cross_validation *run) {
    printf("%-20s %10s %12s %10s %10s %8s\n", "hidden", "lr", "weight decay", run->metric, "deviation", "seconds");
    for (size_t i = 0; i < run->count; i++) {
        const struct cv_candidate *candidate = &run->candidates[i];
        char hidden[64];
        char rate[32] = "default";
        describe_hidden(candidate->hidden, hidden, sizeof hidden);
        if (candidate->learning_rate > 0)
            snprintf(rate, sizeof rate, "%.4g", candidate->learning_rate);
        printf("%-20s %10s %12.4g %10.4f %10.4f %8.2f\n", hidden, rate, candidate->weight_decay, candidate->mean,
               candidate->deviation, candidate->seconds);
    }
}

static json_t *reals_json(const double *values, size_t count) {
    json_t *list = report_list();
    for (size_t i = 0; i < count; i++)
        report_append(list, isfinite(values[i]) ? json_real(values[i]) : json_null());
    return list;
}

static json_t *hidden_json(const struct size_list *hidden) {
    json_t *list = report_list();
    for (size_t i = 0; i < hidden->count; i++)
        report_append(list, json_integer((json_int_t)hidden->size[i]));
    return list;
}

static void print_json(const struct cross_validation *run) {
    const size_t folds = (size_t)run->options->folds;
    for (size_t i = 0; i < run->count; i++) {
        const struct cv_candidate *candidate = &run->candidates[i];
        struct train_options options = cv_train_options(run->options, candidate);
        train_settle(&options, tp_dataset_data(run->folds[0])->samples);
        json_t *line = report_new();
        report_member(line, "hidden", hidden_json(&options.hidden));
        report_real(line, "learning_rate", (double)train_learning_rate(&options));
        report_real(line, "weight_decay", candidate->weight_decay);
        report_text(line, "metric", run->metric);
        report_real(line, "mean", candidate->mean);
        report_real(line, "deviation", candidate->deviation);
        report_member(line, "scores", reals_json(candidate->score, folds));
        report_member(line, "losses", reals_json(candidate->loss, folds));
        report_real(line, "seconds", candidate->seconds);
        report_write(line, stdout);
    }
}

/* ---- the run ---- */

static int open_folds(struct cross_validation *run) {
    const struct train_options *train = &run->options->train;
    int code = EXIT_SUCCESS;
    if (!strcmp(train->data.path, "-")) {
        complain("--data -: cv reads the data more than once; it has to be a file");
        return options_usage_error(&cv_command);
    }
    for (size_t i = 0; !code && i < run->options->folds; i++) {
        const struct data_hold_out hold_out = {
            .folds = (size_t)run->options->folds, .fold = i, .seed = train->seed, .keep_order = train->no_shuffle};
        run->session->silent = i > 0; /* they say the same of every fold */
        code = data_check(run->session, train->data.path,
                          data_open_training(run->session, &train->data, NULL, &hold_out, &run->folds[i]));
    }
    return code ? code : train_check_best(train, tp_schema_task(tp_dataset_schema(run->folds[0])), false);
}

/* The best candidate on all of the data, on all threads. */
static int refit(struct cross_validation *run) {
    if (!run->output)
        return EXIT_SUCCESS;
    struct train_options options = cv_train_options(run->options, run->candidates);
    struct training training = {.options = &options, .session = run->session};
    int code = train_load(run->session, &options, NULL, &training.train);
    if (!code)
        code = train_make_model(run->session, &options, tp_dataset_schema(training.train), &training.model);
    if (!code)
        code = class_weights_settle(&options, tp_dataset_data(training.train), training.model);
    if (!code)
        code = train_record_begin(&training.record, run->session, &options, training.train, training.model);
    if (!code)
        code = train_run(&training);
    if (!code && !interrupt_code()) {
        train_record_note(&training.record, run->session, &options, NULL, &training.result, training.model);
        code = session_check(run->session, tp_model_save_to(training.model, run->output));
    }
    train_release(&training);
    return code;
}

static int run_all(struct cross_validation *run) {
    const struct train_options *train = &run->options->train;
    int code = make_candidates(run);
    if (!code && train->out)
        code = session_check(run->session, tp_output_create(run->session->context, train->out, &run->output));
    if (!code)
        code = files_check(&cv_command, run->options, run->output);
    if (!code)
        code = open_folds(run);
    if (!code)
        code = cv_check(run->session, run->options, run->folds[0], run->candidates);
    if (!code)
        code = cv_run(run->options, run->folds, run->candidates, run->count, tp_context_threads(run->session->context),
                      &run->metric);
    if (code)
        return code;
    for (size_t i = 0; i < run->count; i++)
        summarize(&run->candidates[i], (size_t)run->options->folds);
    qsort(run->candidates, run->count, sizeof *run->candidates, best_first);
    (train->json ? print_json : print_text)(run);
    code = refit(run);
    return code ? code : interrupt_code();
}

static void release(struct cross_validation *run) {
    tp_output_destroy(run->output);
    for (size_t i = 0; i < CV_MOST_FOLDS; i++)
        tp_dataset_destroy(run->folds[i]);
    free(run->candidates);
}

static int run(int argc, char **argv) {
    struct cv_options options;
    int code = options_parse(&cv_command, argc, argv, &options);
    if (code != OPTIONS_PARSED)
        return code;
    struct session session;
    struct cross_validation run = {.options = &options, .session = &session};
    interrupt_catch(false);
    code = session_open(&session, &options.train.machine);
    if (!code)
        code = run_all(&run);
    release(&run);
    session_close(&session);
    return code;
}

static const struct report_key candidate_keys[] = {
    {"hidden", "list of widths"},
    {"learning_rate", "of the candidate"},
    {"weight_decay", "of the candidate"},
    {"metric", "accuracy or r2"},
    {"mean", "of the metric over the parts"},
    {"deviation", "likewise"},
    {"scores", "list: the metric of each part"},
    {"losses", "list: the loss of each part"},
    {"seconds", "of all parts"},
    {0},
};

static const struct report_keys keys[] = {{"JSON keys of a candidate", candidate_keys}, {0}};

const struct command cv_command = {
    .name = "cv",
    .also = "cross-validate crossval grid search sweep",
    .summary = "Cross-validate candidates of a grid of options",
    .example = "tileprop cv --data data.csv --target y --hidden 100/64,32 --lr 0.1,1",
    .usage = "--data FILE [OPTION...]",
    .about = "Every candidate is trained on all parts but one and measured on that one:\n"
             "accuracy of classes and labels, R2 of regression. Parts have each class in the\n"
             "same proportion and depend on --seed alone; with --no-shuffle they are runs of\n"
             "rows of about the same length, in the order of the file, whatever their\n"
             "classes. Each of the threads trains by itself, and results do not depend on\n"
             "their number. Candidates are printed best first, with mean and deviation over\n"
             "the parts.\n",
    .keys = keys,
    .rows = rows,
    .values_size = sizeof(struct cv_options),
    .defaults = defaults,
    .settle = train_settle_options,
    .run = run,
};
