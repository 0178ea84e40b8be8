/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/file.h"

#include "core/size.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static tp_status fail(const struct tp_context *context, const char *path, const char *what, int error) {
    return tp_fail(context, TP_ERR_IO, "%s: cannot %s: %s", path, what, strerror(error));
}

tp_status tp_fail_irregular(const struct tp_context *context, const char *path, mode_t mode) {
    return tp_fail(context, TP_ERR_IO, "%s: %s", path, S_ISDIR(mode) ? "is a directory" : "is not a regular file");
}

int tp_open_at(int directory, const char *path, int flags, mode_t mode) {
    int descriptor;
    do
        descriptor = openat(directory, path, flags | O_CLOEXEC, mode);
    while (descriptor < 0 && errno == EINTR);
    return descriptor;
}

static tp_status examine(struct tp_file *file) {
    struct stat facts;
    if (fstat(file->descriptor, &facts))
        return fail(file->context, file->path, "examine", errno);
    if (!S_ISREG(facts.st_mode))
        return tp_fail_irregular(file->context, file->path, facts.st_mode);
    if (__builtin_add_overflow(facts.st_size, 0, &file->size))
        return fail(file->context, file->path, "examine", EOVERFLOW);
    return TP_OK;
}

tp_status tp_file_open(const struct tp_context *context, const char *path, struct tp_file *file) {
    /* O_NONBLOCK: a FIFO without a writer must not block before it is refused */
    const int descriptor = tp_open_at(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
    if (descriptor < 0)
        return fail(context, path, "open", errno);
    *file = (struct tp_file){.context = context, .path = path, .descriptor = descriptor};
    const tp_status status = examine(file);
    if (status)
        tp_file_close(file);
    return status;
}

void tp_file_close(const struct tp_file *file) {
    if (file->descriptor >= 0)
        close(file->descriptor); /* nothing was written, so nothing can be lost */
}

struct tp_file tp_file_in_memory(const struct tp_context *context, const void *contents, size_t size) {
    return (struct tp_file){context, "the buffer", -1, contents, size};
}

static size_t copy(const struct tp_file *file, size_t offset, void *buffer, size_t size) {
    const size_t begin = tp_min(offset, file->size), n = tp_min(size, file->size - begin);
    memcpy(buffer, file->memory + begin, n);
    return n;
}

tp_status tp_file_read(const struct tp_file *file, size_t offset, void *buffer, size_t size, size_t *got) {
    *got = file->memory ? copy(file, offset, buffer, size) : 0;
    if (file->memory)
        return TP_OK;
    while (*got < size) {
        const ssize_t n = pread(file->descriptor, (unsigned char *)buffer + *got, size - *got, (off_t)(offset + *got));
        if (n == 0)
            break;
        if (n > 0)
            *got += (size_t)n;
        else if (errno != EINTR)
            return fail(file->context, file->path, "read", errno);
    }
    return TP_OK;
}

bool tp_file_missing(const char *path) {
    struct stat facts;
    return stat(path, &facts) && (errno == ENOENT || errno == ENOTDIR);
}

bool tp_file_is_directory(const char *path) {
    struct stat facts;
    return !stat(path, &facts) && S_ISDIR(facts.st_mode);
}
