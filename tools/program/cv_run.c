/* SPDX-License-Identifier: BSD-3-Clause */
/* Small nets are fastest on one thread each: threads take folds of candidates in turn, with a context of their own. */
#include "cv.h"
#include "class_weights.h"
#include "interrupt.h"
#include "metric.h"
#include "report.h"
#include "train_model.h"
#include "train_task.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* What the threads share. */
struct work {
    const struct cv_options *options;
    tp_dataset *const *folds;
    struct cv_candidate *candidates;
    size_t count; /* of candidates */
    atomic_size_t next;
    atomic_int code; /* the first exit code that is not success */
    _Atomic(const char *) metric;
    pthread_mutex_t lock; /* of the candidates' seconds */
};

static int stop_if_interrupted(void *user, const tp_step *step) {
    (void)step;
    const struct work *work = user;
    return work->code ? 1 : interrupt_signal();
}

static int run_trainer(const struct session *session, struct train_options *options, const tp_dataset *fold,
                       tp_model *model, struct work *work) {
    const tp_data *data = tp_dataset_data(fold);
    const int code = class_weights_settle(options, data, model);
    if (code)
        return code;
    tp_train_options library = train_library_options(options, data->samples);
    library.class_weights = options->class_weights.count ? options->class_weights.real : NULL;
    library.on_step = stop_if_interrupted;
    library.user = work;
    tp_trainer *trainer = NULL;
    tp_status status = tp_trainer_create(model, data, &library, NULL, 0, &trainer);
    if (!status)
        status = tp_trainer_run(trainer);
    tp_trainer_destroy(trainer);
    if (status == TP_ERR_STOPPED)
        return interrupt_code() ? interrupt_code() : work->code;
    return session_check(session, status);
}

static int measure(const struct session *session, const tp_dataset *fold, const tp_model *model, struct work *work,
                   struct cv_candidate *candidate, size_t number) {
    const tp_data *data = tp_dataset_validation(fold);
    tp_score score = {0};
    int code = session_score(session, model, data, &score, NULL);
    if (!code)
        code = metric_measure(session, model, data, &score, &candidate->score[number]);
    candidate->loss[number] = score_loss(&score);
    work->metric = metric_start(model).name;
    return code;
}

static int run_fold(const struct session *session, struct work *work, struct cv_candidate *candidate, size_t number) {
    const tp_dataset *fold = work->folds[number];
    struct train_options options = cv_train_options(work->options, candidate);
    train_settle(&options, tp_dataset_data(fold)->samples);
    tp_model *model = NULL;
    const double start = now();
    int code = train_make_model(session, &options, tp_dataset_schema(fold), &model);
    if (!code)
        code = run_trainer(session, &options, fold, model, work);
    if (!code)
        code = measure(session, fold, model, work, candidate, number);
    tp_model_destroy(model);
    pthread_mutex_lock(&work->lock);
    candidate->seconds += now() - start;
    pthread_mutex_unlock(&work->lock);
    return code;
}

int cv_check(const struct session *session, const struct cv_options *options, const tp_dataset *fold,
             const struct cv_candidate *candidate) {
    struct train_options train = cv_train_options(options, candidate);
    const tp_data *data = tp_dataset_data(fold);
    tp_model *model = NULL;
    train_settle(&train, data->samples);
    int code = train_make_model(session, &train, tp_dataset_schema(fold), &model);
    if (!code)
        code = class_weights_settle(&train, data, model);
    tp_model_destroy(model);
    return code;
}

static void take_folds(const struct session *session, struct work *work) {
    const size_t folds = (size_t)work->options->folds;
    size_t next;
    while (!work->code && (next = work->next++) < work->count * folds) {
        const int code = run_fold(session, work, &work->candidates[next / folds], next % folds);
        int none = EXIT_SUCCESS;
        if (code)
            atomic_compare_exchange_strong(&work->code, &none, code);
    }
}

static void *worker(void *user) {
    struct work *work = user;
    struct session session;
    const struct machine_options machine = {.threads = 1, .isa = work->options->train.machine.isa};
    int none = EXIT_SUCCESS;
    const int code = session_open(&session, &machine);
    if (code)
        atomic_compare_exchange_strong(&work->code, &none, code);
    else
        take_folds(&session, work);
    session_close(&session);
    return NULL;
}

/* Fewer threads than asked for are no failure. */
static void run_workers(struct work *work, size_t threads) {
    pthread_t *others = calloc(threads, sizeof *others);
    size_t started = 0;
    while (others && started + 1 < threads && !pthread_create(&others[started], NULL, worker, work))
        started++;
    worker(work);
    for (size_t i = 0; i < started; i++)
        pthread_join(others[i], NULL);
    free(others);
}

int cv_run(const struct cv_options *options, tp_dataset *const *folds, struct cv_candidate *candidates, size_t count,
           int threads, const char **metric) {
    struct work work = {.options = options, .folds = folds, .candidates = candidates, .count = count};
    const size_t jobs = count * (size_t)options->folds;
    pthread_mutex_init(&work.lock, NULL);
    run_workers(&work, (size_t)threads < jobs ? (size_t)threads : jobs);
    pthread_mutex_destroy(&work.lock);
    *metric = work.metric;
    return work.code ? work.code : interrupt_code();
}
