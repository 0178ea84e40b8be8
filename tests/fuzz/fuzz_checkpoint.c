/* SPDX-License-Identifier: BSD-3-Clause */
/* Any bytes as a checkpoint, as they are and with the CRC-32 that they should have: refused with a message and no
 * change of the trainer, or a point from which the run goes on, and which saving and resuming does not change. */
#include "fuzz.h"
#include "run.h"

#include <endian.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#define MOST_SAVED 8192
#define MOST_CHANGES 64 /* bytes of input */

struct file {
    size_t size;
    char bytes[MOST_SAVED];
};

static struct fuzz_run run;
static struct file before, middle; /* checkpoints at the beginning, where the trainer is, and later */

static struct file saved(const tp_trainer *trainer) {
    const char *path = fuzz_scratch_path();
    struct file file;
    require(!tp_trainer_save(trainer, path));
    FILE *stream = fopen(path, "rb");
    require(stream);
    file.size = fread(file.bytes, 1, sizeof file.bytes, stream);
    require(file.size < sizeof file.bytes);
    fclose(stream);
    unlink(path);
    return file;
}

static void require_saved_as(const tp_trainer *trainer, const struct file *expected) {
    const struct file actual = saved(trainer);
    require(actual.size == expected->size && !memcmp(actual.bytes, expected->bytes, actual.size));
}

static void require_goes_on(void) {
    const struct file point = saved(run.trainer);
    require(!tp_trainer_resume(run.trainer, fuzz_file(point.bytes, point.size)));
    require_saved_as(run.trainer, &point);
    const tp_status status = tp_trainer_run(run.trainer);
    require(status == TP_OK || status == TP_ERR_NONFINITE);
    require(tp_trainer_steps(run.trainer) <= FUZZ_RUN_STEPS);
    require(tp_trainer_best_epoch(run.trainer) <= tp_trainer_epochs(run.trainer));
}

static void resume(const void *bytes, size_t size) {
    const tp_status status = tp_trainer_resume(run.trainer, fuzz_file(bytes, size));
    require(status == TP_OK || status == TP_ERR_FORMAT || status == TP_ERR_ARGUMENT);
    if (status) {
        fuzz_require_message();
        if (size % 8 == 0) /* files are slow */
            require_saved_as(run.trainer, &before);
        return;
    }
    require_goes_on();
    require(!tp_trainer_resume(run.trainer, fuzz_file(before.bytes, before.size)));
    require_saved_as(run.trainer, &before);
}

static void set_crc(struct file *file) {
    const size_t end = file->size - sizeof(uint32_t);
    const uint32_t crc = htole32((uint32_t)crc32_z(0, (const unsigned char *)file->bytes, end));
    memcpy(file->bytes + end, &crc, sizeof crc);
}

static void resume_with_right_crc(const uint8_t *data, size_t size) {
    struct file file = {.size = size};
    if (size < sizeof(uint32_t) || size > sizeof file.bytes)
        return;
    memcpy(file.bytes, data, size);
    set_crc(&file);
    resume(file.bytes, file.size);
}

/* A place and a byte for each change. */
static void resume_changed(const uint8_t *data, size_t size) {
    struct fuzz_input input = {data, size};
    struct file file = middle;
    const char *first = memmem(file.bytes, file.size, "\"at.", 4);
    require(first);
    const size_t begin = (size_t)(first - file.bytes);
    while (input.size) {
        const size_t at = begin + fuzz_below(&input, file.size - begin);
        file.bytes[at] = (char)fuzz_take(&input, 1);
    }
    set_crc(&file);
    resume(file.bytes, file.size);
}

static void open_run(void) {
    fuzz_run_open(fuzz_context(), &run);
    before = saved(run.trainer);
    run.stop_at = 4;
    require(tp_trainer_run(run.trainer) == TP_ERR_STOPPED);
    middle = saved(run.trainer);
    run.stop_at = 0;
    require(!tp_trainer_resume(run.trainer, fuzz_file(before.bytes, before.size)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!run.trainer)
        open_run();
    resume(data, size);
    resume_with_right_crc(data, size);
    if (size < MOST_CHANGES)
        resume_changed(data, size);
    return 0;
}
