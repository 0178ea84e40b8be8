/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A run that is saved after any step, and resumed with another instruction set and number of threads, ends with the
 * bits of one that was never stopped; a file of another run, or one that is damaged, changes nothing.
 */
#include "support/clouds.h"
#include "support/scratch.h"

#include <criterion/criterion.h>
#include <endian.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { IN = CLOUD_IN, HIDDEN = 64, OUT = CLOUD_CLASSES, BATCH = 16, EPOCHS = 5, MOST_FILE = 65536, REPORTS = 16 };
enum { PARAMETERS = IN * HIDDEN + HIDDEN + HIDDEN * OUT + OUT };

TestSuite(checkpoint, .init = tp_test_scratch_open, .fini = tp_test_scratch_close);

/* A run of a model on clouds, which may save after a step, or in the callback after an epoch. */
struct run {
    struct test_world world;
    tp_train_options options;
    tp_trainer *trainer;
    uint64_t save_step;
    size_t save_epoch; /* 0: never */
    bool stop;         /* then */
    size_t reports;
    tp_epoch report[REPORTS];
    float parameters[PARAMETERS]; /* at the end */
};

static void save(struct run *run) {
    cr_assert_eq(tp_trainer_save(run->trainer, tp_test_in_scratch("run")), TP_OK, "%s",
                 tp_test_message(run->world.context));
}

static int on_step(void *user, const tp_step *step) {
    struct run *run = user;
    if (step->step != run->save_step)
        return 0;
    save(run);
    return run->stop;
}

static int on_epoch(void *user, const tp_epoch *epoch) {
    struct run *run = user;
    cr_assert_lt(run->reports, REPORTS);
    run->report[run->reports++] = *epoch;
    if (epoch->epoch != run->save_epoch)
        return 0;
    save(run);
    return run->stop;
}

/* The seed of the first parameters may be any if a file is resumed. */
static void open_run(struct run *run, const char *isa, int threads, uint64_t seed) {
    test_open_world(&run->world, isa);
    tp_model_destroy(run->world.model);
    tp_context_destroy(run->world.context);
    run->world.context = tp_test_eager_context(isa, threads);
    run->world.model = test_dropout_model(run->world.context, seed, HIDDEN, 0.25F);
    run->options.on_step = on_step;
    run->options.on_epoch = on_epoch;
    run->options.user = run;
    run->reports = 0;
    run->save_step = run->save_epoch = 0;
    run->trainer = test_make_trainer(&run->world, &run->options);
}

static void close_run(struct run *run) {
    tp_trainer_destroy(run->trainer);
    test_close_world(&run->world);
}

static tp_status train(struct run *run) {
    const tp_status status = tp_trainer_run(run->trainer);
    cr_assert_eq(tp_model_get_parameters(run->world.model, run->parameters, PARAMETERS), TP_OK);
    return status;
}

static tp_status resume(struct run *run) {
    return tp_trainer_resume(run->trainer, tp_test_in_scratch("run"));
}

static bool same_score(const tp_score *a, const tp_score *b) {
    return memcmp(a, b, sizeof *a) == 0;
}

/* All but times. */
static void check_reports(const struct run *whole, const struct run *resumed, uint64_t step) {
    cr_assert_leq(resumed->reports, whole->reports);
    const size_t missing = whole->reports - resumed->reports;
    for (size_t i = 0; i < resumed->reports; i++) {
        const tp_epoch *a = &whole->report[missing + i], *b = &resumed->report[i];
        cr_assert(a->epoch == b->epoch && a->steps == b->steps && a->learning_rate == b->learning_rate &&
                      a->best_epoch == b->best_epoch && same_score(&a->train, &b->train) &&
                      same_score(&a->validation, &b->validation),
                  "step %llu: epoch %zu", (unsigned long long)step, b->epoch);
    }
}

/* Saves a run at this step or epoch, and ends it in another one. */
static void check_stop(const struct run *whole, uint64_t step, size_t epoch) {
    static struct run first, second;
    const int i = (int)step, isas = tp_test_isa_count();
    first.options = second.options = whole->options;
    open_run(&first, tp_test_isa(i % isas), 1 + i % 3, 1);
    first.save_step = step;
    first.save_epoch = epoch;
    first.stop = i % 2;
    train(&first);
    close_run(&first);
    open_run(&second, tp_test_isa((i + 1) % isas), 1 + (i + 1) % 3, 2);
    cr_assert_eq(resume(&second), TP_OK, "%s", tp_test_message(second.world.context));
    cr_assert_eq(tp_trainer_steps(second.trainer), step);
    cr_assert_eq(train(&second), TP_OK);
    cr_assert(tp_test_same_bits(whole->parameters, second.parameters, PARAMETERS, "after step %d", i));
    check_reports(whole, &second, step);
    close_run(&second);
}

