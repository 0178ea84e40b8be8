/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PERMISSIONS 0777 /* the bits of a mode that a replaced file hands on */

static tp_status fail(const struct tp_context *context, const char *path, const char *what, int error) {
    return tp_fail(context, TP_ERR_IO, "%s: cannot %s: %s", path, what, strerror(error));
}

static tp_status fail_irregular(const struct tp_context *context, const char *path, mode_t mode) {
    return tp_fail(context, TP_ERR_IO, "%s: %s", path, S_ISDIR(mode) ? "is a directory" : "is not a regular file");
}

static int open_retrying(const char *path, int flags) {
    int descriptor;
    do
        descriptor = open(path, flags | O_CLOEXEC);
    while (descriptor < 0 && errno == EINTR);
    return descriptor;
}

/* ---- reading ---- */

static tp_status examine(struct tp_file *file) {
    struct stat facts;
    if (fstat(file->descriptor, &facts))
        return fail(file->context, file->path, "examine", errno);
    if (!S_ISREG(facts.st_mode))
        return fail_irregular(file->context, file->path, facts.st_mode);
    if (__builtin_add_overflow(facts.st_size, 0, &file->size))
        return fail(file->context, file->path, "examine", EOVERFLOW);
    return TP_OK;
}

tp_status tp_file_open(const struct tp_context *context, const char *path, struct tp_file *file) {
    /* O_NONBLOCK: a FIFO without a writer must not block before it is refused */
    const int descriptor = open_retrying(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (descriptor < 0)
        return fail(context, path, "open", errno);
    *file = (struct tp_file){context, path, descriptor, 0};
    const tp_status status = examine(file);
    if (status)
        tp_file_close(file);
    return status;
}

void tp_file_close(const struct tp_file *file) {
    close(file->descriptor); /* nothing was written, so nothing can be lost */
}

tp_status tp_file_read(const struct tp_file *file, size_t offset, void *buffer, size_t size, size_t *got) {
    *got = 0;
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

/* ---- replacing ---- */

/* What a replacement is about to write: name inside directory, with the permissions of the old file if there is one. */
struct target {
    const struct tp_context *context;
    const char *path; /* as given, for messages */
    char resolved[PATH_MAX];
    const char *name; /* last component of resolved */
    int directory;
    bool replaces;
    mode_t permissions;
};

/* Follows symbolic links, so that they stay what they are. */
static tp_status resolve(struct target *target) {
    struct stat facts;
    if (realpath(target->path, target->resolved)) {
        if (stat(target->resolved, &facts))
            return fail(target->context, target->path, "examine", errno);
        if (!S_ISREG(facts.st_mode))
            return fail_irregular(target->context, target->path, facts.st_mode);
        target->replaces = true;
        target->permissions = facts.st_mode & PERMISSIONS;
        return TP_OK;
    }
    if (errno != ENOENT)
        return fail(target->context, target->path, "write", errno);
    if (!lstat(target->path, &facts))
        return tp_fail(target->context, TP_ERR_IO, "%s: is a symbolic link to nothing", target->path);
    if (errno != ENOENT)
        return fail(target->context, target->path, "examine", errno);
    const int length = snprintf(target->resolved, sizeof target->resolved, "%s", target->path);
    return length < (int)sizeof target->resolved ? TP_OK : fail(target->context, target->path, "write", ENAMETOOLONG);
}

static tp_status open_directory(struct target *target) {
    char *slash = strrchr(target->resolved, '/');
    const char *directory = !slash ? "." : slash == target->resolved ? "/" : target->resolved;
    target->name = slash ? slash + 1 : target->resolved;
    if (slash)
        *slash = '\0';
    target->directory = open_retrying(directory, O_RDONLY | O_DIRECTORY);
    return target->directory >= 0 ? TP_OK : fail(target->context, target->path, "open its directory", errno);
}

/* open applies the umask, which mkstemp would not; O_EXCL makes the name ours whoever else writes here. */
static int create_temporary(int directory, char *name, size_t size) {
    for (int attempt = 0; attempt < 1000; attempt++) {
        snprintf(name, size, ".tileprop-%ld-%d.tmp", (long)getpid(), attempt);
        const int descriptor = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (descriptor >= 0 || (errno != EEXIST && errno != EINTR))
            return descriptor;
    }
    return -1;
}

static int write_all(int descriptor, const unsigned char *data, size_t size) {
    while (size) {
        const ssize_t n = write(descriptor, data, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            errno = n ? errno : ENOSPC;
            return -1;
        }
        data += n;
        size -= (size_t)n;
    }
    return 0;
}

/* Only EINTR may be tried again: after another error the kernel may have dropped the pages that it could not write. */
static int sync_file(int descriptor) {
    int result;
    do
        result = fsync(descriptor);
    while (result && errno == EINTR);
    return result;
}

static int keep_permissions(const struct target *target, int descriptor) {
    struct stat facts;
    if (!target->replaces)
        return 0;
    if (fstat(descriptor, &facts))
        return -1;
    return (facts.st_mode & PERMISSIONS) == target->permissions ? 0 : fchmod(descriptor, target->permissions);
}

/* Closes descriptor in any case. */
static tp_status fill_temporary(const struct target *target, int descriptor, const struct tp_span *head,
                                const struct tp_span *body) {
    const char *failed = NULL;
    if (write_all(descriptor, head->data, head->size) || write_all(descriptor, body->data, body->size))
        failed = "write";
    else if (keep_permissions(target, descriptor))
        failed = "set the permissions of";
    else if (sync_file(descriptor))
        failed = "sync";
    const int error = errno;
    if (close(descriptor) && errno != EINTR && !failed)
        return fail(target->context, target->path, "close", errno);
    return failed ? fail(target->context, target->path, failed, error) : TP_OK;
}

/* Some file systems cannot sync directories and say EINVAL; there is nothing more to do there. */
static tp_status sync_directory(const struct target *target) {
    if (!sync_file(target->directory) || errno == EINVAL)
        return TP_OK;
    return fail(target->context, target->path, "sync its directory (the new file is in place)", errno);
}

static tp_status replace(const struct target *target, const struct tp_span *head, const struct tp_span *body) {
    char temporary[64];
    const int descriptor = create_temporary(target->directory, temporary, sizeof temporary);
    if (descriptor < 0)
        return fail(target->context, target->path, "create a temporary file in its directory", errno);
    tp_status status = fill_temporary(target, descriptor, head, body);
    if (!status && renameat(target->directory, temporary, target->directory, target->name))
        status = fail(target->context, target->path, "rename the temporary file to it", errno);
    if (!status)
        return sync_directory(target);
    unlinkat(target->directory, temporary, 0);
    return status;
}

tp_status tp_file_replace(const struct tp_context *context, const char *path, const struct tp_span *head,
                          const struct tp_span *body) {
    struct target target = {.context = context, .path = path};
    tp_status status = resolve(&target);
    if (!status)
        status = open_directory(&target);
    if (status)
        return status;
    status = replace(&target, head, body);
    close(target.directory);
    return status;
}
