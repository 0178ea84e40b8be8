/* SPDX-License-Identifier: BSD-3-Clause */

#include "fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

uint64_t fuzz_take(struct fuzz_input *input, size_t bytes) {
    uint64_t value = 0;
    for (size_t i = 0; i < bytes && input->size; i++, input->size--)
        value |= (uint64_t)*input->data++ << 8 * i;
    return value;
}

size_t fuzz_below(struct fuzz_input *input, size_t count) {
    return (size_t)(fuzz_take(input, count > 256 ? 2 : 1) % count);
}

tp_context *fuzz_context(void) {
    static tp_context *context;
    if (!context)
        require(!tp_context_create(NULL, &context));
    return context;
}

void fuzz_require_message(void) {
    char text[8];
    require(tp_context_message(fuzz_context(), text, sizeof text) > 0);
}

const char *fuzz_scratch_path(void) {
    static char path[128];
    const char *directory = getenv("TMPDIR");
    if (!*path)
        snprintf(path, sizeof path, "%.80s/tileprop-fuzz-%ld", directory ? directory : "/tmp", (long)getpid());
    return path;
}

const char *fuzz_file(const void *data, size_t size) {
    static int descriptor = -1;
    static char path[64];
    if (descriptor < 0) {
        descriptor = memfd_create("fuzz", MFD_CLOEXEC);
        snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    }
    require(descriptor >= 0 && !ftruncate(descriptor, 0));
    require(pwrite(descriptor, data, size, 0) == (ssize_t)size);
    return path;
}
