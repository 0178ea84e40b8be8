/* SPDX-License-Identifier: BSD-3-Clause */
#include "train_report.h"
#include "range_test.h"

#include <inttypes.h>
#include <math.h>

/* Of the finished epochs; NaN without any. */
static double samples_per_second(const struct train_result *result) {
    return (double)(result->epochs_here * result->samples) / result->step_seconds;
}

static bool ended_by_patience(const struct train_result *result, const struct train_options *options) {
    return options->patience && !result->signal && !result->diverged && result->epochs < options->epochs;
}

static const char *end_of(const struct train_result *result, const struct train_options *options) {
    return result->diverged                     ? "divergence"
           : result->signal                     ? "signal"
           : ended_by_patience(result, options) ? "patience"
                                                : "epochs";
}

static void print_end(const struct train_result *result, const struct train_options *options) {
    if (result->signal)
        printf("stopped     by signal %d after %" PRIu64 " steps\n", result->signal, result->steps);
    if (ended_by_patience(result, options))
        printf("ended       after epoch %zu: %" PRIu64 " epochs were no better than epoch %zu\n", result->epochs,
               options->patience, result->best_epoch);
    if (options->keep == TP_KEEP_BEST && result->best_epoch)
        printf("kept        epoch %zu of %zu, whose validation %s is the best\n", result->best_epoch, result->epochs,
               tp_monitor_name((tp_monitor)options->monitor));
}

static void print_score(const char *name, const tp_score *score, const char *metric, double value, const char *note) {
    if (!score->samples)
        return;
    printf("%-11s loss %.4f", name, score_loss(score));
    if (!isnan(value))
        printf("  %s %.4f", metric, value);
    puts(note);
}

static void print_text(const struct train_result *result, const struct train_options *options,
                       const tp_context *context) {
    print_end(result, options);
    const struct metric *metric = &result->metric;
    print_score("training", &result->kept.train, metric->name, metric->train,
                result->kept.epoch && result->kept.epoch < result->epochs ? "  (mean over that epoch)"
                                                                          : "  (mean over the last epoch)");
    print_score("validation", &result->kept.validation, metric->name, metric->validation, "");
    print_score("test", &result->test, metric->name, metric->test, "");
    printf("time        %.2f s", result->seconds);
    if (result->epochs_here)
        printf(", %.0f samples/s", samples_per_second(result));
    printf(", %s, %d threads\n", tp_context_isa(context), tp_context_threads(context));
    if (result->checkpoint)
        print_text_line("checkpoint", result->checkpoint);
    if (result->saved)
        print_text_line("model", options->out);
}

static void print_json(const struct train_result *result, const struct train_options *options,
                       const tp_context *context) {
    const struct metric *metric = &result->metric;
    json_t *report = report_new();
    if (result->test.samples)
        report_score(report, "", &result->test, metric->name, metric->test);
    else if (result->kept.validation.samples)
        report_score(report, "", &result->kept.validation, metric->name, metric->validation);
    else
        report_score(report, "", &result->kept.train, metric->name, metric->train);
    report_score(report, "train_", &result->kept.train, metric->name, metric->train);
    report_score(report, "validation_", &result->kept.validation, metric->name, metric->validation);
    report_score(report, "test_", &result->test, metric->name, metric->test);
    report_real(report, "seconds", result->seconds);
    report_real(report, "samples_per_second", samples_per_second(result));
    report_integer(report, "epochs", result->epochs);
    report_integer(report, "steps", result->steps);
    report_integer(report, "train_samples", result->samples);
    report_integer(report, "parameters", result->parameters);
    report_context(report, context);
    report_text(report, "model", result->saved ? options->out : NULL);
    report_text(report, "checkpoint", result->checkpoint);
    report_integer(report, "resumed_steps", result->resumed_steps);
    report_integer(report, "kept_epoch", result->kept.epoch);
    report_text(report, "end", end_of(result, options));
    report_truth(report, "diverged", result->diverged);
    report_integer(report, "signal", (uint64_t)result->signal);
    report_write(report, stdout);
}

void train_print(const struct train_result *result, const struct train_options *options, const tp_context *context) {
    (options->json ? print_json : print_text)(result, options, context);
}

json_t *train_epoch_json(const tp_epoch *epoch, const struct metric *metric, const tp_model *model) {
    char fingerprint[TP_FINGERPRINT_SIZE];
    json_t *line = report_new();
    report_integer(line, "epoch", epoch->epoch);
    report_integer(line, "epochs", epoch->epochs);
    report_integer(line, "steps", epoch->steps);
    report_real(line, "learning_rate", epoch->learning_rate);
    report_score(line, "train_", &epoch->train, metric->name, metric->train);
    report_score(line, "validation_", &epoch->validation, metric->name, metric->validation);
    report_real(line, "seconds", epoch->seconds);
    report_real(line, "samples_per_second", epoch->samples_per_second);
    report_text(line, "parameters_sha256", tp_model_fingerprint(model, fingerprint) ? NULL : fingerprint);
    return line;
}

