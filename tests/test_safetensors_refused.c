/* SPDX-License-Identifier: BSD-3-Clause */
/* What is refused as a model, and why, the same of a file and of its bytes in memory: wrong headers and damage. */

#include "core/context.h"
#include "support/model_file.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static tp_context *context;

static void set_up(void) {
    tp_test_scratch_open();
    context = tp_test_scratch.context;
}

TestSuite(refused, .init = set_up, .fini = tp_test_scratch_close);

#define UNTOUCHED ((tp_model *)&context)

static void refuse_load(tp_status status, const char *fragment) {
    tp_model *model = UNTOUCHED;
    const size_t held_before = tp_test_held();
    test_check_file_failure(tp_model_load(context, tp_test_in_scratch("model"), &model), status, fragment);
    cr_expect_eq(tp_test_held(), held_before, "%s: something leaked", fragment);
    cr_expect_eq(model, UNTOUCHED, "%s: the output was changed", fragment);
}

/* With the message that was heard of the file, but for its path. */
static void refuse_read(tp_status status) {
    char expected[1024];
    tp_model *model = UNTOUCHED;
    size_t size;
    unsigned char *bytes = test_bytes_of_file("model", &size);
    const size_t held_before = tp_test_held(), path = strlen(tp_test_in_scratch("model"));
    snprintf(expected, sizeof expected, "the buffer%s", tp_test_message(context) + path);
    cr_expect_eq(tp_model_read(context, bytes, size, &model), status);
    cr_expect_str_eq(tp_test_message(context), expected);
    cr_expect_eq(tp_test_held(), held_before, "%s: something leaked", expected);
    cr_expect_eq(model, UNTOUCHED, "%s: the output was changed", expected);
    free(bytes);
}

static void refuse(tp_status status, const char *fragment) {
    refuse_load(status, fragment);
    refuse_read(status);
}

/* ---- headers ---- */

struct refusal {
    const char *fragment, *header;
    size_t data_size;
};

#define NAMED(metadata) HEADER("\"format\":\"tileprop\"," metadata, TENSORS)
#define LAYER0 "\"layers.0.activation\":\"relu\""
#define LAYER1 ",\"layers.1.activation\":\"softmax\""
#define REST ",\"input_mean\":\"0\",\"input_deviation\":\"1\"," LAYER0 LAYER1
#define SMOOTHING "\"loss\":\"cce\",\"label_smoothing\":"
#define HUBER(delta) "\"loss\":\"huber\",\"huber_delta\":\"" delta "\"" REST

