/* SPDX-License-Identifier: BSD-3-Clause */
/* IDX files and the data sets made of them: what is read, what is refused, and why. */

#include "core/context.h"
#include "io/dataset.h"
#include "support/scratch.h"

#include <criterion/criterion.h>
#include <endian.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#define MAX_FILE 4096

static tp_context *context;
static const char *scratch;

static void set_up(void) {
    tp_test_scratch_open();
    context = tp_test_scratch.context;
    scratch = tp_test_scratch.path;
}

TestSuite(idx, .init = set_up, .fini = tp_test_scratch_close);
TestSuite(dataset, .init = set_up, .fini = tp_test_scratch_close);

static size_t gzip(const void *data, size_t size, unsigned char *out) {
    z_stream z = {.next_in = (Bytef *)data, .avail_in = (uInt)size, .next_out = out, .avail_out = MAX_FILE};
    cr_assert_eq(deflateInit2(&z, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    cr_assert_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return z.total_out;
}

/* The status, a part of the message, and the name of the file in it. */
static void check_failure(tp_status got, tp_status expected, const char *fragment, const char *what) {
    const char *message = tp_test_message(context);
    cr_expect_eq(got, expected, "%s: status %d instead of %d (%s)", what, (int)got, (int)expected, message);
    cr_expect(strstr(message, fragment), "%s: \"%s\" does not say \"%s\"", what, message, fragment);
    cr_expect(strstr(message, scratch), "%s: \"%s\" does not name the file", what, message);
}

/* Reads a file that must be refused; idx must stay as it was. */
static void refuse(const void *data, size_t size, tp_status status, const char *fragment, const char *what) {
    tp_idx idx, before;
    const char *path = tp_test_write_file("file", data, size);
    const size_t held_before = tp_test_held();
    memset(&idx, 0x5a, sizeof idx);
    before = idx;
    check_failure(tp_idx_read(context, path, &idx), status, fragment, what);
    cr_expect_eq(tp_test_held(), held_before, "%s: something leaked", what);
    cr_expect_eq(memcmp(&idx, &before, sizeof idx), 0, "%s: the output was changed", what);
}

/* ---- what is read ---- */

static const unsigned char u8_file[] = {0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 253, 254, 255};

static void check_u8_file(const tp_idx *idx) {
    const unsigned char elements[] = {1, 2, 3, 253, 254, 255};
    cr_assert_eq(idx->type, TP_IDX_TYPE_U8);
    cr_assert_eq(idx->rank, 2);
    cr_assert_eq(idx->dims[0], 2);
    cr_assert_eq(idx->dims[1], 3);
    cr_assert_eq(idx->elements, 6);
    cr_assert_eq(memcmp(idx->data, elements, 6), 0);
}

static void read_u8_file(const void *data, size_t size) {
    tp_idx idx;
    const char *path = tp_test_write_file("file", data, size);
    const size_t held_before = tp_test_held();
    const tp_status status = tp_idx_read(context, path, &idx);
    cr_assert_eq(status, TP_OK, "%s", tp_test_message(context));
    check_u8_file(&idx);
    tp_idx_release(context, &idx);
    cr_expect_eq(tp_test_held(), held_before, "something leaked");
}

Test(idx, u8_plain_and_gzipped) {
    unsigned char packed[MAX_FILE];
    read_u8_file(u8_file, sizeof u8_file);
    read_u8_file(packed, gzip(u8_file, sizeof u8_file, packed));
}

/* What cat of two gzip files makes is a gzip file. */
Test(idx, gzip_members_one_after_another) {
    unsigned char packed[MAX_FILE];
    size_t size = gzip(u8_file, 9, packed);
    size += gzip("", 0, packed + size);
    size += gzip(u8_file + 9, sizeof u8_file - 9, packed + size);
    read_u8_file(packed, size);
}

Test(idx, i32_in_host_order) {
    const unsigned char file[] = {0, 0, 12, 1, 0, 0, 0, 3, 0, 0, 1, 2, 0xff, 0xff, 0xff, 0xfe, 0x80, 0, 0, 0};
    const int32_t expected[] = {258, -2, INT32_MIN};
    tp_idx idx;
    cr_assert_eq(tp_idx_read(context, tp_test_write_file("file", file, sizeof file), &idx), TP_OK);
    cr_expect_eq(idx.type, TP_IDX_TYPE_I32);
    cr_expect_eq(idx.elements, 3);
    cr_expect_eq(memcmp(idx.data, expected, sizeof expected), 0);
    tp_idx_release(context, &idx);
}

Test(idx, f32_in_host_order) {
    const unsigned char file[] = {0, 0, 13, 1, 0, 0, 0, 2, 0x3f, 0xc0, 0, 0, 0xc0, 0x49, 0x0f, 0xdb};
    const float expected[] = {1.5f, -0x1.921fb6p+1f};
    tp_idx idx;
    cr_assert_eq(tp_idx_read(context, tp_test_write_file("file", file, sizeof file), &idx), TP_OK);
    cr_expect_eq(idx.type, TP_IDX_TYPE_F32);
    cr_expect_eq(idx.elements, 2);
    cr_expect(tp_test_same_bits(expected, idx.data, 2, "f32 elements"));
    tp_idx_release(context, &idx);
}

/* Dimensions 1, 2, 1, 1, ...: 2 elements from rank 2 on. */
Test(idx, every_rank) {
    for (unsigned char rank = 1; rank <= TP_IDX_MAX_RANK; rank++) {
        unsigned char file[MAX_FILE] = {0, 0, 8, rank};
        const size_t elements = rank > 1 ? 2 : 1;
        for (size_t i = 0; i < rank; i++)
            file[4 + 4 * i + 3] = i == 1 ? 2 : 1;
        tp_idx idx;
        cr_assert_eq(tp_idx_read(context, tp_test_write_file("file", file, 4 + 4u * rank + elements), &idx), TP_OK);
        cr_expect_eq(idx.rank, rank);
        cr_expect_eq(idx.elements, elements);
        cr_expect_eq(idx.dims[rank - 1], rank == 2 ? 2 : 1);
        tp_idx_release(context, &idx);
    }
}

/* More than one buffer of the stream, compressible and not. */
Test(idx, large_file) {
    enum { ELEMENTS = 200000 };
    unsigned char *file = calloc(8 + ELEMENTS, 1);
    memcpy(file, (const unsigned char[]){0, 0, 8, 1, 0, 3, 0x0d, 0x40}, 8);
    for (size_t i = ELEMENTS / 2; i < ELEMENTS; i++)
        file[8 + i] = (unsigned char)tp_test_random(1, i);
    const char *path = tp_test_in_scratch("file.gz");
    gzFile packed = gzopen(path, "wb");
    cr_assert_eq(gzwrite(packed, file, 8 + ELEMENTS), 8 + ELEMENTS);
    cr_assert_eq(gzclose(packed), Z_OK);
    tp_idx idx;
    for (int plain = 0; plain < 2; plain++) {
        path = plain ? tp_test_write_file("file", file, 8 + ELEMENTS) : tp_test_in_scratch("file.gz");
        cr_assert_eq(tp_idx_read(context, path, &idx), TP_OK);
        cr_expect_eq(idx.elements, ELEMENTS);
        cr_expect_eq(memcmp(idx.data, file + 8, ELEMENTS), 0);
        tp_idx_release(context, &idx);
    }
    free(file);
}

Test(idx, release_clears_and_accepts_null) {
    tp_idx idx;
    cr_assert_eq(tp_idx_read(context, tp_test_write_file("file", u8_file, sizeof u8_file), &idx), TP_OK);
    tp_idx_release(context, &idx);
    cr_expect_null(idx.data);
    cr_expect_eq(idx.elements, 0);
    const size_t releases = atomic_load(&tp_test_scratch.counter.releases);
    tp_idx_release(context, &idx);
    tp_idx_release(context, NULL);
    tp_idx_release(NULL, &idx);
    cr_expect_eq(atomic_load(&tp_test_scratch.counter.releases), releases);
}

/* ---- what is refused ---- */

struct refusal {
    const char *what, *fragment;
    size_t size;
    unsigned char file[48];
};

#define FF4 0xff, 0xff, 0xff, 0xff
#define TYPES "u8, i8, i16, i32, f32 and f64"

static const struct refusal refusals[] = {
    {"empty", "fewer than the 4 bytes of its magic number", 0, {0}},
    {"no rank", "fewer than the 4 bytes of its magic number", 3, {0, 0, 8}},
    {"first byte", "begins with bytes 0x01 0x00", 9, {1, 0, 8, 1, 0, 0, 0, 1, 7}},
    {"second byte", "begins with bytes 0x00 0x01", 9, {0, 1, 8, 1, 0, 0, 0, 1, 7}},
    {"type 0", "0x00 is not supported: " TYPES " are", 9, {0, 0, 0, 1, 0, 0, 0, 1, 7}},
    {"type 7", "0x07 is not supported: " TYPES " are", 9, {0, 0, 7, 1, 0, 0, 0, 1, 7}},
    {"type 10", "0x0a is not supported: " TYPES " are", 9, {0, 0, 10, 1, 0, 0, 0, 1, 7}},
    {"type 15", "0x0f is not supported: " TYPES " are", 9, {0, 0, 15, 1, 0, 0, 0, 1, 7}},
    {"rank 0", "rank is 0; it must be 1..8", 5, {0, 0, 8, 0, 7}},
    {"rank 9", "rank is 9; it must be 1..8", 41, {0, 0, 8, 9, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1}},
    {"no dimensions", "fewer than the 8 bytes of its dimensions", 11, {0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0}},
    {"zero dimension", "dimension 0 is 0", 12, {0, 0, 8, 2, 0, 0, 0, 0, 0, 0, 0, 1}},
    {"zero last dimension", "dimension 1 is 0", 12, {0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 0}},
    {"product 2^96", "does not fit in size_t", 17, {0, 0, 8, 3, FF4, FF4, FF4, 1}},
    {"product 2^64 after a wrap",
     "does not fit in size_t",
     17,
     {0, 0, 8, 3, 0x80, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 4, 1}},
    {"bytes 2^64", "does not fit in size_t", 13, {0, 0, 13, 2, 0x80, 0, 0, 0, 0x80, 0, 0, 0, 1}},
    {"16 EiB", "fewer than the 18446744065119617025 bytes of data", 13, {0, 0, 8, 2, FF4, FF4, 1}},
    {"16 GiB", "fewer than the 17179869180 bytes of data", 9, {0, 0, 13, 1, FF4, 1}},
    {"no data", "fewer than the 1 bytes of data", 8, {0, 0, 8, 1, 0, 0, 0, 1}},
    {"a byte less", "fewer than the 5 bytes of data", 12, {0, 0, 8, 1, 0, 0, 0, 5, 1, 2, 3, 4}},
    {"a byte more", "trailing bytes after its 2 bytes", 11, {0, 0, 8, 1, 0, 0, 0, 2, 1, 2, 3}},
    {"an i16 byte less", "fewer than the 4 bytes of data", 11, {0, 0, 11, 1, 0, 0, 0, 2}},
    {"an f64 byte less", "fewer than the 16 bytes of data", 23, {0, 0, 14, 1, 0, 0, 0, 2}},
    {"an i8 more", "trailing bytes after its 2 bytes", 11, {0, 0, 9, 1, 0, 0, 0, 2, 1, 2, 3}},
    {"f64 bytes 2^64", "does not fit in size_t", 13, {0, 0, 14, 2, 0x80, 0, 0, 0, 0x40, 0, 0, 0, 1}},
    {"an f32 byte less", "fewer than the 8 bytes of data", 15, {0, 0, 13, 1, 0, 0, 0, 2}},
};

Test(idx, invalid_contents_plain_and_gzipped) {
    unsigned char packed[MAX_FILE];
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        const struct refusal *r = &refusals[i];
        refuse(r->file, r->size, TP_ERR_FORMAT, r->fragment, r->what);
        refuse(packed, gzip(r->file, r->size, packed), TP_ERR_FORMAT, r->fragment, r->what);
    }
}

Test(idx, every_prefix) {
    unsigned char packed[MAX_FILE];
    const size_t packed_size = gzip(u8_file, sizeof u8_file, packed);
    for (size_t size = 0; size < sizeof u8_file; size++)
        refuse(u8_file, size, TP_ERR_FORMAT, "fewer than", "prefix");
    for (size_t size = 2; size < packed_size; size++)
        refuse(packed, size, TP_ERR_FORMAT, "truncated", "gzip prefix");
}

/* As gzip does; several buffers of them as well, but nothing after them. */
Test(idx, zeros_after_gzip) {
    enum { LARGE = 40000 };
    static unsigned char packed[MAX_FILE + LARGE];
    char fragment[64];
    const size_t size = gzip(u8_file, sizeof u8_file, packed);
    const size_t padding[] = {1, 2, 512, 16384 - size, 16385 - size, LARGE};
    for (size_t i = 0; i < sizeof padding / sizeof *padding; i++) {
        const size_t end = size + padding[i];
        memset(packed + size, 0, padding[i]);
        read_u8_file(packed, end);
        packed[end] = 0x1f;
        snprintf(fragment, sizeof fragment, "corrupt gzip data: byte %zu is 0x1f", end);
        refuse(packed, end + 1, TP_ERR_FORMAT, fragment, "a byte after zeros");
        refuse(packed, end + gzip("", 0, packed + end), TP_ERR_FORMAT, fragment, "a member after zeros");
    }
}

/* gzread would ignore all of these. */
Test(idx, garbage_after_gzip) {
    const char *const garbage[] = {"x",    "garbage",  "garbage that is longer than a gzip header",
                                   "\x1f", "\x1f\x8b", "\x1f\x8bx"};
    unsigned char packed[MAX_FILE] = {0};
    const size_t size = gzip(u8_file, sizeof u8_file, packed);
    for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++) {
        memcpy(packed + size, garbage[i], strlen(garbage[i]));
        refuse(packed, size + strlen(garbage[i]), TP_ERR_FORMAT, "gzip data", garbage[i]);
    }
    refuse(packed, size + gzip("x", 1, packed + size), TP_ERR_FORMAT, "trailing bytes", "another member");
}