const char train_about[] = "The model is saved to --out when training ends, or when Ctrl-C (SIGINT),\n"
                           "SIGTERM or SIGHUP stops it after the step at hand; before the first step there\n"
                           "is nothing to save. Further signals change nothing, but a second Ctrl-C, half a\n"
                           "second or more after the first, kills. Signals that are ignored at the start\n"
                           "(nohup) stay ignored. Whether --out can be written is found out before the\n"
                           "training; the result is printed even if the model cannot be saved.\n"
                           "No output may be a file that is read or written as well; only --out may replace\n"
                           "the model of --init. Training loss and accuracy are means over the last epoch,\n"
                           "of each batch before its step.\n"
                           "With --checkpoint or --resume, SIGTERM, SIGUSR1 and SIGUSR2 stop the run for\n"
                           "now: after the step at hand a checkpoint is written, --out is not, and the exit\n"
                           "code is 75 (1 if it could not be written). SIGINT and SIGHUP write one as well.\n"
                           "A second signal half a second or more after the first kills. Before a run ends\n"
                           "there is always a checkpoint; one that cannot be written is noted, and tried\n"
                           "again when the next is due. The directory belongs to one run at a time (75 if\n"
                           "another is running): what it left half written is removed at the start. A run\n"
                           "that is resumed ends with the bytes, and the lines of --log but for times, of\n"
                           "one that was never stopped.\n"
                           "--find-lr trains a model that is thrown away, with learning rates that rise\n"
                           "from 1e-7 to 10 over the steps of an epoch, but at least 100 and at most 1000,\n"
                           "and stops where the smoothed loss is over 4 times its least (L. N. Smith, 2017,\n"
                           "arXiv:1506.01186). That it diverges is expected, and no error. It does not use\n"
                           "--lr, --schedule, --warmup, --epochs, --test, --out, --log, --checkpoint,\n"
                           "--resume, --keep and --patience, but all others.\n"
                           "On a terminal too narrow for a line, fields are left out: first samples/s, then\n"
                           "rate, time, training loss, training metric, validation loss.\n";

static const struct report_key result_keys[] = {
    {"loss", "of the test set if there is one, else of the held-out samples, else of training"},
    {"accuracy or r2", "of the same samples; r2 of regression"},
    {"train_loss", "mean over the epoch that is kept, else the last; null if an earlier process trained it"},
    {"train_accuracy or train_r2", "likewise"},
    {"validation_loss", "of the held-out samples and the model; null if there are none"},
    {"validation_accuracy or validation_r2", "likewise"},
    {"test_loss", "of the test set; null if there is none"},
    {"test_accuracy or test_r2", "likewise"},
    {"seconds", "of training, without loading"},
    {"samples_per_second", "of the training steps"},
    {"epochs", "done"},
    {"steps", "done"},
    {"train_samples", "per epoch"},
    {"parameters", "of the model"},
    {"isa", "instruction set"},
    {"threads", "at most so many"},
    {"model", "path, or null if it was not saved"},
    {"checkpoint", "path of the newest one, or null"},
    {"resumed_steps", "that an earlier process did; 0 if the run was not resumed"},
    {"kept_epoch", "whose parameters the model has; 0 if it was stopped between two"},
    {"end", "of the run: epochs (all done), patience, signal, divergence"},
    {"diverged", "whether the loss was no longer finite; the model is then that of the last good epoch"},
    {"signal", "that stopped the run, or 0"},
    {0},
};

static const struct report_key config_keys[] = {
    {"config", "the options that results depend on, as --config takes them: no paths, threads, isa"},
    {0},
};

static const struct report_key epoch_keys[] = {
    {"epoch", "from 1"},
    {"epochs", "of the whole run"},
    {"steps", "done so far"},
    {"learning_rate", "of the last step"},
    {"train_loss", "mean over the epoch"},
    {"train_accuracy or train_r2", "likewise; r2 of regression"},
    {"validation_loss", "of the held-out samples; null if there are none"},
    {"validation_accuracy or validation_r2", "likewise"},
    {"seconds", "since the beginning"},
    {"samples_per_second", "of the training steps"},
    {"parameters_sha256", "of the parameters, float32, little endian"},
    {0},
};

const struct report_keys train_keys[] = {{"JSON keys", result_keys},
                                         {"Key of the first line of --log", config_keys},
                                         {"JSON keys with --find-lr", range_test_keys},
                                         {"Keys of a line of --log", epoch_keys},
                                         {0}};