static const struct refusal refusals[] = {
    /* JSON */
    {"header is not valid JSON", "", 0},
    {"header is not valid JSON", "        ", 28},
    {"header is not valid JSON", "{\"__metadata__\":{}", 28},
    {"header is not valid JSON", HEADER(METADATA, TENSORS) "}", 28},
    {"header is not valid JSON", HEADER(METADATA, TENSORS) "{}", 28},
    {"unable to decode byte 0xff", HEADER(METADATA ",\"\xff\":\"\"", TENSORS), 28},
    {"unable to decode byte 0xc0", HEADER(METADATA ",\"a\":\"\xc0\xaf\"", TENSORS), 28},
    {"\\u0000", HEADER(METADATA ",\"a\\u0000b\":\"\"", TENSORS), 28},
    {"header is not a JSON object", "[]", 28},
    {"duplicate object key", HEADER(METADATA, TENSORS "," W0), 28},
    {"duplicate object key", HEADER(METADATA ",\"loss\":\"mse\"", TENSORS), 28},
    {"duplicate object key", "{\"__metadata__\":{" METADATA "}," TENSORS ",\"__metadata__\":{}}", 28},
    {"duplicate object key",
     HEADER(METADATA, W0 "," B0 "," W1 ",\"layers.1.bias\":{\"dtype\":\"F16\",\"dtype\":\"F32\","
                         "\"shape\":[2],\"data_offsets\":[20,28]}"),
     28},
    {"too big integer", HEADER(METADATA, W0 "," B0 "," W1 "," TENSOR("layers.1.bias", "2", 20, 18446744073709551644)),
     28},
    /* metadata */
    {"sha256 is not valid: \"\"", NAMED(SCALED LAYER0 LAYER1 ",\"sha256\":\"\""), 28},
    {"sha256 is not valid: \"1\"", NAMED(SCALED LAYER0 LAYER1 ",\"sha256\":\"1\""), 28},
    {"sha256 is not valid: \"" DIGEST "0\"", NAMED(SCALED LAYER0 LAYER1 ",\"sha256\":\"" DIGEST "0\""), 28},
    {"__metadata__ is not a JSON object", "{\"__metadata__\":[]," TENSORS "}", 28},
    {"__metadata__: \"epoch\" is not a string", HEADER(METADATA ",\"epoch\":3", TENSORS), 28},
    {"__metadata__ has no \"format\"", "{" TENSORS "}", 28},
    {"__metadata__ has no \"format\"", HEADER("\"loss\":\"cce\"", TENSORS), 28},
    {"format is not valid: \"pt\"", HEADER("\"format\":\"pt\"", TENSORS), 28},
    {"has no \"loss\"", NAMED("\"a\":\"\""), 28},
    {"loss is not valid: \"hinge\\x1b\"", NAMED("\"loss\":\"hinge\\u001b\""), 28},
    {"has no \"huber_delta\"", NAMED("\"loss\":\"huber\""), 28},
    {"huber_delta is not valid: \"nan\"", NAMED("\"loss\":\"huber\",\"huber_delta\":\"nan\""), 28},
    {"huber_delta is not valid: \"1e39\"", NAMED("\"loss\":\"huber\",\"huber_delta\":\"1e39\""), 28},
    {"huber_delta is 0", NAMED(HUBER("0")), 28},
    {"huber_delta is 0", NAMED(HUBER("1e-60")), 28},
    {"huber_delta is -1", NAMED(HUBER("-1")), 28},
    {"label_smoothing is not valid: \"\"", NAMED("\"loss\":\"cce\",\"label_smoothing\":\"\""), 28},
    {"label_smoothing is not valid: \"x\"", NAMED("\"loss\":\"cce\",\"label_smoothing\":\"x\""), 28},
    {"label_smoothing is 1; it must be", NAMED(SMOOTHING "\"1\"" REST), 28},
    {"label_smoothing is -0.5; it must be", NAMED(SMOOTHING "\"-0.5\"" REST), 28},
    {"label_smoothing is 0.5; with loss mse it must be 0", NAMED("\"loss\":\"mse\",\"label_smoothing\":\"0.5\"" REST),
     28},
    {"precision is not valid: \"f16\"", HEADER(METADATA ",\"precision\":\"f16\"", TENSORS), 28},
    {"precision is not valid: \"\"", HEADER(METADATA ",\"precision\":\"\"", TENSORS), 28},
    {"precision is not valid: \"BF16\"", HEADER(METADATA ",\"precision\":\"BF16\"", TENSORS), 28},
    {"has no \"input_mean\"", NAMED("\"loss\":\"cce\""), 28},
    {"input_mean is not valid: \"nan\"", NAMED("\"loss\":\"cce\",\"input_mean\":\"nan\""), 28},
    {"input_mean is not valid: \"0,5\"", NAMED("\"loss\":\"cce\",\"input_mean\":\"0,5\""), 28},
    {"input_mean is not valid: \"\"", NAMED("\"loss\":\"cce\",\"input_mean\":\"\""), 28},
    {"input_mean is not valid: \"1x\"", NAMED("\"loss\":\"cce\",\"input_mean\":\"1x\""), 28},
    {"input_mean is not valid: \"[1]\"", NAMED("\"loss\":\"cce\",\"input_mean\":\"[1]\""), 28},
    {"input_mean is not valid: \"1e39\"", NAMED("\"loss\":\"cce\",\"input_mean\":\"1e39\""), 28},
    {"input_mean is not valid: \"1e999\"", NAMED("\"loss\":\"cce\",\"input_mean\":\"1e999\""), 28},
    {"input_mean is not valid: \"-3.4028236e38\"", NAMED("\"loss\":\"cce\",\"input_mean\":\"-3.4028236e38\""), 28},
    {"has no \"input_deviation\"", NAMED("\"loss\":\"cce\",\"input_mean\":\"0\""), 28},
    {"tensor input_deviation is missing",
     HEADER(METADATA, "\"input_mean\":{\"dtype\":\"F64\",\"shape\":[2],\"data_offsets\":[28,44]}," TENSORS), 44},
    {"tensor input_mean is not of F64",
     HEADER(METADATA, "\"input_mean\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[28,36]}," TENSORS), 36},
    {"tensor output_mean does not fit the layers",
     HEADER(METADATA, "\"output_mean\":{\"dtype\":\"F64\",\"shape\":[3],\"data_offsets\":[28,52]},"
                      "\"output_deviation\":{\"dtype\":\"F64\",\"shape\":[3],\"data_offsets\":[52,76]}," TENSORS),
     76},
    {"outputs_scaled: count is 2; with loss cce it must be 0",
     HEADER(METADATA, "\"output_mean\":{\"dtype\":\"F64\",\"shape\":[2],\"data_offsets\":[28,44]},"
                      "\"output_deviation\":{\"dtype\":\"F64\",\"shape\":[2],\"data_offsets\":[44,60]}," TENSORS),
     60},
    {"inputs_scaled: deviation[0] is 0",
     NAMED("\"loss\":\"cce\",\"input_mean\":\"0\",\"input_deviation\":\"0\"," LAYER0 LAYER1), 28},
    {"has no \"layers.0.activation\"", NAMED(SCALED "\"a\":\"\""), 28},
    {"layers.0.activation is not valid: \"selu\"", NAMED(SCALED "\"layers.0.activation\":\"selu\""), 28},
    {"has no \"layers.1.activation\"", NAMED(SCALED LAYER0), 28},
    {"has no \"layers.0.slope\"", NAMED(SCALED "\"layers.0.activation\":\"leaky_relu\"" LAYER1), 28},
    {"slope is 2", NAMED(SCALED "\"layers.0.activation\":\"leaky_relu\",\"layers.0.slope\":\"2\"" LAYER1), 28},
    {"dropout is 1", NAMED(SCALED "\"layers.0.activation\":\"relu\",\"layers.0.dropout\":\"1\"" LAYER1), 28},
    {"softmax is for the last layer", NAMED(SCALED "\"layers.0.activation\":\"softmax\"" LAYER1), 28},
    {"loss cce needs softmax", NAMED(SCALED LAYER0 ",\"layers.1.activation\":\"relu\""), 28},
    /* which tensors */
    {"__metadata__ has no \"format\"", "{}", 0},
    {"holds 0 tensors", "{\"__metadata__\":{" METADATA "}}", 0},
    {"holds 1 tensors", HEADER(METADATA, W0), 8},
    {"tensor layers.1.bias is missing", HEADER(METADATA, W0 "," B0 "," W1), 20},
    {"tensor layers.0.weight is missing",
     HEADER(METADATA, TENSOR("layers.0.bias", "1", 0, 4) "," TENSOR("layers.1.bias", "1", 4, 8)), 8},
    {"tensor scale is not part of a tileprop model", HEADER(METADATA, TENSORS "," TENSOR("scale", "1", 28, 32)), 32},
    {"tensor layers.01.bias is not part", HEADER(METADATA, W0 "," B0 "," W1 "," TENSOR("layers.01.bias", "2", 20, 28)),
     28},
    {"tensor layers.64.weight is not part", HEADER(METADATA, TENSORS "," TENSOR("layers.64.weight", "1", 28, 32)), 32},
    /* what a tensor is */
    {"tensor layers.1.bias: has no dtype", HEADER(METADATA, W0 "," B0 "," W1 ",\"layers.1.bias\":{}"), 28},
    {"tensor layers.1.bias: has no dtype", HEADER(METADATA, W0 "," B0 "," W1 ",\"layers.1.bias\":[]"), 28},
    {"dtype is F16; only F32",
     HEADER(METADATA, W0 "," B0 "," W1 ",\"layers.1.bias\":{\"dtype\":\"F16\",\"shape\":[4],\"data_offsets\":[20,28]}"),
     28},
    {"shape is not an array of 1 or 2", HEADER(METADATA, W0 "," B0 "," W1 "," TENSOR("layers.1.bias", "", 20, 28)), 28},
    {"shape is not an array of 1 or 2", HEADER(METADATA, W0 "," B0 "," W1 "," TENSOR("layers.1.bias", "2,1,1", 20, 28)),
     28},
    {"shape is not an array of 1 or 2",
     HEADER(METADATA, W0 "," B0 "," W1 ",\"layers.1.bias\":{\"dtype\":\"F32\",\"data_offsets\":[20,28]}"), 28},
    {"not a positive integer", HEADER(METADATA, W0 "," B0 "," W1 "," TENSOR("layers.1.bias", "0", 20, 20)), 20},
    {"not a positive integer", HEADER(METADATA, W0 "," B0 "," W1 "," TENSOR("layers.1.bias", "-2", 20, 28)), 28},
    {"not a positive integer", HEADER(METADATA, W0 "," B0 "," W1 "," TENSOR("layers.1.bias", "2.0", 20, 28)), 28},
    {"not a positive integer", HEADER(METADATA, W0 "," B0 "," W1 "," TENSOR("layers.1.bias", "\"2\"", 20, 28)), 28},
    {"product of its shape overflows",
     HEADER(METADATA, W0 "," B0 "," W1 "," TENSOR("layers.1.bias", "4294967296,4294967296", 20, 28)), 28},
    {"product of its shape overflows",
     HEADER(METADATA, W0 "," B0 "," W1 "," TENSOR("layers.1.bias", "4611686018427387906", 20, 28)), 28},
    {"data_offsets is not an array of 2",
     HEADER(METADATA, W0 "," B0 "," W1 ",\"layers.1.bias\":{\"dtype\":\"F32\",\"shape\":[2]}"), 28},
    {"data_offsets is not an array of 2",
     HEADER(METADATA, W0 "," B0 "," W1 ",\"layers.1.bias\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[20]}"),
     28},
    {"data_offsets is not an array of 2",
     HEADER(METADATA,
            W0 "," B0 "," W1 ",\"layers.1.bias\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[20,28,36]}"),
     28},
    {"data_offsets is not an array of 2", HEADER(METADATA, W0 "," B0 "," W1 "," TENSOR("layers.1.bias", "2", -8, 0)),
     28},
    {"data_offsets is not an array of 2", HEADER(METADATA, W0 "," B0 "," W1 "," TENSOR("layers.1.bias", "2", 20, 28.0)),
     28},
    {"data_offsets are 28 and 20; its shape needs 18446744073709551608 bytes",
     HEADER(METADATA, W0 "," B0 "," W1 "," TENSOR("layers.1.bias", "4611686018427387902", 28, 20)), 28},
    {"data_offsets are 28 and 20; its shape needs 8 bytes",
     HEADER(METADATA, W0 "," B0 "," W1 "," TENSOR("layers.1.bias", "2", 28, 20)), 28},
    {"data_offsets are 20 and 24; its shape needs 8 bytes",
     HEADER(METADATA, W0 "," B0 "," W1 "," TENSOR("layers.1.bias", "2", 20, 24)), 24},
    {"data_offsets are 20 and 32; its shape needs 8 bytes",
     HEADER(METADATA, W0 "," B0 "," W1 "," TENSOR("layers.1.bias", "2", 20, 32)), 32},
    {"needs 4000000000000 bytes",
     HEADER(METADATA, W0 "," B0 "," W1 "," TENSOR("layers.1.bias", "1000000,1000000", 20, 28)), 28},
    /* where tensors are */
    {"tensor layers.1.bias: data begins at 24, but",
     HEADER(METADATA, W0 "," B0 "," W1 "," TENSOR("layers.1.bias", "2", 24, 32)), 32},
    {"tensor layers.1.bias: data begins at 16, but",
     HEADER(METADATA, W0 "," B0 "," W1 "," TENSOR("layers.1.bias", "2", 16, 24)), 24},
    {"data begins at 0, but that of the tensor before it ends at",
     HEADER(METADATA, W0 "," B0 "," W1 "," TENSOR("layers.1.bias", "2", 0, 8)), 20},
    {"tensor layers.0.weight: data begins at 4, but",
     HEADER(METADATA, TENSOR("layers.0.weight", "1,1", 4, 8) "," TENSOR("layers.0.bias", "1", 8, 12)), 12},
    {"its tensors have 28 bytes, but 27 follow the header", HEADER(METADATA, TENSORS), 27},
    {"its tensors have 28 bytes, but 29 follow the header", HEADER(METADATA, TENSORS), 29},
    {"its tensors have 28 bytes, but 0 follow the header", HEADER(METADATA, TENSORS), 0},
    {"its tensors have 4000000000004 bytes, but 8 follow",
     HEADER(METADATA, TENSOR("layers.0.weight", "1000000,1000000", 0,
                             4000000000000) "," TENSOR("layers.0.bias", "1", 4000000000000, 4000000000004)),
     8},
    /* what tensors are to each other */
    {"tensor layers.0.weight does not have 2 dimensions",
     HEADER(METADATA, TENSOR("layers.0.weight", "2", 0, 8) "," B0 "," W1 "," B1), 28},
    {"tensor layers.1.bias does not have 1 dimension",
     HEADER(METADATA, W0 "," B0 "," W1 "," TENSOR("layers.1.bias", "1,2", 20, 28)), 28},
    {"tensor layers.1.weight has 2 rows; the layer before it has width 1",
     HEADER(METADATA, W0 "," B0 "," TENSOR("layers.1.weight", "2,1", 12, 20) "," TENSOR("layers.1.bias", "2", 20, 28)),
     28},
    {"tensor layers.1.bias has 1 elements; the layer has width 2",
     HEADER(METADATA, W0 "," B0 "," W1 "," TENSOR("layers.1.bias", "1", 20, 24)), 24},
};

