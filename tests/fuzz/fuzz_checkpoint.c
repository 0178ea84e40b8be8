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

struct file {
    size_t size;
    char bytes[MOST_SAVED];
};

static struct file saved(const tp_trainer *trainer) {
    static char path[128];
    const char *directory = getenv("TMPDIR");
    struct file file;
    snprintf(path, sizeof path, "%.80s/tileprop-fuzz-%ld", directory ? directory : "/tmp", (long)getpid());
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

static void require_goes_on(struct fuzz_run *run) {
    const struct file point = saved(run->trainer);
    require(!tp_trainer_resume(run->trainer, fuzz_file(point.bytes, point.size)));
    require_saved_as(run->trainer, &point);
    const tp_status status = tp_trainer_run(run->trainer);
    require(status == TP_OK || status == TP_ERR_NONFINITE);
    require(tp_trainer_steps(run->trainer) <= FUZZ_RUN_STEPS);
    require(tp_trainer_best_epoch(run->trainer) <= tp_trainer_epochs(run->trainer));
}

static void resume(struct fuzz_run *run, const struct file *before, const void *bytes, size_t size) {
    const tp_status status = tp_trainer_resume(run->trainer, fuzz_file(bytes, size));
    require(status == TP_OK || status == TP_ERR_FORMAT || status == TP_ERR_ARGUMENT);
    if (status) {
        fuzz_require_message();
        if (size % 8 == 0) /* files are slow */
            require_saved_as(run->trainer, before);
        return;
    }
    require_goes_on(run);
    require(!tp_trainer_resume(run->trainer, fuzz_file(before->bytes, before->size)));
    require_saved_as(run->trainer, before);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct fuzz_run run;
    static struct file before, right;
    if (!run.trainer) {
        fuzz_run_open(fuzz_context(), &run);
        before = saved(run.trainer);
    }
    resume(&run, &before, data, size);
    uint32_t crc;
    if (size < sizeof crc || size > sizeof right.bytes)
        return 0;
    memcpy(right.bytes, data, size);
    crc = htole32((uint32_t)crc32_z(0, data, size - sizeof crc));
    memcpy(right.bytes + size - sizeof crc, &crc, sizeof crc);
    resume(&run, &before, right.bytes, size);
    return 0;
}
