/* SPDX-License-Identifier: BSD-3-Clause */
/* NPZ: a zip archive with one NPY file for each array. */
#include "io/format.h"

#include <string.h>

static bool recognises(const struct tp_file_head *head) {
    return !head->gzip && head->size >= 4 && !memcmp(head->bytes, "PK\3\4", 4);
}

#ifdef TP_HAVE_LIBZIP

#include "core/memory.h"
#include "core/size.h"
#include "io/array_names.h"
#include "io/text_array.h"

#include <errno.h>
#include <stdio.h>
#include <zip.h>

#define MAX_NAME 256
#define DEFLATE_MAX_RATIO 1032

/* ---- the archive, which libzip reads through io/file.c ---- */

struct archive {
    struct tp_table *table;
    struct tp_file file;
    size_t offset;    /* of the next byte that libzip reads */
    size_t last_read; /* where it has read last */
    tp_status status; /* of reading the file */
    zip_error_t error;
    zip_t *zip;
};

static zip_int64_t read_bytes(struct archive *archive, void *data, zip_uint64_t size) {
    size_t got;
    archive->last_read = archive->offset;
    archive->status = tp_file_read(&archive->file, archive->offset, data, size, &got);
    archive->offset += got;
    if (archive->status)
        zip_error_set(&archive->error, ZIP_ER_READ, EIO);
    return archive->status ? -1 : (zip_int64_t)got;
}

static zip_int64_t seek(struct archive *archive, void *data, zip_uint64_t size) {
    const zip_int64_t offset =
        zip_source_seek_compute_offset(archive->offset, archive->file.size, data, size, &archive->error);
    if (offset < 0)
        return -1;
    archive->offset = (size_t)offset;
    return 0;
}

static zip_int64_t tell_size(const struct archive *archive, zip_stat_t *facts) {
    zip_stat_init(facts);
    facts->size = archive->file.size;
    facts->valid = ZIP_STAT_SIZE;
    return sizeof *facts;
}

static zip_int64_t serve(void *user, void *data, zip_uint64_t size, zip_source_cmd_t command) {
    struct archive *archive = user;
    switch ((int)command) {
    case ZIP_SOURCE_OPEN:
        archive->offset = 0;
        return 0;
    case ZIP_SOURCE_READ:
        return read_bytes(archive, data, size);
    case ZIP_SOURCE_SEEK:
        return seek(archive, data, size);
    case ZIP_SOURCE_TELL:
        return (zip_int64_t)archive->offset;
    case ZIP_SOURCE_STAT:
        return tell_size(archive, data);
    case ZIP_SOURCE_ERROR:
        return zip_error_to_data(&archive->error, data, size);
    case ZIP_SOURCE_SUPPORTS:
        return ZIP_SOURCE_SUPPORTS_SEEKABLE;
    default:
        return 0; /* to close and to free is the caller's */
    }
}

static tp_status fail_zip(const struct archive *archive, zip_error_t *error) {
    if (archive->status)
        return archive->status;
    const int code = zip_error_code_zip(error);
    return tp_fail(archive->table->context, code == ZIP_ER_MEMORY ? TP_ERR_MEMORY : TP_ERR_FORMAT,
                   "%s: not a zip archive that can be read: %s", archive->table->path, zip_error_strerror(error));
}

static tp_status open_zip(struct archive *archive) {
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t *source = zip_source_function_create(serve, archive, &error);
    archive->zip = source ? zip_open_from_source(source, ZIP_RDONLY, &error) : NULL;
    const tp_status status = archive->zip ? TP_OK : fail_zip(archive, &error);
    if (!archive->zip && source)
        zip_source_free(source);
    zip_error_fini(&error);
    return status;
}

static tp_status open_archive(const char *path, struct tp_table *table, struct archive *archive) {
    *archive = (struct archive){.table = table};
    zip_error_init(&archive->error);
    tp_status status = tp_file_open(table->context, path, &archive->file);
    if (status)
        return status;
    status = open_zip(archive);
    if (status)
        tp_file_close(&archive->file);
    return status;
}

static void close_archive(struct archive *archive) {
    zip_discard(archive->zip);
    zip_error_fini(&archive->error);
    tp_file_close(&archive->file);
}