Test(refused, invalid_headers) {
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        test_write_model_file("model", refusals[i].header, refusals[i].data_size);
        refuse(TP_ERR_FORMAT, refusals[i].fragment);
    }
}

static void refuse_bytes(const void *file, size_t size, const char *fragment) {
    tp_test_write_file("model", file, size);
    refuse(TP_ERR_FORMAT, fragment);
}

static void count_message(void *user, tp_status status, const char *message) {
    (void)status, (void)message;
    ++*(int *)user;
}

Test(refused, the_caller_hears_of_a_failure_once) {
    int heard = 0;
    tp_context copy = *context;
    copy.on_message = count_message, copy.message_user = &heard;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        tp_model *model = NULL;
        test_write_model_file("model", refusals[i].header, refusals[i].data_size);
        heard = 0;
        cr_expect_eq(tp_model_load(&copy, tp_test_in_scratch("model"), &model), TP_ERR_FORMAT);
        cr_expect_eq(heard, 1, "%s: %d messages", refusals[i].fragment, heard);
        size_t size;
        unsigned char *bytes = test_bytes_of_file("model", &size);
        cr_expect_eq(tp_model_read(&copy, bytes, size, &model), TP_ERR_FORMAT);
        cr_expect_eq(heard, 2, "%s: %d messages", refusals[i].fragment, heard);
        tp_model_options options;
        tp_layer layers[TP_MAX_LAYERS];
        cr_expect_eq(tp_model_describe_file(&copy, tp_test_in_scratch("model"), &options, layers), TP_ERR_FORMAT,
                     "%s: described", refusals[i].fragment);
        cr_expect_eq(heard, 3, "%s: %d messages", refusals[i].fragment, heard);
        free(bytes);
    }
}