static void check_run(tp_train_options options) {
    static struct run whole;
    whole.options = options;
    open_run(&whole, NULL, 2, 1);
    cr_assert_eq(train(&whole), TP_OK);
    const uint64_t steps = tp_trainer_steps(whole.trainer);
    const size_t epochs = whole.reports;
    close_run(&whole);
    for (uint64_t step = 1; step <= steps; step++)
        check_stop(&whole, step, 0);
    for (size_t epoch = 1; epoch <= epochs; epoch++)
        check_stop(&whole, epoch * steps / epochs, epoch);
}

static tp_train_options plain_options(void) {
    tp_train_options options;
    tp_train_options_default(&options);
    options.batch = BATCH;
    options.epochs = EPOCHS;
    options.optimizer.learning_rate = 0.02F;
    return options;
}

static tp_train_options rich_options(void) {
    tp_train_options options = plain_options();
    options.validation_fraction = 0.2;
    options.keep = TP_KEEP_BEST;
    options.average = 0.75;
    options.min_delta = 0.001;
    options.plateau = 1;
    options.optimizer.schedule = TP_SCHEDULE_PLATEAU;
    options.optimizer.learning_rate = 0.5F;
    options.optimizer.warmup_steps = 3;
    return options;
}

Test(checkpoint, after_every_step) {
    check_run(plain_options());
}

Test(checkpoint, with_everything_that_is_kept) {
    check_run(rich_options());
}

Test(checkpoint, of_every_rule) {
    for (int kind = 0; kind < TP_OPTIMIZER_COUNT; kind++) {
        tp_train_options options = plain_options();
        options.epochs = 2;
        options.optimizer.kind = (tp_optimizer_kind)kind;
        options.optimizer.clip_norm = kind % 2 ? 0.5F : 0;
        check_run(options);
    }
}

Test(checkpoint, of_a_run_that_patience_ended) {
    tp_train_options options = rich_options();
    options.optimizer.learning_rate = 4;
    options.patience = 1;
    check_run(options);
}

/* ---- what is refused ---- */

struct change {
    const char *key; /* in the message */
    void (*change)(struct run *run);
};

static void other_batch(struct run *run) {
    run->options.batch = 8;
}
static void other_epochs(struct run *run) {
    run->options.epochs = 6;
}
static void other_seed(struct run *run) {
    run->options.seed = 7;
}
static void other_order(struct run *run) {
    run->options.shuffle = false;
}
static void other_rate(struct run *run) {
    run->options.optimizer.learning_rate = 0.021F;
}
static void other_rule(struct run *run) {
    run->options.optimizer.kind = TP_OPTIMIZER_MOMENTUM;
}
static void other_average(struct run *run) {
    run->options.average = 0.5;
}
static void other_data(struct run *run) {
    run->options.fingerprint = "other";
}
static void other_class_weights(struct run *run) {
    static const float weights[OUT] = {1, 2, 1};
    run->options.class_weights = weights;
}
static void other_layer_rates(struct run *run) {
    static const float rates[] = {0, 1};
    run->options.optimizer.layer_rates = rates;
}

static const struct change changes[] = {
    {"train.batch is 16 there and 8 here", other_batch},
    {"train.epochs is 5 there and 6 here", other_epochs},
    {"train.seed", other_seed},
    {"train.shuffle is true there and false here", other_order},
    {"optimizer.learning_rate is 0.02 there and 0.021 here", other_rate},
    {"optimizer.kind is adam there and momentum here", other_rule},
    {"train.average", other_average},
    {"data is ", other_data},
    {"train.class_weights is none there", other_class_weights},
    {"optimizer.layer_rates is none there", other_layer_rates},
};

/* A trainer that refuses the file trains as if nothing had happened. */
static void check_refused(struct run *run, const char *key) {
    float before[PARAMETERS], after[PARAMETERS];
    cr_assert_eq(tp_model_get_parameters(run->world.model, before, PARAMETERS), TP_OK);
    cr_assert_eq(resume(run), TP_ERR_ARGUMENT, "%s", key);
    cr_assert_not_null(strstr(tp_test_message(run->world.context), key), "%s: %s", key,
                       tp_test_message(run->world.context));
    cr_assert_eq(tp_model_get_parameters(run->world.model, after, PARAMETERS), TP_OK);
    cr_assert(tp_test_same_bits(before, after, PARAMETERS, "%s", key));
    cr_assert_eq(tp_trainer_steps(run->trainer), 0);
}

