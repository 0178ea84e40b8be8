/* SPDX-License-Identifier: BSD-3-Clause */

#include "io/output.h"

#include "core/cancel.h"
#include "core/memory.h"
#include "io/file.h"
#include "io/place.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define PERMISSIONS 0777 /* the bits of a mode that a replaced file hands on */
#define PRIVATE 0600
#define ATTEMPTS 100                  /* to find a name that is free; of 2^64 */
#define WRITE_BEHIND ((off_t)8 << 20) /* bytes after which the disk begins to work */

enum stage {
    WRITING,   /* destroying the output removes the temporary file */
    BROKEN,    /* so it does after a failure, but nothing can be written any more */
    COMPLETE,  /* the temporary file has everything and must stay */
    COMMITTED, /* there is none any more */
};

struct tp_output {
    const struct tp_context *context;
    struct tp_place place;
    enum stage stage;
    int descriptor; /* of the temporary file */
    int mount;      /* of the old file, if that can only be written in place; or -1 */
    mode_t mode;    /* that the new file gets */
    off_t size;     /* of what has been written */
    char temporary[40];
    char path[]; /* as given, for messages */
};

static tp_status fail(const struct tp_output *output, const char *what, int error) {
    return tp_fail(output->context, TP_ERR_IO, "%s: cannot %s: %s", output->path, what, strerror(error));
}

/* ---- create ---- */

static tp_status find_place(struct tp_output *output) {
    const struct tp_problem found = tp_place_find(output->path, &output->place);
    if (!found.what)
        return TP_OK;
    output->place.directory = -1;
    return found.error ? fail(output, found.what, found.error)
                       : tp_fail(output->context, TP_ERR_IO, "%s: %s", output->path, found.what);
}

/* What can be known to forbid that the file is replaced. */
static tp_status check_place(const struct tp_output *output) {
    const struct tp_place *place = &output->place;
    if (!place->exists && place->linked)
        return tp_fail(output->context, TP_ERR_IO, "%s: is a symbolic link to nothing", output->path);
    if (place->exists && !S_ISREG(place->facts.stx_mode))
        return tp_fail_irregular(output->context, output->path, place->facts.stx_mode);
    if (place->exists && place->facts.stx_attributes & (STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND))
        return tp_fail(output->context, TP_ERR_IO, "%s: is immutable or can only be appended to (lsattr)",
                       output->path);
    return TP_OK;
}

static int open_in_place(const struct tp_output *output) {
    const struct tp_place *place = &output->place;
    return tp_open_at(place->directory, place->name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);
}

/* A file that is a mount point keeps its name whatever is renamed. */
static tp_status open_mount(struct tp_output *output) {
    if (!output->place.exists || !(output->place.facts.stx_attributes & STATX_ATTR_MOUNT_ROOT))
        return TP_OK;
    output->mount = open_in_place(output);
    return output->mount >= 0 ? TP_OK : fail(output, "write to the mount point", errno);
}

static int draw_name(char *name, size_t size) {
    uint64_t bits;
    ssize_t got;
    do
        got = getrandom(&bits, sizeof bits, 0);
    while (got < 0 && errno == EINTR);
    snprintf(name, size, ".tileprop-%016" PRIx64 ".tmp", bits);
    return got == (ssize_t)sizeof bits ? 0 : -1;
}

/* O_EXCL makes the name ours whoever else writes here. */
static tp_status create_temporary(struct tp_output *output, mode_t mode) {
    output->descriptor = -1;
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        if (draw_name(output->temporary, sizeof output->temporary))
            return fail(output, "draw a random name", errno);
        output->descriptor = tp_open_at(output->place.directory, output->temporary, O_RDWR | O_CREAT | O_EXCL, mode);
        if (output->descriptor >= 0)
            return TP_OK;
        if (errno != EEXIST)
            break;
    }
    return fail(output, "create a temporary file in its directory", errno);
}

/* The mode that the umask or the directory's access control list leaves to a new file: that of an empty one. The file
 * that is written is another, because somebody may open this one. */
static tp_status find_mode(struct tp_output *output) {
    struct stat facts;
    const tp_status status = create_temporary(output, 0666);
    if (status)
        return status;
    if (fstat(output->descriptor, &facts))
        return fail(output, "examine a temporary file", errno);
    output->mode = facts.st_mode & PERMISSIONS;
    if (unlinkat(output->place.directory, output->temporary, 0))
        return fail(output, "remove a temporary file from its directory", errno);
    close(output->descriptor);
    return TP_OK;
}