Test(refused, invalid_header_length) {
    unsigned char file[MAX_FILE];
    const size_t size = test_compose_model(HEADER(METADATA, TENSORS), 28, file);
    for (size_t prefix = 0; prefix < 8; prefix++)
        refuse_bytes(file, prefix, "a safetensors file has at least 8");
    refuse_bytes("\1\0\0\0\0\0\0", 8, "truncated: header length is 1, but 0 bytes follow");
    refuse_bytes("\377\377\377\377\377\377\377\377", 8,
                 "header length is 18446744073709551615; it must be at most 262144");
    memcpy(file, "\1\0\4\0\0\0\0\0", 8);
    tp_test_write_file("model", file, size);
    cr_assert_eq(truncate(tp_test_in_scratch("model"), 262144 + 100), 0);
    refuse(TP_ERR_FORMAT, "header length is 262145; it must be at most 262144");
    file[0] = 0;
    tp_test_write_file("model", file, size);
    cr_assert_eq(truncate(tp_test_in_scratch("model"), 262144 + 8), 0);
    refuse(TP_ERR_FORMAT, "header is not valid JSON");
}

/* The parser calls itself for each level. */
Test(refused, deep_header) {
    char header[1000] = "";
    for (size_t depth = 1; depth < 400; depth++) {
        memset(header, '[', depth);
        memset(header + depth, ']', depth);
        header[2 * depth] = '\0';
        test_write_model_file("model", header, 0);
        refuse(TP_ERR_FORMAT, depth > 8 ? "header has more than 8 levels of brackets" : "is not a JSON object");
    }
    test_accept_model(HEADER(METADATA ",\"a\":\"[[[[[[[[[[[[[[[[[\\\"[[[[\"", TENSORS));
}

