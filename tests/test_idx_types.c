/* SPDX-License-Identifier: BSD-3-Clause */
/* Element types of IDX files: as they are read, as samples, and as labels. */

#include "support/scratch.h"

#include <criterion/criterion.h>
#include <endian.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define IMAGES "train-images-idx3-ubyte"
#define LABELS "train-labels-idx1-ubyte"

static tp_context *context;

static void set_up(void) {
    tp_test_scratch_open();
    context = tp_test_scratch.context;
}

TestSuite(idx_types, .init = set_up, .fini = tp_test_scratch_close);

/* ---- files of every type ---- */

static void put(FILE *file, const void *bytes, size_t size) {
    cr_assert_eq(fwrite(bytes, 1, size, file), size);
}

static void put_u32(FILE *file, uint32_t value) {
    value = htobe32(value);
    put(file, &value, sizeof value);
}

static void put_reversed(FILE *file, const void *element, size_t size) {
    const unsigned char *bytes = element;
    for (size_t i = 0; i < size; i++)
        put(file, bytes + (BYTE_ORDER == BIG_ENDIAN ? i : size - 1 - i), 1);
}

struct content {
    tp_idx_type type;
    size_t size; /* of an element */
    size_t count;
    const void *elements; /* in the machine's byte order */
};

/* count x 1 elements, or count as labels. */
static const char *write_idx(const char *name, size_t rank, const struct content *content) {
    const char *path = tp_test_in_scratch(name);
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file);
    put_u32(file, (uint32_t)content->type << 8 | (uint32_t)rank);
    for (size_t i = 0; i < rank; i++)
        put_u32(file, i ? 1 : (uint32_t)content->count);
    for (size_t i = 0; i < content->count; i++)
        put_reversed(file, (const char *)content->elements + i * content->size, content->size);
    cr_assert_eq(fclose(file), 0);
    return path;
}

static const uint8_t u8[] = {0, 1, 127, 128, 255};
static const int8_t i8[] = {0, 1, 127, -128, -1};
static const int16_t i16[] = {0, 258, INT16_MAX, INT16_MIN, -2};
static const int32_t i32[] = {0, 1 << 24, (1 << 24) + 1, (1 << 24) + 3, INT32_MAX, INT32_MIN, -(1 << 24) - 1};
static const float f32[] = {0.0f, -0.0f, 1.5f, FLT_MAX, FLT_TRUE_MIN, INFINITY};
/* ties go to even; what is rounded to FLT_MAX; the smallest denormal float and half of it */
static const double f64[] = {
    0.1,      -0.0,      1 + 0x1p-24, 1 + 0x3p-24, 1 + 0x1.000002p-24, 0x1.fffffefffffffp+127, -0x1.fffffefffffffp+127,
    INFINITY, -INFINITY, 0x1p-149,    0x1p-150,    0x1.8p-150};

static const float i8_floats[] = {0, 1, 127, -128, -1};
static const float i16_floats[] = {0, 258, 32767, -32768, -2};
static const float i32_floats[] = {0, 0x1p24f, 0x1p24f, 0x1.000004p24f, 0x1p31f, -0x1p31f, -0x1p24f};
static const float f64_floats[] = {0.1f,      -0.0f,     1, 1 + 0x1p-22f, 1 + 0x1p-23f, FLT_MAX, -FLT_MAX, INFINITY,
                                   -INFINITY, 0x1p-149f, 0, 0x1p-149f};

