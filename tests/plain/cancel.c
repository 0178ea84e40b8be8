/* SPDX-License-Identifier: BSD-3-Clause */
/* A thread that was cancelled ends after the call that it is in, wherever that comes by a cancellation point: in teams,
 * for whose other threads it would be lost, and in functions of the caller's. What it worked on stays usable. */
#include "plain.h"

#include "../support/hooks.h"
#include "core/memory.h"
#include "cpu/cpu.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <stdio.h>
#include <time.h>

enum { INPUTS = 23, HIDDEN = 61, OUTPUTS = 10, BATCH = 20, SAMPLES = 53, EPOCHS = 2 };

static float x[SAMPLES * INPUTS], product[SAMPLES * SAMPLES];
static int32_t classes[SAMPLES];
static const tp_data data = {
    .samples = SAMPLES, .features = INPUTS, .floats = x, .classes = classes, .outputs = OUTPUTS};
static tp_context *context;
static int messages;
static sem_t in_step;
static struct plain_kept kept_parameters, kept_product;

static void *allocate(void *user, size_t alignment, size_t size) {
    pthread_testcancel();
    return tp_default_allocator().allocate(user, alignment, size);
}

static void release(void *user, void *block) {
    pthread_testcancel();
    tp_default_allocator().release(user, block);
}

static void count_message(void *user, tp_status status, const char *message) {
    (void)user, (void)status, (void)message;
    pthread_testcancel();
    messages++;
}

static void in_kernel(enum test_kernel kernel) {
    (void)kernel;
    pthread_testcancel();
}

static int on_step(void *user, const tp_step *step) {
    const struct timespec nap = {0, 20000000};
    (void)user;
    sem_post(&in_step);
    return step->step == 1 ? nanosleep(&nap, NULL) : 0;
}

static int on_epoch(void *user, const tp_epoch *epoch) {
    (void)user, (void)epoch;
    pthread_testcancel();
    return 0;
}

/* Everything from the model on is made, used and released here. */
static void train(void) {
    const tp_layer layers[] = {{HIDDEN, TP_ACTIVATION_TANH, 0, 0}, {OUTPUTS, TP_ACTIVATION_SOFTMAX, 0, 0}};
    tp_model_options shape;
    tp_train_options options;
    tp_model_options_default(&shape);
    tp_train_options_default(&options);
    shape.inputs = INPUTS, shape.layer_count = 2, shape.layers = layers;
    options.batch = BATCH, options.epochs = EPOCHS, options.validation_fraction = 0.25;
    options.on_step = on_step, options.on_epoch = on_epoch;
    tp_model *model = NULL;
    tp_trainer *trainer = NULL;
    require(!tp_model_create(context, &shape, &model));
    require(!tp_trainer_create(model, &data, &options, NULL, 0, &trainer) && !tp_trainer_run(trainer));
    const size_t count = tp_model_parameter_count(model);
    float *parameters = tp_test_floats(count);
    require(!tp_model_get_parameters(model, parameters, count));
    plain_require_same(&kept_parameters, parameters, count);
    free(parameters);
    tp_trainer_destroy(trainer);
    tp_model_destroy(model);
}

static void multiply(void) {
    require(!tp_sgemm(context, TP_TRANSPOSE_NO, TP_TRANSPOSE_YES, SAMPLES, SAMPLES, INPUTS, 1, x, INPUTS, x, INPUTS, 0,
                      product, SAMPLES, NULL, 0));
    plain_require_same(&kept_product, product, SAMPLES * SAMPLES);
}

static void fail(void) {
    messages = 0;
    require(tp_sgemm(context, TP_TRANSPOSE_NO, TP_TRANSPOSE_NO, 1, 1, 1, 1, NULL, 1, x, 1, 0, product, 1, NULL, 0) ==
            TP_ERR_ARGUMENT);
    require(messages == 1);
}

static void create_context(void) {
    const tp_context_options options = {.struct_size = sizeof options, .allocator = {allocate, release, NULL}};
    tp_context *other = NULL;
    require(!tp_context_create(&options, &other));
    tp_context_destroy(other);
}

static void read_caches(void) {
    struct tp_cpu cpu = {0};
    tp_cpu_read_caches("/sys/devices/system/cpu/cpu0/cache", &cpu);
}

static char directory[] = "/tmp/tileprop-cancel-XXXXXX";
static char model_path[64], idx_path[64];