Test(refused, zero_byte_in_header) {
    unsigned char file[MAX_FILE];
    const size_t size = test_compose_model(HEADER(METADATA, TENSORS) " ", 28, file);
    file[size - 29] = 0;
    refuse_bytes(file, size, "header is not valid JSON");
}

Test(refused, too_many_tensors) {
    char header[MAX_FILE] = "{\"__metadata__\":{" METADATA "}";
    for (int i = 0; i <= 2 * TP_MAX_LAYERS + 5; i++)
        sprintf(header + strlen(header), ",\"%d\":{}", i);
    strcat(header, "}");
    test_write_model_file("model", header, 0);
    refuse(TP_ERR_FORMAT, "holds 134 tensors; a model has 2 to 133");
}

#define LATER(tensors) HEADER("\"format\":\"tileprop\",\"version\":\"7.8.9\",\"format_version\":\"3\"", tensors)

/* The file names the version that can read it, whatever its tensors are. */
Test(refused, a_later_format) {
    static const char *const headers[] = {
        LATER(TENSORS),
        LATER(TENSOR("layers.0.kernel", "1,2,1", 0, 8)),
        LATER("\"a\":{\"dtype\":\"BF16\",\"shape\":[14],\"data_offsets\":[0,28]}"),
        LATER("\"a\":{},\"b\":{\"parts\":[]}"),
    };
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        test_write_model_file("model", headers[i], 28);
        refuse(TP_ERR_UNSUPPORTED, "is in format 3 of tileprop 7.8.9, which can read it; this is 0.2.0");
    }
    test_write_model_file("model", HEADER("\"format\":\"tileprop\",\"format_version\":\"x\"", TENSORS), 28);
    refuse(TP_ERR_FORMAT, "format_version is not valid: \"x\"");
}