static tp_status take_owner(const struct tp_output *output) {
    const struct statx *old = &output->place.facts;
    struct stat now;
    if (!output->place.exists || output->mount >= 0)
        return TP_OK;
    if (fstat(output->descriptor, &now))
        return fail(output, "examine the temporary file", errno);
    if (old->stx_uid == now.st_uid && old->stx_gid == now.st_gid)
        return TP_OK;
    if (!fchown(output->descriptor, old->stx_uid, old->stx_gid))
        return TP_OK;
    return tp_fail(output->context, TP_ERR_IO,
                   "%s: belongs to user %u and group %u, to whom this process cannot give the new file: %s",
                   output->path, old->stx_uid, old->stx_gid, strerror(errno));
}

/* Until it is complete, it is nobody else's business. */
static tp_status create_private(struct tp_output *output) {
    const tp_status status = create_temporary(output, PRIVATE);
    return status ? status : take_owner(output);
}

static tp_status reserve(struct tp_output *output) {
    tp_status status = find_place(output);
    if (!status)
        status = check_place(output);
    if (!status)
        status = open_mount(output);
    output->mode = output->place.facts.stx_mode & PERMISSIONS;
    if (!status && !output->place.exists)
        status = find_mode(output);
    return status ? status : create_private(output);
}

tp_status tp_output_create(const tp_context *context, const char *path, tp_output **output) {
    if (!context)
        return TP_ERR_ARGUMENT;
    if (!path || !output)
        return tp_fail(context, TP_ERR_ARGUMENT, "tp_output_create: %s is NULL", path ? "output" : "path");
    const size_t length = strlen(path) + 1, size = sizeof **output + length;
    tp_output *made = tp_allocate(context, size);
    if (!made)
        return tp_fail_allocation(context, "tp_output_create", size);
    *made = (struct tp_output){.context = context, .descriptor = -1, .mount = -1};
    memcpy(made->path, path, length);
    const int cancel = tp_cancel_hold();
    const tp_status status = reserve(made);
    if (status)
        tp_output_destroy(made);
    else
        *output = made;
    tp_cancel_restore(cancel);
    return status;
}

static void close_if_open(int descriptor) {
    if (descriptor >= 0)
        close(descriptor); /* what matters was synced */
}

void tp_output_destroy(tp_output *output) {
    if (!output)
        return;
    const int cancel = tp_cancel_hold();
    if (output->descriptor >= 0 && output->stage <= BROKEN)
        unlinkat(output->place.directory, output->temporary, 0);
    close_if_open(output->descriptor);
    close_if_open(output->mount);
    close_if_open(output->place.directory);
    tp_release(output->context, output);
    tp_cancel_restore(cancel);
}

bool tp_output_is(const tp_output *output, const char *path) {
    struct tp_place place;
    if (!output || !path)
        return false;
    const int cancel = tp_cancel_hold();
    const bool found = !tp_place_find(path, &place).what;
    const bool same = found && tp_place_same(&output->place, &place);
    if (found)
        tp_place_leave(&place);
    tp_cancel_restore(cancel);
    return same;
}

bool tp_output_is_empty(const tp_output *output) {
    return !output->size;
}

/* ---- write ---- */

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

static tp_status check_stage(const struct tp_output *output, const char *function) {
    static const char *const reasons[] = {
        [BROKEN] = "has failed before", [COMPLETE] = "has failed before", [COMMITTED] = "has been committed"};
    if (output->stage == WRITING)
        return TP_OK;
    return tp_fail(output->context, TP_ERR_ARGUMENT, "%s: %s: %s; it can only be destroyed", function, output->path,
                   reasons[output->stage]);
}

/* Asks the kernel to write what it has, so that less is left for the sync at the end. It need not. */
static void write_behind(const struct tp_output *output, size_t size) {
    if (output->size / WRITE_BEHIND != (output->size - (off_t)size) / WRITE_BEHIND)
        sync_file_range(output->descriptor, 0, 0, SYNC_FILE_RANGE_WRITE);
}

tp_status tp_output_write(tp_output *output, const void *data, size_t size) {
    if (!output)
        return TP_ERR_ARGUMENT;
    if (!data && size)
        return tp_fail(output->context, TP_ERR_ARGUMENT, "tp_output_write: data is NULL");
    const tp_status status = check_stage(output, "tp_output_write");
    if (status)
        return status;
    output->size += (off_t)size;
    const int cancel = tp_cancel_hold();
    const int error = write_all(output->descriptor, data, size) ? errno : 0;
    if (!error)
        write_behind(output, size);
    tp_cancel_restore(cancel);
    if (!error)
        return TP_OK;
    output->stage = BROKEN;
    return fail(output, "write", error);
}