static const struct type {
    const char *name;
    struct content content;
    const float *floats; /* as samples; NULL: they stay bytes */
} types[] = {
#define TYPE(enumerator, array, floats)                                                                                \
    { #array, {enumerator, sizeof *array, COUNT(array), array }, floats }
    TYPE(TP_IDX_TYPE_U8, u8, NULL),         TYPE(TP_IDX_TYPE_I8, i8, i8_floats), TYPE(TP_IDX_TYPE_I16, i16, i16_floats),
    TYPE(TP_IDX_TYPE_I32, i32, i32_floats), TYPE(TP_IDX_TYPE_F32, f32, f32),     TYPE(TP_IDX_TYPE_F64, f64, f64_floats),
};

static tp_idx read_idx(const char *path) {
    tp_idx idx;
    cr_assert_eq(tp_idx_read(context, path, &idx), TP_OK, "%s", tp_test_message(context));
    return idx;
}

static void check_read(const struct type *type, const tp_idx *idx) {
    const struct content *content = &type->content;
    cr_expect_eq(idx->type, content->type, "%s: read as type %d", type->name, (int)idx->type);
    cr_assert_eq(idx->elements, content->count);
    cr_expect_eq(memcmp(idx->data, content->elements, content->count * content->size), 0, "%s: elements", type->name);
}

Test(idx_types, elements_are_read_in_host_order) {
    for (size_t i = 0; i < COUNT(types); i++) {
        tp_idx idx = read_idx(write_idx("file", 2, &types[i].content));
        check_read(&types[i], &idx);
        tp_idx_release(context, &idx);
    }
}

/* ---- samples ---- */

static void check_samples(const struct type *type, const tp_idx *idx) {
    cr_expect_eq(idx->type, type->floats ? TP_IDX_TYPE_F32 : TP_IDX_TYPE_U8, "%s: became type %d", type->name,
                 (int)idx->type);
    cr_expect(idx->rank == 2 && idx->elements == type->content.count && idx->dims[0] == type->content.count);
    if (type->floats)
        cr_expect(tp_test_same_bits(type->floats, idx->data, idx->elements, "%s as samples", type->name));
    else
        cr_expect_eq(memcmp(idx->data, type->content.elements, idx->elements), 0, "%s as samples", type->name);
}

Test(idx_types, samples) {
    for (size_t i = 0; i < COUNT(types); i++) {
        const size_t held = tp_test_held();
        tp_idx idx = read_idx(write_idx("file", 2, &types[i].content));
        for (int times = 0; times < 2; times++) { /* the second time there is nothing to do */
            cr_assert_eq(tp_idx_to_samples(context, "file", &idx), TP_OK, "%s", tp_test_message(context));
            check_samples(&types[i], &idx);
        }
        tp_idx_release(context, &idx);
        cr_expect_eq(tp_test_held(), held, "%s: something leaked", types[i].name);
    }
}

Test(idx_types, nan_stays) {
    const double nan[] = {NAN};
    tp_idx idx = read_idx(write_idx("file", 2, &(struct content){TP_IDX_TYPE_F64, 8, 1, nan}));
    cr_assert_eq(tp_idx_to_samples(context, "file", &idx), TP_OK);
    cr_expect(isnan(*(const float *)idx.data));
    tp_idx_release(context, &idx);
}

/* FLT_MAX and half a unit of its last place, and -DBL_MAX. */
static const double beyond[][3] = {{1, INFINITY, 0x1.ffffffp+127}, {1, -DBL_MAX, 2}};
static const char *const beyond_messages[] = {
    "element 2 is 3.40282357e+38; as a sample, a 32-bit float, it must be -3.40282347e+38..3.40282347e+38",
    "element 1 is -1.79769313e+308; as a sample"};

Test(idx_types, f64_beyond_floats_is_refused) {
    for (size_t i = 0; i < COUNT(beyond); i++) {
        tp_idx idx = read_idx(write_idx("file", 2, &(struct content){TP_IDX_TYPE_F64, 8, 3, beyond[i]}));
        const tp_idx before = idx;
        const size_t held = tp_test_held();
        cr_expect_eq(tp_idx_to_samples(context, "a name", &idx), TP_ERR_FORMAT);
        const char *message = tp_test_message(context);
        cr_expect(strstr(message, beyond_messages[i]) && !strncmp(message, "a name: ", 8), "%s", message);
        cr_expect_eq(memcmp(&idx, &before, sizeof idx), 0, "idx changed");
        cr_expect_eq(memcmp(idx.data, beyond[i], sizeof beyond[i]), 0, "elements changed");
        cr_expect_eq(tp_test_held(), held, "something leaked");
        tp_idx_release(context, &idx);
    }
}

/* ---- data sets ---- */

static void write_labels(size_t count) {
    static const uint8_t zeros[16];
    write_idx(LABELS, 1, &(struct content){TP_IDX_TYPE_U8, 1, count, zeros});
}

static tp_status load(tp_dataset **dataset) {
    return tp_dataset_load(context, tp_test_scratch.path, TP_SPLIT_TRAIN, dataset);
}

Test(idx_types, images) {
    for (size_t i = 0; i < COUNT(types); i++) {
        const struct type *type = &types[i];
        tp_dataset *dataset = NULL;
        write_idx(IMAGES, 2, &type->content);
        write_labels(type->content.count);
        cr_assert_eq(load(&dataset), TP_OK, "%s", tp_test_message(context));
        const tp_data *data = tp_dataset_data(dataset);
        cr_expect(data->samples == type->content.count && data->features == 1);
        cr_assert_eq(data->bytes == NULL, type->floats != NULL, "%s", type->name);
        cr_assert_eq(data->floats != NULL, type->floats != NULL, "%s", type->name);
        if (type->floats)
            cr_expect(tp_test_same_bits(type->floats, data->floats, data->samples, "%s images", type->name));
        tp_dataset_destroy(dataset);
    }
}

Test(idx_types, images_beyond_floats) {
    tp_dataset *dataset = NULL;
    write_idx(IMAGES, 2, &(struct content){TP_IDX_TYPE_F64, 8, 3, beyond[0]});
    write_labels(3);
    const size_t held = tp_test_held();
    cr_expect_eq(load(&dataset), TP_ERR_FORMAT);
    cr_expect(strstr(tp_test_message(context), IMAGES ": element 2 is 3.40282357e+38"));
    cr_expect_null(dataset);
    cr_expect_eq(tp_test_held(), held, "something leaked");
}

static const struct labels {
    const char *name;
    struct content content;
    int32_t expected[3];
    const char *message; /* NULL: they are taken */
} labels[] = {
    {"u8", {TP_IDX_TYPE_U8, 1, 3, (const uint8_t[]){3, 0, 255}}, {3, 0, 255}, NULL},
    {"i8", {TP_IDX_TYPE_I8, 1, 3, (const int8_t[]){3, 0, 127}}, {3, 0, 127}, NULL},
    {"i16", {TP_IDX_TYPE_I16, 2, 3, (const int16_t[]){3, 0, 259}}, {3, 0, 259}, NULL},
    {"i32", {TP_IDX_TYPE_I32, 4, 3, (const int32_t[]){3, 0, 260}}, {3, 0, 260}, NULL},
    {"negative i8",
     {TP_IDX_TYPE_I8, 1, 3, (const int8_t[]){3, 0, -128}},
     {0},
     "label 2 is -128; it must be at least 0"},
    {"negative i16",
     {TP_IDX_TYPE_I16, 2, 3, (const int16_t[]){3, -259, 1}},
     {0},
     "label 1 is -259; it must be at least"},
};

static void check_labels(const struct labels *l, tp_status status, const tp_dataset *dataset) {
    cr_assert_eq(status, l->message ? TP_ERR_FORMAT : TP_OK, "%s: %s", l->name, tp_test_message(context));
    if (l->message) {
        cr_expect(strstr(tp_test_message(context), l->message), "%s: %s", l->name, tp_test_message(context));
        return;
    }
    const tp_data *data = tp_dataset_data(dataset);
    cr_expect_eq(memcmp(data->classes, l->expected, sizeof l->expected), 0, "%s", l->name);
    cr_expect_eq(data->outputs, (size_t)l->expected[2] + 1, "%s", l->name);
}

Test(idx_types, labels) {
    write_idx(IMAGES, 2, &(struct content){TP_IDX_TYPE_U8, 1, 3, u8});
    for (size_t i = 0; i < COUNT(labels); i++) {
        tp_dataset *dataset = NULL;
        write_idx(LABELS, 1, &labels[i].content);
        const size_t held = tp_test_held();
        const tp_status status = load(&dataset);
        check_labels(&labels[i], status, dataset);
        tp_dataset_destroy(dataset);
        cr_expect_eq(tp_test_held(), held, "%s: something leaked", labels[i].name);
    }
}

/* Of one value for each sample, in one or two dimensions. */
static void check_values(size_t rank, const struct content *content) {
    tp_dataset *dataset = NULL;
    write_idx(LABELS, rank, content);
    const size_t held = tp_test_held();
    cr_assert_eq(load(&dataset), TP_OK, "%s", tp_test_message(context));
    const tp_data *data = tp_dataset_data(dataset);
    cr_expect_null(data->classes);
    cr_expect_eq(data->outputs, 1);
    cr_expect_eq(memcmp(data->values, (const float[]){1, -2.5f, 3}, 3 * sizeof(float)), 0);
    tp_dataset_destroy(dataset);
    cr_assert_eq(tp_dataset_open(context, tp_test_scratch.path, NULL, &dataset), TP_OK, "%s", tp_test_message(context));
    cr_expect_eq(tp_schema_task(tp_dataset_schema(dataset)), TP_TASK_REGRESSION);
    cr_expect_eq(tp_schema_target(tp_dataset_schema(dataset), 0)->mean, 0.5);
    tp_dataset_destroy(dataset);
    cr_expect_eq(tp_test_held(), held, "something leaked");
}

Test(idx_types, values) {
    const struct content floats = {TP_IDX_TYPE_F32, 4, 3, (const float[]){1, -2.5f, 3}};
    const struct content doubles = {TP_IDX_TYPE_F64, 8, 3, (const double[]){1, -2.5, 3}};
    write_idx(IMAGES, 2, &(struct content){TP_IDX_TYPE_U8, 1, 3, u8});
    for (size_t rank = 1; rank <= 2; rank++) {
        check_values(rank, &floats);
        check_values(rank, &doubles);
    }
    tp_dataset *dataset = NULL;
    write_idx(LABELS, 3, &floats);
    cr_expect_eq(load(&dataset), TP_ERR_FORMAT);
    cr_expect(strstr(tp_test_message(context), "labels of f32 must have 1 or 2 dimensions"), "%s",
              tp_test_message(context));
}