/* Every function that opens files. Cancelled in the middle they would leave descriptors and temporary files. */
static void use_files(void) {
    const tp_layer layer = {.width = 2, .activation = TP_ACTIVATION_SOFTMAX};
    tp_model_options shape;
    tp_layer layers[TP_MAX_LAYERS];
    tp_model_options_default(&shape);
    shape.inputs = 3, shape.layer_count = 1, shape.layers = &layer;
    tp_model *model = NULL, *copy = NULL;
    tp_output *output = NULL;
    tp_dataset *dataset = NULL;
    tp_idx idx;
    require(!tp_model_create(context, &shape, &model) && !tp_model_save(model, model_path));
    require(!tp_output_create(context, model_path, &output) && tp_output_is(output, model_path));
    require(!tp_output_write(output, NULL, 0) && !tp_model_save_to(model, output));
    tp_output_destroy(output);
    require(!tp_model_describe_file(context, model_path, &shape, layers));
    require(!tp_model_load(context, model_path, &copy));
    require(!tp_idx_read(context, idx_path, &idx) && !tp_dataset_load(context, directory, TP_SPLIT_TRAIN, &dataset));
    tp_dataset_destroy(dataset);
    tp_idx_release(context, &idx);
    tp_model_destroy(copy);
    tp_model_destroy(model);
}

static void write_file(const char *name, const unsigned char *bytes, size_t size) {
    char path[64];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "wb");
    require(file && fwrite(bytes, 1, size, file) == size && !fclose(file));
}

static void make_files(void) {
    static const unsigned char images[] = {0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 1, 7, 9},
                               labels[] = {0, 0, 8, 1, 0, 0, 0, 2, 0, 1};
    require(mkdtemp(directory) != NULL);
    write_file("train-images-idx3-ubyte", images, sizeof images);
    write_file("train-labels-idx1-ubyte", labels, sizeof labels);
    snprintf(model_path, sizeof model_path, "%s/model", directory);
    snprintf(idx_path, sizeof idx_path, "%s/train-labels-idx1-ubyte", directory);
}

/* Only the three files are there: no temporary one. */
static void remove_files(void) {
    char path[64];
    snprintf(path, sizeof path, "%s/train-images-idx3-ubyte", directory);
    require(!remove(path) && !remove(idx_path) && !remove(model_path) && !remove(directory));
}

struct job {
    void (*call)(void);
    bool cancelled_before, returned;
};

static void *work(void *argument) {
    struct job *job = argument;
    if (job->cancelled_before)
        pthread_cancel(pthread_self());
    job->call();
    job->returned = true;
    pthread_testcancel();
    return NULL;
}

static pthread_t start(struct job *job) {
    pthread_t thread;
    require(!pthread_create(&thread, NULL, work, job));
    return thread;
}

static void require_cancelled(pthread_t thread, const struct job *job) {
    void *result = NULL;
    require(!pthread_join(thread, &result));
    require(job->returned && result == PTHREAD_CANCELED);
}

static void cancel_before(void call(void)) {
    struct job job = {call, true, false};
    require_cancelled(start(&job), &job);
}

static void cancel_in_step(void) {
    struct job job = {train, false, false};
    while (!sem_trywait(&in_step)) {
    }
    const pthread_t thread = start(&job);
    sem_wait(&in_step);
    pthread_cancel(thread);
    require_cancelled(thread, &job);
}

static void check(tp_context *given) {
    const struct tp_isa hooked = test_hooked(given->isa, in_kernel);
    context = given;
    given->allocator = (tp_allocator){allocate, release, NULL};
    given->on_message = count_message;
    if (given->threads > 1) /* one thread comes by no cancellation point in there */
        given->isa = &hooked;
    train();
    multiply();
    cancel_in_step();
    cancel_before(train);
    cancel_before(multiply);
    cancel_before(fail);
    cancel_before(read_caches);
    cancel_before(use_files);
    train();
}

int main(void) {
    tp_test_fill(x, SAMPLES * INPUTS, 1, -1, 1);
    tp_test_fill_classes(classes, SAMPLES, 2, OUTPUTS);
    require(!sem_init(&in_step, 0, 0));
    cancel_before(create_context); /* the first call of all, for which OpenMP's runtime may read files */
    make_files();
    plain_for_each(check);
    remove_files();
    plain_release(&kept_parameters);
    plain_release(&kept_product);
}