Test(refused, every_prefix) {
    unsigned char file[MAX_FILE];
    const size_t size = test_compose_model(HEADER(METADATA, TENSORS), 28, file);
    for (size_t prefix = 8; prefix < size; prefix++)
        refuse_bytes(file, prefix, prefix < size - 28 ? "truncated: header length" : "follow the header");
}

/* The same of a file and of its bytes in memory. */
static bool is_model(const char *path, const unsigned char *bytes, size_t size) {
    tp_model *model = NULL, *copy = NULL;
    const tp_status status = tp_model_load(context, path, &model);
    cr_assert(status == TP_ERR_FORMAT || status == TP_ERR_UNSUPPORTED ? !model : !status && model, "%d", (int)status);
    cr_assert_eq(tp_model_read(context, bytes, size, &copy), status);
    cr_assert_eq(!copy, !model);
    tp_model_destroy(copy);
    tp_model_destroy(model);
    return !status;
}

/* Any byte of length and header replaced by any of a few: a model or a refusal, but never a fault or a leak. */
Test(refused, every_byte_replaced) {
    const unsigned char replacements[] = {0, '0', '9', '"', ',', '{', '}', '[', '-', 0xff};
    unsigned char file[MAX_FILE];
    size_t loaded = 0;
    const size_t size = test_compose_model(HEADER(METADATA, TENSORS), 28, file);
    const char *path = tp_test_in_scratch("model");
    FILE *out = fopen(path, "wb");
    fwrite(file, 1, size, out);
    for (size_t i = 0; i < size - 28; i++) {
        const unsigned char byte = file[i];
        for (size_t r = 0; r < sizeof replacements; r++) {
            fseek(out, (long)i, SEEK_SET);
            fputc(file[i] = replacements[r], out);
            fflush(out);
            loaded += is_model(path, file, size);
        }
        fseek(out, (long)i, SEEK_SET);
        fputc(file[i] = byte, out);
    }
    fclose(out);
    cr_expect_gt(loaded, 0);
    test_accept_model(HEADER(METADATA, TENSORS));
}

/* ---- damage ---- */

Test(refused, damaged_parameters) {
    unsigned char file[MAX_FILE];
    const size_t size = test_compose_model(HEADER(METADATA, TENSORS), 28, file);
    for (size_t bit = 0; bit < 8 * 28; bit++) {
        unsigned char *byte = &file[size - 28 + bit / 8];
        *byte = (unsigned char)(*byte ^ 1 << bit % 8);
        refuse_bytes(file, size, "damaged: the SHA-256 of its tensors is ");
        *byte = (unsigned char)(*byte ^ 1 << bit % 8);
    }
    cr_expect(strstr(tp_test_message(context), "; __metadata__ has " DIGEST), "%s", tp_test_message(context));
    tp_test_write_file("model", file, size);
    tp_model_destroy(test_load_model("model"));
}

/* ---- files ---- */

Test(refused, files_that_cannot_be_read) {
    refuse_load(TP_ERR_IO, "cannot open: No such file or directory");
    cr_assert_eq(mkdir(tp_test_in_scratch("model"), 0700), 0);
    refuse_load(TP_ERR_IO, "is a directory");
    cr_assert_eq(rmdir(tp_test_in_scratch("model")), 0);
    cr_assert_eq(mkfifo(tp_test_in_scratch("model"), 0600), 0);
    refuse_load(TP_ERR_IO, "is not a regular file");
}
