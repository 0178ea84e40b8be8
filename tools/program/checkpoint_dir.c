/* SPDX-License-Identifier: BSD-3-Clause */
#include "checkpoint_dir.h"
#include "report.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#define NAME "step-%012" PRIu64 ".safetensors"
#define NAME_SIZE 48
#define LOCK_ATTEMPTS 40
#define LOCK_PAUSE 50000000 /* nanoseconds */

static int fail(const struct checkpoint_dir *directory, const char *what, int error) {
    complain("%s: cannot %s: %s", directory->path, what, strerror(error));
    return EXIT_FAILURE;
}

/* ---- names ---- */

/* False if the name is not that of a checkpoint. */
static bool parse_name(const char *name, uint64_t *step) {
    static const char begin[] = "step-";
    char same[NAME_SIZE];
    if (strncmp(name, begin, strlen(begin)) != 0)
        return false;
    *step = strtoull(name + strlen(begin), NULL, 10);
    snprintf(same, sizeof same, NAME, *step);
    return !strcmp(name, same);
}

char *checkpoint_dir_file(const struct checkpoint_dir *directory, uint64_t step) {
    char *path = NULL;
    return asprintf(&path, "%s/" NAME, directory->path, step) < 0 ? NULL : path;
}

/* ".tileprop-0123456789abcdef.tmp": what the library writes until it is complete. */
static bool is_temporary(const char *name) {
    static const char begin[] = ".tileprop-", end[] = ".tmp";
    const size_t digits = strspn(name + strnlen(name, strlen(begin)), "0123456789abcdef");
    return !strncmp(name, begin, strlen(begin)) && digits == 16 && !strcmp(name + strlen(begin) + digits, end);
}

/* ---- entries ---- */

/* What is done with the name of an entry; false: no more. */
typedef bool entry_fn(const struct checkpoint_dir *directory, const char *name, void *user);

/* Returns an errno. */
static int each_entry(const struct checkpoint_dir *directory, entry_fn *visit, void *user) {
    const int descriptor = openat(directory->descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *const stream = descriptor < 0 ? NULL : fdopendir(descriptor);
    int error = errno;
    if (!stream) {
        if (descriptor >= 0)
            close(descriptor);
        return error;
    }
    const struct dirent *entry;
    errno = 0;
    while ((entry = readdir(stream)) && visit(directory, entry->d_name, user))
        errno = 0;
    error = errno;
    closedir(stream);
    return error;
}

static bool add(const struct checkpoint_dir *directory, const char *name, void *user) {
    struct checkpoint_list *list = user;
    uint64_t step;
    (void)directory;
    if (!parse_name(name, &step))
        return true;
    uint64_t *const larger = reallocarray(list->step, list->count + 1, sizeof *larger);
    if (!larger)
        return false;
    list->step = larger;
    larger[list->count++] = step;
    return true;
}

static int newest_first(const void *a, const void *b) {
    const uint64_t first = *(const uint64_t *)a, second = *(const uint64_t *)b;
    return (first < second) - (first > second);
}

/* Returns an errno. */
static int list_steps(const struct checkpoint_dir *directory, struct checkpoint_list *list) {
    *list = (struct checkpoint_list){0};
    const int error = each_entry(directory, add, list);
    if (list->count)
        qsort(list->step, list->count, sizeof *list->step, newest_first);
    return error;
}

int checkpoint_dir_list(const struct checkpoint_dir *directory, struct checkpoint_list *list) {
    const int error = list_steps(directory, list);
    return error ? fail(directory, "list its files", error) : EXIT_SUCCESS;
}

static bool remove_temporary(const struct checkpoint_dir *directory, const char *name, void *user) {
    (void)user;
    if (is_temporary(name))
        unlinkat(directory->descriptor, name, 0);
    return true;
}

/* ---- open ---- */

/* So that a power cut leaves the directory with its checkpoints. */
static void sync_parent(const struct checkpoint_dir *directory) {
    const int parent = openat(directory->descriptor, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (parent >= 0) {
        fsync(parent);
        close(parent);
    }
}

static int make(struct checkpoint_dir *directory) {
    const bool made = !mkdir(directory->path, 0777);
    if (!made && errno != EEXIST)
        return fail(directory, "make the directory", errno);
    directory->descriptor = open(directory->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory->descriptor < 0)
        return fail(directory, "open the directory", errno);
    if (made)
        sync_parent(directory);
    return EXIT_SUCCESS;
}

/* A process that was killed has its lock until it is gone. */
static bool lock(int descriptor) {
    int failed;
    for (int i = 0; (failed = flock(descriptor, LOCK_EX | LOCK_NB)) && errno == EWOULDBLOCK && i < LOCK_ATTEMPTS; i++)
        nanosleep(&(struct timespec){.tv_nsec = LOCK_PAUSE}, NULL);
    return !failed;
}

int checkpoint_dir_open(struct checkpoint_dir *directory, const char *path) {
    *directory = (struct checkpoint_dir){.path = path, .descriptor = -1};
    const int code = make(directory);
    if (code)
        return code;
    directory->locked = lock(directory->descriptor);
    if (directory->locked)
        each_entry(directory, remove_temporary, NULL);
    else if (errno == EWOULDBLOCK) {
        complain("%s: another run keeps its checkpoints there at the moment", path);
        return EX_TEMPFAIL;
    }
    return EXIT_SUCCESS;
}

void checkpoint_dir_close(struct checkpoint_dir *directory) {
    if (directory->path && directory->descriptor >= 0)
        close(directory->descriptor);
    *directory = (struct checkpoint_dir){.descriptor = -1};
}

/* ---- after a checkpoint ---- */

static void remove_step(const struct checkpoint_dir *directory, uint64_t step) {
    char name[NAME_SIZE];
    snprintf(name, sizeof name, NAME, step);
    unlinkat(directory->descriptor, name, 0);
}

void checkpoint_dir_failed(const struct checkpoint_dir *directory) {
    if (directory->locked)
        each_entry(directory, remove_temporary, NULL);
}

void checkpoint_dir_prune(const struct checkpoint_dir *directory, uint64_t keep) {
    struct checkpoint_list list;
    const bool listed = !list_steps(directory, &list);
    uint64_t kept = 0;
    for (size_t i = 0; listed && i < list.count; i++)
        if (list.step[i] <= directory->newest && kept++ >= keep)
            remove_step(directory, list.step[i]);
    free(list.step);
}

/* Those after the newest, which nobody could read. */
static void remove_unreadable(const struct checkpoint_dir *directory, uint64_t written) {
    struct checkpoint_list list;
    const bool listed = !list_steps(directory, &list);
    for (size_t i = 0; listed && i < list.count; i++)
        if (list.step[i] > directory->newest && list.step[i] != written)
            remove_step(directory, list.step[i]);
    free(list.step);
}

void checkpoint_dir_written(struct checkpoint_dir *directory, uint64_t step, uint64_t keep) {
    remove_unreadable(directory, step);
    directory->newest = step;
    checkpoint_dir_prune(directory, keep);
}