/* ---- its members ---- */

static zip_int64_t locate(const struct archive *archive, const char *name) {
    char member[MAX_NAME];
    if ((size_t)snprintf(member, sizeof member, "%s.npy", name) >= sizeof member)
        return -1;
    const zip_int64_t found = zip_name_locate(archive->zip, member, 0);
    return found < 0 ? zip_name_locate(archive->zip, name, 0) : found;
}

static bool has(void *user, const char *name) {
    return locate(user, name) >= 0;
}

static void list(void *user, char *text, size_t size) {
    const struct archive *archive = user;
    const zip_int64_t count = zip_get_num_entries(archive->zip, 0);
    for (zip_int64_t i = 0; i < count; i++) {
        const char *name = zip_get_name(archive->zip, (zip_uint64_t)i, 0);
        const size_t length = name ? strlen(name) : 0;
        if (name)
            tp_array_names_list(text, size, name,
                                length > 4 && !strcmp(name + length - 4, ".npy") ? length - 4 : length);
    }
}

struct member {
    struct archive *archive;
    zip_file_t *file;
    struct tp_source source;
    char label[TP_MESSAGE_SIZE / 2];
};

/* Members that are not compressed are read from where they lie in the archive, which so becomes known. */
static tp_status read_member(void *user, void *buffer, size_t size, size_t *got) {
    struct member *member = user;
    *got = 0;
    while (*got < size) {
        const zip_int64_t count = zip_fread(member->file, (unsigned char *)buffer + *got, size - *got);
        if (count < 0)
            return fail_zip(member->archive, zip_file_get_error(member->file));
        if (!count)
            break;
        if (!member->source.taken && !*got)
            member->source.begin = member->archive->last_read;
        *got += (size_t)count;
    }
    return TP_OK;
}

/* NumPy stores or deflates; of the other methods none bounds what few bytes may become. */
static tp_status check_member(const struct member *member, const zip_stat_t *facts) {
    const struct archive *archive = member->archive;
    if (facts->encryption_method != ZIP_EM_NONE ||
        (facts->comp_method != ZIP_CM_STORE && facts->comp_method != ZIP_CM_DEFLATE))
        return tp_fail(archive->table->context, TP_ERR_UNSUPPORTED,
                       "%s: compressed or encrypted otherwise than NumPy does, which stores or deflates",
                       member->label);
    const size_t ratio = facts->comp_method == ZIP_CM_STORE ? 1 : DEFLATE_MAX_RATIO;
    if (facts->size > tp_size_mul(archive->file.size, ratio))
        return tp_fail(archive->table->context, TP_ERR_FORMAT, "%s: its %zu bytes cannot come from a file of %zu",
                       member->label, (size_t)facts->size, archive->file.size);
    return TP_OK;
}

static tp_status open_member(struct archive *archive, const char *name, struct member *member) {
    zip_stat_t facts;
    const zip_int64_t index = locate(archive, name);
    *member = (struct member){.archive = archive};
    snprintf(member->label, sizeof member->label, "%s: array %s", archive->table->path, name);
    if (zip_stat_index(archive->zip, (zip_uint64_t)index, 0, &facts))
        return fail_zip(archive, zip_get_error(archive->zip));
    const tp_status status = check_member(member, &facts);
    if (status)
        return status;
    member->file = zip_fopen_index(archive->zip, (zip_uint64_t)index, 0);
    if (!member->file)
        return fail_zip(archive, zip_get_error(archive->zip));
    member->source = (struct tp_source){.context = archive->table->context,
                                        .label = member->label,
                                        .read = read_member,
                                        .user = member,
                                        .file = facts.comp_method == ZIP_CM_STORE ? &archive->file : NULL,
                                        .limit = facts.size};
    return TP_OK;
}

/* ---- arrays ---- */

static tp_status append(struct archive *archive, const char *name, const struct tp_read_options *options,
                        size_t *rank) {
    struct member member;
    struct tp_npy npy;
    tp_status status = open_member(archive, name, &member);
    if (status)
        return status;
    status = tp_npy_append(&member.source, options, archive->table, &npy);
    *rank = npy.array.rank;
    zip_fclose(member.file);
    return status;
}

