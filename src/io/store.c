/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/store.h"

#include "core/memory.h"
#include "core/size.h"
#include "core/system.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* ---- how much memory ---- */

/* The file's number; SIZE_MAX if there is none, as for "max". */
static size_t read_limit(const char *path) {
    char text[32], *end;
    if (!tp_system_text(path, text, sizeof text))
        return SIZE_MAX;
    errno = 0;
    const unsigned long long limit = strtoull(text, &end, 10);
    return end == text || errno ? SIZE_MAX : (size_t)limit;
}

/* RLIM_INFINITY is the largest number. */
static size_t data_limit(void) {
    struct rlimit limit;
    return getrlimit(RLIMIT_DATA, &limit) ? SIZE_MAX : (size_t)limit.rlim_cur;
}

/* Half of the machine's memory, or of that of the control group which a container sees as the highest, or of what the
 * process may have. */
static size_t default_memory(void) {
    const long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    const size_t machine = pages > 0 && page > 0 ? tp_size_mul((size_t)pages, (size_t)page) : SIZE_MAX;
    const size_t group =
        tp_min(read_limit("/sys/fs/cgroup/memory.max"), read_limit("/sys/fs/cgroup/memory/memory.limit_in_bytes"));
    return tp_min(tp_min(machine, group), data_limit()) / 2;
}

/* ---- maps ---- */

static void unmap(void *map, size_t size) {
    munmap(map, size);
}

static tp_status own_map(struct tp_table *table, void *map, size_t size) {
    const tp_status status = tp_table_own(table, unmap, map, size);
    if (status)
        unmap(map, size);
    return status;
}

tp_status tp_store_map(struct tp_table *table, const struct tp_file *file, size_t offset, size_t size,
                       const void **block) {
    const size_t before = offset % (size_t)sysconf(_SC_PAGESIZE), whole = before + size;
    unsigned char *map = mmap(NULL, whole, PROT_READ, MAP_SHARED, file->descriptor, (off_t)(offset - before));
    *block = NULL;
    if (map == MAP_FAILED)
        return TP_OK;
    const tp_status status = own_map(table, map, whole);
    if (!status)
        *block = map + before;
    return status;
}

/* ---- temporary files ---- */

static int open_unlinked(const char *directory) {
    char path[PATH_MAX];
    const int descriptor = tp_open_at(AT_FDCWD, directory, O_TMPFILE | O_RDWR | O_EXCL, 0600);
    if (descriptor >= 0 || (size_t)snprintf(path, sizeof path, "%s/tileprop-XXXXXX", directory) >= sizeof path)
        return descriptor;
    const int named = mkostemp(path, O_CLOEXEC); /* file systems without O_TMPFILE */
    if (named >= 0)
        unlink(path);
    return named;
}

static tp_status fail_temporary(const struct tp_table *table, const char *directory, size_t size, int error) {
    return tp_fail(table->context, TP_ERR_IO, "%s: its %zu bytes of numbers need a temporary file in %s: %s",
                   table->path, size, directory, strerror(error));
}

static tp_status map_temporary(struct tp_table *table, const char *directory, int descriptor, size_t size,
                               void **block) {
    int error;
    do
        error = posix_fallocate(descriptor, 0, (off_t)size);
    while (error == EINTR);
    if (error)
        return fail_temporary(table, directory, size, error);
    void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (map == MAP_FAILED)
        return fail_temporary(table, directory, size, errno);
    *block = map;
    return own_map(table, map, size);
}

static const char *temporary_directory(void) {
    const char *chosen = secure_getenv("TMPDIR");
    return chosen && *chosen ? chosen : "/tmp";
}

/* SIZE_MAX if the file system does not tell. */
static size_t temporary_room(void) {
    struct statvfs facts;
    const bool told = !statvfs(temporary_directory(), &facts) && facts.f_blocks;
    return told ? tp_size_mul(facts.f_bavail, facts.f_frsize) : SIZE_MAX;
}

static tp_status allocate_temporary(struct tp_table *table, size_t size, void **block) {
    const char *directory = temporary_directory();
    const int descriptor = open_unlinked(directory);
    if (descriptor < 0)
        return fail_temporary(table, directory, size, errno);
    const tp_status status = map_temporary(table, directory, descriptor, size, block);
    close(descriptor);
    return status;
}

static size_t memory_limit(const struct tp_read_options *options) {
    return options->memory ? options->memory : default_memory();
}

size_t tp_store_limit(const struct tp_read_options *options) {
    return tp_max(memory_limit(options), temporary_room());
}

tp_status tp_store_allocate(struct tp_table *table, const struct tp_read_options *options, size_t size, void **block) {
    if (size > memory_limit(options) && size <= PTRDIFF_MAX)
        return allocate_temporary(table, size, block);
    *block = tp_table_allocate(table, size);
    return *block ? TP_OK : tp_fail_allocation(table->context, table->path, size);
}
