/* SPDX-License-Identifier: BSD-3-Clause */
/* APPNOTE.TXT of PKWARE, with the records of zip64 whatever the sizes are: there is one form, not two. Sizes and checks
 * follow a member's bytes, which are written once and need not be known before. */
#include "zip.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define VERSION 45   /* zip64 */
#define FLAGS 0x808  /* size and check are behind the bytes; names are UTF-8 */
#define DATE 0x21    /* 1 January 1980: the same data makes the same file */
#define ALIGN 0xd935 /* extra field that aligns, as Android's tools write it */
#define IN_ZIP64 UINT32_MAX
#define FIXED 30 /* bytes of a local header before the name */
#define ZIP64_EXTRA 20
#define ALIGN_EXTRA 6 /* without the zeros */

/* Bytes of a record, lowest first. */
struct record {
    size_t size;
    unsigned char bytes[256];
};

static void put(struct record *record, uint64_t value, size_t size) {
    for (size_t i = 0; i < size; i++)
        record->bytes[record->size++] = (unsigned char)(value >> 8 * i);
}

static void put_text(struct record *record, const char *text) {
    memcpy(record->bytes + record->size, text, strlen(text));
    record->size += strlen(text);
}

static int emit(struct zip *zip, const void *data, size_t size) {
    zip->offset += size;
    return session_check(zip->session, tp_output_write(zip->output, data, size));
}

/* What local header and directory have in common. */
static void put_facts(struct record *record, uint32_t crc, uint32_t size, size_t name, size_t extra) {
    put(record, VERSION, 2);
    put(record, FLAGS, 2);
    put(record, 0, 2); /* stored */
    put(record, 0, 2); /* time */
    put(record, DATE, 2);
    put(record, crc, 4);
    put(record, size, 4);
    put(record, size, 4);
    put(record, name, 2);
    put(record, extra, 2);
}

int zip_begin(struct zip *zip, const char *name) {
    struct zip_member *member = &zip->member[zip->count++];
    *member = (struct zip_member){.offset = zip->offset, .crc = (uint32_t)crc32(0, NULL, 0)};
    snprintf(member->name, sizeof member->name, "%s", name);
    const size_t length = strlen(member->name);
    const uint64_t end = zip->offset + FIXED + length + ZIP64_EXTRA + ALIGN_EXTRA;
    const size_t zeros = (size_t)(-end % ZIP_ALIGNMENT);
    struct record record = {0};
    put(&record, 0x04034b50, 4);
    put_facts(&record, 0, IN_ZIP64, length, ZIP64_EXTRA + ALIGN_EXTRA + zeros);
    put_text(&record, member->name);
    put(&record, 1, 2);
    put(&record, ZIP64_EXTRA - 4, 2);
    put(&record, 0, 8);
    put(&record, 0, 8);
    put(&record, ALIGN, 2);
    put(&record, 2 + zeros, 2);
    put(&record, ZIP_ALIGNMENT, 2);
    record.size += zeros;
    return emit(zip, record.bytes, record.size);
}

int zip_write(struct zip *zip, const void *data, size_t size) {
    struct zip_member *member = &zip->member[zip->count - 1];
    member->size += size;
    member->crc = (uint32_t)crc32_z(member->crc, data, size);
    return emit(zip, data, size);
}

int zip_end(struct zip *zip) {
    const struct zip_member *member = &zip->member[zip->count - 1];
    struct record record = {0};
    put(&record, 0x08074b50, 4);
    put(&record, member->crc, 4);
    put(&record, member->size, 8);
    put(&record, member->size, 8);
    return emit(zip, record.bytes, record.size);
}

static int write_entry(struct zip *zip, const struct zip_member *member) {
    struct record record = {0};
    put(&record, 0x02014b50, 4);
    put(&record, VERSION, 2);
    put_facts(&record, member->crc, IN_ZIP64, strlen(member->name), ZIP64_EXTRA + 8);
    put(&record, 0, 2); /* comment */
    put(&record, 0, 2); /* disk */
    put(&record, 0, 2); /* attributes */
    put(&record, 0, 4);
    put(&record, IN_ZIP64, 4);
    put_text(&record, member->name);
    put(&record, 1, 2);
    put(&record, ZIP64_EXTRA - 4 + 8, 2);
    put(&record, member->size, 8);
    put(&record, member->size, 8);
    put(&record, member->offset, 8);
    return emit(zip, record.bytes, record.size);
}

/* The end of the directory in zip64, where that is, and the old end, which refers to it. */
static int write_end(struct zip *zip, uint64_t begin) {
    const uint64_t end = zip->offset;
    struct record record = {0};
    put(&record, 0x06064b50, 4);
    put(&record, 44, 8); /* bytes that follow */
    put(&record, VERSION, 2);
    put(&record, VERSION, 2);
    put(&record, 0, 4);
    put(&record, 0, 4);
    put(&record, zip->count, 8);
    put(&record, zip->count, 8);
    put(&record, end - begin, 8);
    put(&record, begin, 8);
    put(&record, 0x07064b50, 4);
    put(&record, 0, 4);
    put(&record, end, 8);
    put(&record, 1, 4);
    put(&record, 0x06054b50, 4);
    put(&record, 0, 4);
    put(&record, zip->count, 2);
    put(&record, zip->count, 2);
    put(&record, end - begin, 4);
    put(&record, IN_ZIP64, 4);
    put(&record, 0, 2);
    return emit(zip, record.bytes, record.size);
}

int zip_finish(struct zip *zip) {
    const uint64_t begin = zip->offset;
    int code = EXIT_SUCCESS;
    for (size_t i = 0; !code && i < zip->count; i++)
        code = write_entry(zip, &zip->member[i]);
    return code ? code : write_end(zip, begin);
}