/* ---- commit ---- */

/* Where the directory is now, whatever it was called before. */
static const char *directory_path(const struct tp_output *output, char text[PATH_MAX]) {
    char link[40];
    snprintf(link, sizeof link, "/proc/self/fd/%d", output->place.directory);
    const ssize_t length = readlink(link, text, PATH_MAX - 1);
    text[length < 0 ? 0 : length] = '\0';
    return length < 0 ? "(its directory)" : text;
}

/* The work is done and must not be lost. */
static tp_status fail_complete(const struct tp_output *output, const char *what, int error) {
    char directory[PATH_MAX];
    assert(output->stage == COMPLETE);
    return tp_fail(output->context, TP_ERR_IO, "%s: cannot %s: %s; what was to be saved is in %s/%s", output->path,
                   what, strerror(error), directory_path(output, directory), output->temporary);
}

static int copy_contents(int from, int to, off_t size) {
    unsigned char piece[8192];
    for (off_t at = 0; at < size;) {
        const ssize_t n = pread(from, piece, sizeof piece, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            errno = n ? errno : EIO; /* somebody made it shorter */
            return -1;
        }
        if (write_all(to, piece, (size_t)n))
            return -1;
        at += n;
    }
    return ftruncate(to, size);
}

static tp_status write_in_place(struct tp_output *output) {
    assert(output->mount >= 0 && output->stage == COMPLETE);
    if (copy_contents(output->descriptor, output->mount, output->size) || sync_file(output->mount))
        return fail_complete(output, "write to the mount point", errno);
    unlinkat(output->place.directory, output->temporary, 0);
    output->stage = COMMITTED;
    tp_note(output->context, "%s: is a mount point and was written in place", output->path);
    return TP_OK;
}

/* Some file systems cannot sync directories and say EINVAL; there is nothing more to do there. */
static tp_status sync_directory(const struct tp_output *output) {
    if (!output->place.syncable || !sync_file(output->place.directory) || errno == EINVAL)
        return TP_OK;
    return fail(output, "sync its directory (the new file is in place)", errno);
}

static void note_if_moved(const struct tp_output *output) {
    char directory[PATH_MAX];
    if (!tp_output_is(output, output->path))
        tp_note(output->context, "%s: its directory seems to have been moved; the new file is %s/%s", output->path,
                directory_path(output, directory), output->place.name);
}

static tp_status replace(struct tp_output *output) {
    const int directory = output->place.directory;
    if (fchmod(output->descriptor, output->mode) || sync_file(output->descriptor))
        return fail_complete(output, "set the permissions of the temporary file", errno);
    if (renameat(directory, output->temporary, directory, output->place.name)) {
        const int error = errno;
        output->mount = error == EBUSY || error == EXDEV ? open_in_place(output) : -1;
        return output->mount >= 0 ? write_in_place(output)
                                  : fail_complete(output, "rename the temporary file to it", error);
    }
    output->stage = COMMITTED;
    note_if_moved(output);
    return sync_directory(output);
}

static bool was_removed(const struct tp_output *output) {
    struct stat facts;
    return !fstat(output->descriptor, &facts) && !facts.st_nlink;
}

/* Somebody took it for left over; without a name it still has what was written. */
static tp_status restore_temporary(struct tp_output *output) {
    const int removed = output->descriptor;
    unlinkat(output->place.directory, output->temporary, 0); /* in case that links are not counted here */
    tp_status status = create_private(output);
    if (!status && copy_contents(removed, output->descriptor, output->size))
        status = fail(output, "write", errno);
    close(removed);
    return status;
}

static tp_status commit(tp_output *output) {
    tp_status status = TP_OK;
    output->stage = BROKEN;
    if (was_removed(output))
        status = restore_temporary(output);
    if (status)
        return status;
    if (sync_file(output->descriptor))
        return fail(output, "sync", errno);
    output->stage = COMPLETE;
    return output->mount >= 0 ? write_in_place(output) : replace(output);
}

tp_status tp_output_commit(tp_output *output) {
    if (!output)
        return TP_ERR_ARGUMENT;
    tp_status status = check_stage(output, "tp_output_commit");
    if (status)
        return status;
    const int cancel = tp_cancel_hold();
    status = commit(output);
    tp_cancel_restore(cancel);
    return status;
}