Test(idx, corrupt_gzip) {
    unsigned char packed[MAX_FILE];
    const size_t size = gzip(u8_file, sizeof u8_file, packed);
    const struct {
        size_t at;
        const char *fragment;
    } faults[] = {{2, "unknown compression method"},
                  {3, "unknown header flags"},
                  {10, "corrupt gzip data"},
                  {size - 8, "incorrect data check"},
                  {size - 1, "incorrect length check"}};
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        packed[faults[i].at] ^= 0xff;
        refuse(packed, size, TP_ERR_FORMAT, faults[i].fragment, "flipped byte");
        packed[faults[i].at] ^= 0xff;
    }
    read_u8_file(packed, size);
}

/* Headers that promise 4 GiB in files of some bytes. */
static size_t largest_request;

static void *watch_size(void *user, size_t alignment, size_t size) {
    (void)user;
    largest_request = size > largest_request ? size : largest_request;
    return aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

static void release_watched(void *user, void *block) {
    (void)user;
    free(block);
}

Test(idx, promises_are_not_allocated) {
    const unsigned char file[] = {0, 0, 8, 1, FF4, 1, 2, 3};
    unsigned char packed[MAX_FILE];
    tp_context_options options;
    tp_context *watched;
    tp_idx idx;
    tp_context_options_default(&options);
    options.allocator = (tp_allocator){watch_size, release_watched, NULL};
    cr_assert_eq(tp_context_create(&options, &watched), TP_OK);
    cr_expect_eq(tp_idx_read(watched, tp_test_write_file("file", file, sizeof file), &idx), TP_ERR_FORMAT);
    cr_expect_eq(tp_idx_read(watched, tp_test_write_file("file", packed, gzip(file, sizeof file, packed)), &idx),
                 TP_ERR_FORMAT);
    cr_expect_gt(largest_request, 0);
    cr_expect_lt(largest_request, 1 << 20);
    tp_context_destroy(watched);
}

Test(idx, files_that_cannot_be_read) {
    tp_idx idx;
    check_failure(tp_idx_read(context, tp_test_in_scratch("missing"), &idx), TP_ERR_IO, "No such file", "missing");
    check_failure(tp_idx_read(context, tp_test_in_scratch(""), &idx), TP_ERR_IO, "is a directory", "directory");
    cr_assert_eq(mkfifo(tp_test_in_scratch("fifo"), 0600), 0);
    check_failure(tp_idx_read(context, tp_test_in_scratch("fifo"), &idx), TP_ERR_IO, "is not a regular file", "FIFO");
    /* Nothing is mapped at address 0. */
    cr_expect_eq(tp_idx_read(context, "/proc/self/mem", &idx), TP_ERR_IO);
    cr_expect_str_eq(tp_test_message(context), "/proc/self/mem: cannot read: Input/output error");
}

/* ---- data sets ---- */

#define IMAGES "train-images-idx3-ubyte"
#define LABELS "train-labels-idx1-ubyte"

static const unsigned char images[] = {0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2, 10, 11, 12, 13, 14, 15};
static const unsigned char labels[] = {0, 0, 8, 1, 0, 0, 0, 3, 4, 200, 0};
static const unsigned char wide_labels[] = {0, 0, 12, 1, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 1, 44, 0, 0, 0, 0};

static tp_status load(tp_split split, tp_dataset **dataset) {
    return tp_dataset_load(context, scratch, split, dataset);
}

static void refuse_set(tp_split split, tp_status status, const char *fragment) {
    tp_dataset *dataset = (tp_dataset *)scratch;
    const size_t held_before = tp_test_held();
    check_failure(load(split, &dataset), status, fragment, fragment);
    cr_expect_eq(tp_test_held(), held_before, "%s: something leaked", fragment);
    cr_expect_eq(dataset, (tp_dataset *)scratch, "the output was changed");
}

static void check_sha256(const void *data, size_t size, const char *expected) {
    char hex[65];
    tp_test_sha256(data, size, hex);
    cr_expect_str_eq(hex, expected);
}

static void check_fashion_mnist(tp_split split, size_t samples, const int32_t first[8], const char *sha256) {
    tp_dataset *dataset = NULL;
    cr_assert_eq(tp_dataset_load(context, "fashion-mnist", split, &dataset), TP_OK, "%s", tp_test_message(context));
    const tp_data *data = tp_dataset_data(dataset);
    cr_expect_eq(data->samples, samples);
    cr_expect_eq(data->features, 784);
    cr_expect_eq(data->outputs, 10);
    cr_expect_null(data->floats);
    cr_expect_null(data->values);
    cr_expect_eq(memcmp(data->classes, first, 8 * sizeof *first), 0);
    check_sha256(data->bytes, samples * 784, sha256);
    tp_dataset_destroy(dataset);
}

Test(dataset, fashion_mnist_train) {
    check_fashion_mnist(TP_SPLIT_TRAIN, 60000, (const int32_t[]){9, 0, 0, 3, 0, 2, 7, 2},
                        "2e487a6c89124f78f2d7521542223cafe96f7123c3ca13d447772ac6ecbb3012");
}

Test(dataset, fashion_mnist_test) {
    check_fashion_mnist(TP_SPLIT_TEST, 10000, (const int32_t[]){9, 2, 1, 1, 6, 1, 4, 6},
                        "c867c93ff95360594e8ec3287995350b824dd110b11595c0e13d5423f621867a");
}

static void check_small_set(int32_t second_label) {
    tp_dataset *dataset = NULL;
    const size_t held_before = tp_test_held();
    cr_assert_eq(load(TP_SPLIT_TRAIN, &dataset), TP_OK, "%s", tp_test_message(context));
    const tp_data *data = tp_dataset_data(dataset);
    const int32_t classes[] = {4, second_label, 0};
    cr_expect_eq(data->samples, 3);
    cr_expect_eq(data->features, 2);
    cr_expect_eq(data->outputs, (size_t)second_label + 1);
    cr_expect_eq(memcmp(data->bytes, images + 16, 6), 0);
    cr_expect_eq(memcmp(data->classes, classes, sizeof classes), 0);
    tp_dataset_destroy(dataset);
    cr_expect_eq(tp_test_held(), held_before, "something leaked");
}

Test(dataset, plain_gzipped_and_mixed) {
    unsigned char packed[MAX_FILE];
    tp_test_write_file(IMAGES, images, sizeof images);
    tp_test_write_file(LABELS, labels, sizeof labels);
    check_small_set(200);
    cr_assert_eq(remove(tp_test_in_scratch(LABELS)), 0);
    tp_test_write_file(LABELS ".gz", packed, gzip(labels, sizeof labels, packed));
    check_small_set(200);
    cr_assert_eq(remove(tp_test_in_scratch(IMAGES)), 0);
    tp_test_write_file(IMAGES ".gz", packed, gzip(images, sizeof images, packed));
    check_small_set(200);
}

#define SPELLINGS(stem, kind)                                                                                          \
    { stem "-" kind, stem "-" kind ".gz", stem "." kind, stem "." kind ".gz" }
static const char *const names[2][2][4] = {
    {SPELLINGS("train-images", "idx3-ubyte"), SPELLINGS("train-labels", "idx1-ubyte")},
    {SPELLINGS("t10k-images", "idx3-ubyte"), SPELLINGS("t10k-labels", "idx1-ubyte")}};

/* The first element tells the files apart. */
static void write_spelling(const char *name, bool of_labels, unsigned char first) {
    unsigned char file[sizeof images], packed[MAX_FILE];
    const size_t size = of_labels ? sizeof labels : sizeof images;
    memcpy(file, of_labels ? labels : images, size);
    file[of_labels ? 8 : 16] = first;
    if (strstr(name, ".gz"))
        tp_test_write_file(name, packed, gzip(file, size, packed));
    else
        tp_test_write_file(name, file, size);
}

static void check_spelling(int split, unsigned char image, unsigned char label) {
    tp_dataset *dataset = NULL;
    cr_assert_eq(load((tp_split)split, &dataset), TP_OK, "%s", tp_test_message(context));
    cr_expect_eq(tp_dataset_data(dataset)->bytes[0], image);
    cr_expect_eq(tp_dataset_data(dataset)->classes[0], label);
    tp_dataset_destroy(dataset);
}

/* Each spelling counts before those after it. */
Test(dataset, spellings_of_names) {
    for (int split = 0; split < 2; split++) {
        write_spelling(names[split][1][3], true, 3);
        for (unsigned char i = 4; i--;)
            write_spelling(names[split][0][i], false, i), check_spelling(split, i, 3);
        for (unsigned char i = 3; i--;)
            write_spelling(names[split][1][i], true, i), check_spelling(split, 0, i);
    }
}

Test(dataset, i32_labels) {
    tp_test_write_file(IMAGES, images, sizeof images);
    tp_test_write_file(LABELS, wide_labels, sizeof wide_labels);
    check_small_set(300);
}

Test(dataset, f32_images_and_test_split) {
    const unsigned char wide[] = {0, 0, 13, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0x3f, 0xc0, 0, 0, 0xbf, 0x80, 0, 0};
    const unsigned char label[] = {0, 0, 8, 1, 0, 0, 0, 1, 0};
    tp_dataset *dataset = NULL;
    tp_test_write_file("t10k-images-idx3-ubyte", wide, sizeof wide);
    tp_test_write_file("t10k-labels-idx1-ubyte", label, sizeof label);
    cr_assert_eq(load(TP_SPLIT_TEST, &dataset), TP_OK, "%s", tp_test_message(context));
    const tp_data *data = tp_dataset_data(dataset);
    cr_expect_null(data->bytes);
    cr_expect_eq(data->features, 2);
    cr_expect_eq(data->outputs, 1);
    cr_expect(tp_test_same_bits((const float[]){1.5f, -1.0f}, data->floats, 2, "f32 images"));
    tp_dataset_destroy(dataset);
    refuse_set(TP_SPLIT_TRAIN, TP_ERR_MISSING, "neither " IMAGES " nor " IMAGES ".gz is there");
}

Test(dataset, files_that_are_missing) {
    refuse_set(TP_SPLIT_TRAIN, TP_ERR_MISSING, "neither " IMAGES " nor " IMAGES ".gz is there");
    tp_test_write_file(IMAGES, images, sizeof images);
    refuse_set(TP_SPLIT_TRAIN, TP_ERR_IO, "neither " LABELS " nor " LABELS ".gz is there");
    refuse_set(TP_SPLIT_TEST, TP_ERR_MISSING, "neither t10k-images-idx3-ubyte nor");
    write_spelling("t10k-labels.idx1-ubyte", true, 0);
    refuse_set(TP_SPLIT_TEST, TP_ERR_IO, "is there, nor t10k-images.idx3-ubyte or t10k-images.idx3-ubyte.gz");
}

Test(dataset, directories_that_are_missing) {
    char directory[PATH_MAX], where[2 * PATH_MAX];
    tp_dataset *dataset = NULL;
    snprintf(where, sizeof where, "%s", tp_test_in_scratch("nowhere"));
    check_failure(tp_dataset_load(context, where, TP_SPLIT_TRAIN, &dataset), TP_ERR_IO, "no such directory", "nowhere");
    check_failure(tp_dataset_directory(context, scratch, "fashion-mnist", directory, sizeof directory), TP_ERR_IO,
                  "apt-get install dataset-fashion-mnist", "package");
    cr_assert_eq(mkdir(tp_test_in_scratch("fashion-mnist"), 0700), 0);
    cr_expect_eq(tp_dataset_directory(context, scratch, "fashion-mnist", directory, sizeof directory), TP_OK);
    cr_expect_str_eq(directory, tp_test_in_scratch("fashion-mnist"));
}

Test(dataset, path_too_long) {
    char where[PATH_MAX + 10];
    tp_dataset *dataset = NULL;
    memset(where, '/', sizeof where);
    where[PATH_MAX + 9] = '\0';
    cr_expect_eq(tp_dataset_load(context, where, TP_SPLIT_TRAIN, &dataset), TP_ERR_IO);
    cr_expect(strstr(tp_test_message(context), "the path is longer than"));
    where[PATH_MAX - 5] = '\0'; /* is the root directory, but leaves no room for a name */
    cr_expect_eq(tp_dataset_load(context, where, TP_SPLIT_TRAIN, &dataset), TP_ERR_IO);
    cr_expect(strstr(tp_test_message(context), "the path is longer than"));
}

Test(dataset, images_that_do_not_fit) {
    const unsigned char flat[] = {0, 0, 8, 1, 0, 0, 0, 1, 7};
    tp_test_write_file(LABELS, labels, sizeof labels);
    tp_test_write_file(IMAGES, flat, sizeof flat);
    refuse_set(TP_SPLIT_TRAIN, TP_ERR_FORMAT, "images need at least 2 dimensions");
    tp_test_write_file(IMAGES, images, sizeof images - 1);
    refuse_set(TP_SPLIT_TRAIN, TP_ERR_FORMAT, "truncated");
}

Test(dataset, labels_that_do_not_fit) {
    const unsigned char square[] = {0, 0, 8, 2, 0, 0, 0, 3, 0, 0, 0, 1, 1, 2, 3};
    const unsigned char fewer[] = {0, 0, 8, 1, 0, 0, 0, 2, 4, 0};
    const unsigned char negative[] = {0, 0, 12, 1, 0, 0, 0, 3, 0, 0, 0, 4, 0xff, 0xff, 0xff, 0xfe, 0, 0, 0, 0};
    tp_test_write_file(IMAGES, images, sizeof images);
    tp_test_write_file(LABELS, square, sizeof square);
    refuse_set(TP_SPLIT_TRAIN, TP_ERR_FORMAT, "labels of u8 must have 1 dimension");
    tp_test_write_file(LABELS, fewer, sizeof fewer);
    refuse_set(TP_SPLIT_TRAIN, TP_ERR_FORMAT, "2 labels for 3 images");
    tp_test_write_file(LABELS, negative, sizeof negative);
    refuse_set(TP_SPLIT_TRAIN, TP_ERR_FORMAT, "label 1 is -2; it must be at least 0");
}

/* As many samples as there are elements of 1, and 0 as the label of all but one. */
static void write_set(uint32_t samples, uint32_t label) {
    unsigned char *set = calloc(1, 16 + 4 * (size_t)samples);
    cr_assert_not_null(set);
    const uint32_t of_images[] = {htobe32(0x0802), htobe32(samples), htobe32(1)};
    memcpy(set, of_images, sizeof of_images);
    tp_test_write_file(IMAGES, set, sizeof of_images + samples);
    const uint32_t of_labels[] = {htobe32(0x0c01), htobe32(samples)}, last = htobe32(label);
    memset(set, 0, sizeof of_images);
    memcpy(set, of_labels, sizeof of_labels);
    memcpy(set + sizeof of_labels + 4 * ((size_t)samples - 1), &last, sizeof last);
    tp_test_write_file(LABELS, set, sizeof of_labels + 4 * (size_t)samples);
    free(set);
}

/* A model has an output for each class, so that one label could ask for all of the memory. */
Test(dataset, labels_are_bounded_by_the_number_of_samples) {
    tp_dataset *dataset = NULL;
    static const uint32_t most[][2] = {{10, 1023}, {1, 1023}, {1024, 1023}, {1025, 1024}, {5000, 4999}};
    write_set(10, 2000000);
    refuse_set(TP_SPLIT_TRAIN, TP_ERR_FORMAT, LABELS ": label 9 is 2000000; with 10 samples it must be less than 1024");
    for (size_t i = 0; i < sizeof most / sizeof *most; i++) {
        write_set(most[i][0], most[i][1]);
        cr_assert_eq(tp_dataset_load(context, scratch, TP_SPLIT_TRAIN, &dataset), TP_OK);
        cr_expect_eq(tp_dataset_data(dataset)->outputs, most[i][1] + 1);
        tp_dataset_destroy(dataset);
        write_set(most[i][0], most[i][1] + 1);
        refuse_set(TP_SPLIT_TRAIN, TP_ERR_FORMAT, " samples it must be less than ");
    }
}