/* A text for each column but the others. */
static tp_status read_texts(struct member *member, size_t count, const char ***texts) {
    struct tp_npy npy;
    struct tp_table *table = member->archive->table;
    const tp_status status = tp_npy_read_header(&member->source, &npy);
    if (status)
        return status;
    if (npy.array.element || npy.array.rank != 1 || npy.array.dims[0] != count)
        return tp_fail(table->context, TP_ERR_FORMAT, "%s: it must be one text for each of the %zu columns",
                       member->label, count);
    return tp_text_array_list(&member->source, &npy, table, texts);
}

/* *texts stays NULL if there is no such array. */
static tp_status find_texts(struct archive *archive, const char *name, size_t count, const char ***texts) {
    struct member member;
    *texts = NULL;
    if (!has(archive, name))
        return TP_OK;
    tp_status status = open_member(archive, name, &member);
    if (status)
        return status;
    status = read_texts(&member, count, texts);
    zip_fclose(member.file);
    return status;
}

static tp_status label_columns(struct archive *archive, size_t inputs) {
    struct tp_table *table = archive->table;
    const size_t count = table->count - table->others;
    const char **names, **one_hot = NULL;
    tp_status status = find_texts(archive, TP_ARRAY_COLUMN_NAMES, count, &names);
    if (!status)
        status = find_texts(archive, TP_ARRAY_ONE_HOT, count, &one_hot);
    for (size_t i = 0; !status && i < count; i++) {
        table->fields[i].name = names ? names[i] : NULL;
        table->fields[i].one_hot = one_hot && i < inputs && *one_hot[i];
    }
    return status;
}

static tp_status append_other(struct archive *archive, const char *name, const struct tp_read_options *options) {
    struct tp_table *table = archive->table;
    const size_t before = table->count;
    size_t rank = 0;
    const tp_status status = append(archive, name, options, &rank);
    if (status)
        return status;
    if (rank != 1)
        return tp_fail(table->context, TP_ERR_FORMAT, "%s: array %s: it must be one value for each row", table->path,
                       name);
    char *copy = tp_table_allocate(table, strlen(name) + 1);
    if (!copy)
        return tp_fail_allocation(table->context, table->path, strlen(name) + 1);
    table->fields[before].name = strcpy(copy, name);
    table->others++;
    return TP_OK;
}

static tp_status append_others(struct archive *archive, const struct tp_array_names *names,
                               const struct tp_read_options *options) {
    tp_status status = TP_OK;
    for (size_t i = 0; !status && i < sizeof options->others / sizeof *options->others; i++) {
        const char *name = options->others[i];
        if (name && has(archive, name) && strcmp(name, names->inputs) != 0 &&
            (!names->targets || strcmp(name, names->targets) != 0))
            status = append_other(archive, name, options);
    }
    return status;
}

static tp_status read_arrays(struct archive *archive, const struct tp_read_options *options) {
    struct tp_table *table = archive->table;
    const struct tp_array_file file = {table, has, list, archive};
    struct tp_array_names names;
    size_t rank = 0, ignored = 0;
    tp_status status = tp_array_names_find(&file, options, &names);
    if (!status)
        status = append(archive, names.inputs, options, &rank);
    const size_t inputs = table->count;
    if (!status && names.targets)
        status = append(archive, names.targets, options, &ignored);
    table->rank = tp_max(rank, 2);
    table->targets = table->count - inputs;
    if (!status)
        status = append_others(archive, &names, options);
    return status ? status : label_columns(archive, inputs);
}

static tp_status read_table(const char *path, const struct tp_read_options *options, struct tp_table *table) {
    struct archive archive;
    tp_status status = open_archive(path, table, &archive);
    if (status)
        return status;
    status = read_arrays(&archive, options);
    close_archive(&archive);
    return status;
}

#else

static tp_status read_table(const char *path, const struct tp_read_options *options, struct tp_table *table) {
    (void)options;
    return tp_fail(table->context, TP_ERR_UNSUPPORTED,
                   "%s: NPZ archives cannot be read: the library was built without libzip (TILEPROP_ZIP=OFF)", path);
}

#endif

const struct tp_format tp_npz_format = {"npz", ".npz", recognises, false, true, read_table};
