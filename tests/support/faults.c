/* SPDX-License-Identifier: BSD-3-Clause */

#include "faults.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

struct test_faults test_faults = {.at = TEST_NEVER, .refuse = TEST_NEVER};

void test_faults_reset(void) {
    test_faults = (struct test_faults){.at = TEST_NEVER, .refuse = TEST_NEVER, .live = test_faults.live};
}

const char *test_call_name(enum test_call call) {
    static const char *const names[TEST_CALL_COUNT] = {
        "stat",   "statx",  "openat",    "fstat", "pread",    "readlinkat", "getrandom", "write",
        "fchown", "fchmod", "ftruncate", "fsync", "renameat", "close",      "readlink",  "unlinkat"};
    return names[call];
}

/* ---- files ---- */

/* True if this call shall not do its work; error tells what instead. */
static bool fails(enum test_call call) {
    struct test_faults *f = &test_faults;
    if (!f->armed)
        return false;
    cr_assert_lt(f->count, TEST_MAX_TRACE);
    f->trace[f->count] = call;
    const bool chosen = f->count++ == f->at;
    if (chosen && f->error > 0)
        errno = f->error;
    if (!chosen && call == TEST_UNLINKAT && f->unlink_error)
        errno = f->unlink_error;
    return chosen || (call == TEST_UNLINKAT && f->unlink_error);
}

static void tell(bool worked, struct test_event event) {
    if (worked && test_faults.armed && test_faults.observe)
        test_faults.observe(&event);
}

static size_t partial(size_t size) {
    return test_faults.error == TEST_SHORT ? (size + 1) / 2 : 0;
}

/* The names that the linker makes of --wrap. */
int __real_stat(const char *path, struct stat *facts);
int __wrap_stat(const char *path, struct stat *facts);
int __real_openat(int directory, const char *path, int flags, ...);
int __wrap_openat(int directory, const char *path, int flags, ...);
int __real_fstat(int descriptor, struct stat *facts);
int __wrap_fstat(int descriptor, struct stat *facts);
ssize_t __real_pread(int descriptor, void *buffer, size_t size, off_t offset);
ssize_t __wrap_pread(int descriptor, void *buffer, size_t size, off_t offset);
ssize_t __real_write(int descriptor, const void *buffer, size_t size);
ssize_t __wrap_write(int descriptor, const void *buffer, size_t size);
int __real_fchmod(int descriptor, mode_t mode);
int __wrap_fchmod(int descriptor, mode_t mode);
int __wrap_fsync(int descriptor);
int __real_renameat(int from_directory, const char *from, int to_directory, const char *to);
int __wrap_renameat(int from_directory, const char *from, int to_directory, const char *to);
int __real_close(int descriptor);
int __wrap_close(int descriptor);
int __real_unlinkat(int directory, const char *path, int flags);
int __wrap_unlinkat(int directory, const char *path, int flags);
int __real_statx(int directory, const char *path, int flags, unsigned mask, struct statx *facts);
int __wrap_statx(int directory, const char *path, int flags, unsigned mask, struct statx *facts);
ssize_t __real_readlinkat(int directory, const char *path, char *text, size_t size);
ssize_t __wrap_readlinkat(int directory, const char *path, char *text, size_t size);
ssize_t __real_readlink(const char *path, char *text, size_t size);
ssize_t __wrap_readlink(const char *path, char *text, size_t size);
ssize_t __real_getrandom(void *buffer, size_t size, unsigned flags);
ssize_t __wrap_getrandom(void *buffer, size_t size, unsigned flags);
int __real_fchown(int descriptor, uid_t user, gid_t group);
int __wrap_fchown(int descriptor, uid_t user, gid_t group);
int __real_ftruncate(int descriptor, off_t size);
int __wrap_ftruncate(int descriptor, off_t size);

int __wrap_stat(const char *path, struct stat *facts) {
    return fails(TEST_STAT) ? -1 : __real_stat(path, facts);
}

static int mode_of(int flags, va_list arguments) {
    return flags & O_CREAT ? va_arg(arguments, int) : 0;
}

int __wrap_openat(int directory, const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    const int mode = mode_of(flags, arguments);
    va_end(arguments);
    const int descriptor = fails(TEST_OPENAT) ? -1 : __real_openat(directory, path, flags, mode);
    struct stat facts;
    if (descriptor >= 0 && flags & O_CREAT && !__real_fstat(descriptor, &facts))
        test_faults.created = facts.st_mode & 0777;
    tell(descriptor >= 0 && flags & O_CREAT, (struct test_event){TEST_OPENAT, descriptor, path});
    return descriptor;
}