static void save_at(uint64_t step) {
    static struct run run;
    run.options = plain_options();
    open_run(&run, NULL, 2, 1);
    run.save_step = step;
    run.stop = true;
    cr_assert_eq(train(&run), TP_ERR_STOPPED);
    close_run(&run);
}

Test(checkpoint, of_another_run_is_refused) {
    static struct run run;
    save_at(3);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        run.options = plain_options();
        changes[i].change(&run);
        open_run(&run, NULL, 1, 1);
        check_refused(&run, changes[i].key);
        close_run(&run);
    }
}

static void replace_model(struct run *run, tp_model *model) {
    tp_trainer_destroy(run->trainer);
    tp_model_destroy(run->world.model);
    run->world.model = model;
    run->trainer = test_make_trainer(&run->world, &run->options);
}

Test(checkpoint, of_another_model_is_refused) {
    static struct run run;
    save_at(3);
    run.options = plain_options();
    open_run(&run, NULL, 1, 1);
    replace_model(&run, test_dropout_model(run.world.context, 1, HIDDEN, 0.5F));
    check_refused(&run, "layers.0.dropout is 0.25 there and 0.5 here");
    tp_trainer_destroy(run.trainer);
    tp_model_destroy(run.world.model);
    run.world.model = test_dropout_model(run.world.context, 1, HIDDEN + 1, 0.25F);
    run.trainer = test_make_trainer(&run.world, &run.options);
    cr_assert_eq(resume(&run), TP_ERR_ARGUMENT);
    cr_assert_not_null(strstr(tp_test_message(run.world.context), "parameters is of another length"));
    close_run(&run);
}

Test(checkpoint, of_changed_data_is_refused) {
    static struct run run;
    save_at(3);
    run.options = plain_options();
    open_run(&run, NULL, 1, 1);
    run.world.clouds.x[17] += 0.5F;
    check_refused(&run, "data is ");
    run.world.clouds.x[17] -= 0.5F;
    run.world.clouds.classes[3] = (run.world.clouds.classes[3] + 1) % OUT;
    check_refused(&run, "data is ");
    close_run(&run);
}

static size_t read_run(char *bytes) {
    FILE *file = fopen(tp_test_in_scratch("run"), "rb");
    cr_assert_not_null(file);
    const size_t size = fread(bytes, 1, MOST_FILE, file);
    fclose(file);
    return size;
}

/* Every byte, one after the other, and every shorter file. */
Test(checkpoint, damage_is_found) {
    static struct run run;
    static char bytes[MOST_FILE];
    save_at(3);
    const size_t size = read_run(bytes);
    run.options = plain_options();
    open_run(&run, NULL, 1, 1);
    for (size_t i = 0; i < size; i += i < 4096 || i > size - 64 ? 1 : 61) {
        bytes[i] ^= 4;
        tp_test_write_file("run", bytes, size);
        bytes[i] ^= 4;
        cr_assert_eq(resume(&run), TP_ERR_FORMAT, "byte %zu: %s", i, tp_test_message(run.world.context));
        tp_test_write_file("run", bytes, i);
        cr_assert_eq(resume(&run), TP_ERR_FORMAT, "%zu bytes: %s", i, tp_test_message(run.world.context));
    }
    tp_test_write_file("run", bytes, size);
    cr_assert_eq(resume(&run), TP_OK);
    close_run(&run);
}

/* Tensors in another order, although nothing is damaged. */
Test(checkpoint, tensors_in_another_order_are_refused) {
    static struct run run;
    static char bytes[MOST_FILE];
    save_at(3);
    const size_t size = read_run(bytes);
    char *const first = memmem(bytes, size, "\"state.0\"", 9), *const second = memmem(bytes, size, "\"state.1\"", 9);
    cr_assert(first && second);
    first[7] = '1';
    second[7] = '0';
    const uint32_t crc = htole32((uint32_t)crc32_z(0, (const unsigned char *)bytes, size - sizeof crc));
    memcpy(bytes + size - sizeof crc, &crc, sizeof crc);
    tp_test_write_file("run", bytes, size);
    run.options = plain_options();
    open_run(&run, NULL, 1, 1);
    cr_assert_eq(resume(&run), TP_ERR_FORMAT);
    cr_assert_not_null(strstr(tp_test_message(run.world.context), "tensors are not those of a checkpoint"));
    close_run(&run);
}