int __wrap_fstat(int descriptor, struct stat *facts) {
    return fails(TEST_FSTAT) ? -1 : __real_fstat(descriptor, facts);
}

ssize_t __wrap_pread(int descriptor, void *buffer, size_t size, off_t offset) {
    if (!fails(TEST_PREAD))
        return __real_pread(descriptor, buffer, size, offset);
    return test_faults.error > 0 ? -1 : __real_pread(descriptor, buffer, partial(size), offset);
}

ssize_t __wrap_write(int descriptor, const void *buffer, size_t size) {
    ssize_t written = -1;
    if (!fails(TEST_WRITE))
        written = __real_write(descriptor, buffer, size);
    else if (test_faults.error <= 0)
        written = __real_write(descriptor, buffer, partial(size));
    tell(written > 0, (struct test_event){TEST_WRITE, descriptor, .bytes = buffer, .size = (size_t)written});
    return written;
}

int __wrap_fchmod(int descriptor, mode_t mode) {
    return fails(TEST_FCHMOD) ? -1 : __real_fchmod(descriptor, mode);
}

/* Nobody pulls the plug, and disks are slow. */
int __wrap_fsync(int descriptor) {
    const int result = fails(TEST_FSYNC) ? -1 : 0;
    tell(!result, (struct test_event){TEST_FSYNC, descriptor});
    return result;
}

int __wrap_renameat(int from_directory, const char *from, int to_directory, const char *to) {
    const int result = fails(TEST_RENAMEAT) ? -1 : __real_renameat(from_directory, from, to_directory, to);
    tell(!result, (struct test_event){TEST_RENAMEAT, to_directory, from, to});
    return result;
}

/* As with Linux, the descriptor is closed whatever close says. */
int __wrap_close(int descriptor) {
    const int result = __real_close(descriptor);
    return fails(TEST_CLOSE) ? -1 : result;
}

int __wrap_unlinkat(int directory, const char *path, int flags) {
    const int result = fails(TEST_UNLINKAT) ? -1 : __real_unlinkat(directory, path, flags);
    tell(!result, (struct test_event){TEST_UNLINKAT, directory, path});
    return result;
}

int __wrap_statx(int directory, const char *path, int flags, unsigned mask, struct statx *facts) {
    return fails(TEST_STATX) ? -1 : __real_statx(directory, path, flags, mask, facts);
}

ssize_t __wrap_readlinkat(int directory, const char *path, char *text, size_t size) {
    return fails(TEST_READLINKAT) ? -1 : __real_readlinkat(directory, path, text, size);
}

ssize_t __wrap_readlink(const char *path, char *text, size_t size) {
    return fails(TEST_READLINK) ? -1 : __real_readlink(path, text, size);
}

ssize_t __wrap_getrandom(void *buffer, size_t size, unsigned flags) {
    return fails(TEST_GETRANDOM) ? -1 : __real_getrandom(buffer, size, flags);
}

int __wrap_fchown(int descriptor, uid_t user, gid_t group) {
    return fails(TEST_FCHOWN) ? -1 : __real_fchown(descriptor, user, group);
}

int __wrap_ftruncate(int descriptor, off_t size) {
    return fails(TEST_FTRUNCATE) ? -1 : __real_ftruncate(descriptor, size);
}

/* ---- memory ---- */

static bool refuses(void) {
    struct test_faults *f = &test_faults;
    if (!f->armed)
        return false;
    const size_t number = f->allocations++;
    const bool refused = number == f->refuse || (f->refuse_rest && number > f->refuse);
    f->refused += refused;
    if (refused)
        errno = ENOMEM;
    return refused;
}

static void *count(void *block) {
    test_faults.live += block != NULL;
    return block;
}

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t number, size_t size);
void *__wrap_calloc(size_t number, size_t size);
void *__real_realloc(void *block, size_t size);
void *__wrap_realloc(void *block, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
void __real_free(void *block);
void __wrap_free(void *block);

void *__wrap_malloc(size_t size) {
    return refuses() ? NULL : count(__real_malloc(size));
}

void *__wrap_calloc(size_t number, size_t size) {
    return refuses() ? NULL : count(__real_calloc(number, size));
}

void *__wrap_realloc(void *block, size_t size) {
    if (refuses())
        return NULL;
    void *moved = __real_realloc(block, size);
    return block ? moved : count(moved);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size) {
    return refuses() ? NULL : count(__real_aligned_alloc(alignment, size));
}

void __wrap_free(void *block) {
    test_faults.live -= block != NULL;
    __real_free(block);
}

__attribute__((constructor)) static void use_for_jansson(void) {
    json_set_alloc_funcs(malloc, free);
}