/* A run that has diverged is not worth going on with. */
Test(checkpoint, parameters_that_are_not_finite_are_not_saved) {
    static struct run run;
    float parameters[PARAMETERS];
    tp_snapshot *snapshot = NULL;
    run.options = plain_options();
    open_run(&run, NULL, 1, 1);
    cr_assert_eq(tp_snapshot_create(run.trainer, NULL, 0, &snapshot), TP_OK);
    cr_assert_eq(tp_snapshot_take(snapshot), TP_OK);
    cr_assert_eq(tp_model_get_parameters(run.world.model, parameters, PARAMETERS), TP_OK);
    parameters[PARAMETERS - 1] = INFINITY;
    cr_assert_eq(tp_model_set_parameters(run.world.model, parameters, PARAMETERS), TP_OK);
    cr_assert_eq(tp_snapshot_take(snapshot), TP_ERR_NONFINITE);
    cr_assert_eq(tp_snapshot_save(snapshot, tp_test_in_scratch("run")), TP_ERR_ARGUMENT);
    cr_assert_eq(tp_trainer_save(run.trainer, tp_test_in_scratch("run")), TP_ERR_NONFINITE);
    tp_snapshot_destroy(snapshot);
    close_run(&run);
}

Test(checkpoint, a_model_is_none) {
    static struct run run;
    run.options = plain_options();
    open_run(&run, NULL, 1, 1);
    cr_assert_eq(tp_model_save(run.world.model, tp_test_in_scratch("run")), TP_OK);
    cr_assert_eq(resume(&run), TP_ERR_FORMAT);
    cr_assert_not_null(strstr(tp_test_message(run.world.context), "is not a checkpoint of tileprop"));
    cr_assert_eq(tp_trainer_resume(run.trainer, tp_test_in_scratch("nothing")), TP_ERR_IO);
    close_run(&run);
}

/* ---- snapshots ---- */

struct background {
    struct run *run;
    tp_snapshot *snapshot;
    pthread_t thread;
    tp_status status;
};

static void *write_snapshot(void *argument) {
    struct background *b = argument;
    b->status = tp_snapshot_save(b->snapshot, tp_test_in_scratch("run"));
    return NULL;
}

static int snap(void *user, const tp_step *step) {
    struct background *b = user;
    if (step->step != 7)
        return 0;
    cr_assert_eq(tp_snapshot_take(b->snapshot), TP_OK);
    cr_assert_eq(pthread_create(&b->thread, NULL, write_snapshot, b), 0);
    return 0;
}

/* The run goes on while its snapshot is written; the allocator of the context is not asked for more meanwhile. */
Test(checkpoint, a_snapshot_is_written_by_another_thread) {
    static struct run whole, second;
    struct background b = {.run = &whole};
    whole.options = second.options = rich_options();
    open_run(&whole, NULL, 2, 1);
    tp_trainer_destroy(whole.trainer);
    whole.options.on_step = snap;
    whole.options.user = &b;
    whole.options.on_epoch = NULL;
    whole.trainer = test_make_trainer(&whole.world, &whole.options);
    const size_t size = tp_snapshot_size(whole.trainer);
    void *memory = malloc(size + 1);
    cr_assert_eq(tp_snapshot_create(whole.trainer, (char *)memory + 1, size, &b.snapshot), TP_OK);
    cr_assert_eq(tp_snapshot_save(b.snapshot, "/dev/null"), TP_ERR_ARGUMENT);
    cr_assert_eq(train(&whole), TP_OK);
    cr_assert_eq(pthread_join(b.thread, NULL), 0);
    cr_assert_eq(b.status, TP_OK);
    tp_snapshot_destroy(b.snapshot);
    free(memory);
    close_run(&whole);
    open_run(&second, NULL, 1, 3);
    cr_assert_eq(resume(&second), TP_OK);
    cr_assert_eq(tp_trainer_steps(second.trainer), 7);
    cr_assert_eq(train(&second), TP_OK);
    cr_assert(tp_test_same_bits(whole.parameters, second.parameters, PARAMETERS, "from the snapshot"));
    close_run(&second);
}

/* The program may say what stands for its data. */
Test(checkpoint, a_fingerprint_of_the_program) {
    static struct run run;
    char longest[257];
    memset(longest, 'x', 256);
    longest[256] = 0;
    run.options = plain_options();
    run.options.fingerprint = longest + 1;
    open_run(&run, NULL, 1, 1);
    save(&run);
    run.world.clouds.x[17] += 0.5F; /* nobody looks */
    cr_assert_eq(resume(&run), TP_OK);
    tp_trainer *none = NULL;
    run.options.fingerprint = longest;
    cr_assert_eq(tp_trainer_create(run.world.model, &run.world.clouds.data, &run.options, NULL, 0, &none),
                 TP_ERR_ARGUMENT);
    close_run(&run);
}
