/* SPDX-License-Identifier: BSD-3-Clause */
/* seeds TARGET DIRECTORY: writes the inputs from which fuzzing begins. */
#include "../support/archives.h"
#include "../support/onnx_nets.h"
#include "../support/require.h"
#include "../support/support.h"

#include "run.h"

#include <string.h>
#include <zlib.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char *directory;

static const char *path_of(const char *kind, size_t number) {
    static char path[512];
    snprintf(path, sizeof path, "%.400s/%s-%zu", directory, kind, number);
    return path;
}

static void write_seed(const char *kind, size_t number, const void *data, size_t size) {
    FILE *file = fopen(path_of(kind, number), "wb");
    require(file && fwrite(data, 1, size, file) == size && !fclose(file));
}

/* ---- models, saved by the library ---- */

static void save_model(size_t number, size_t layers, const tp_layer *layer, tp_loss loss) {
    tp_context *context = tp_test_context(NULL, 1);
    tp_model *model = NULL;
    tp_model_options options;
    tp_model_options_default(&options);
    options.inputs = 2, options.layer_count = layers, options.layers = layer, options.loss = loss;
    options.inputs_scaled = (tp_scaling){1, &(const double){0.5}, &(const double){0.25}};
    if (loss == TP_LOSS_MSE) /* with a pair for each of its 3 outputs */
        options.outputs_scaled = (tp_scaling){3, (const double[]){0, 1, 2}, (const double[]){3, 4, 5}};
    require(!tp_model_create(context, &options, &model) && !tp_model_set_note(model, "note.a", "\xc3\xa9\t\""));
    require(!tp_model_save(model, path_of("model", number)));
    tp_model_destroy(model);
    tp_context_destroy(context);
}

/* A header that is refused, because of a tensor with a name too long for a message. */
static void write_long_name(void) {
    char seed[256] = {0};
    const int length = snprintf(seed + 8, sizeof seed - 8, "{\"%0150d\":{},\"b\":{}}", 0);
    seed[0] = (char)length;
    write_seed("refused", 0, seed, 8 + (size_t)length);
}

/* Without a digest, so that changed parameters are still a model. */
static void write_model_without_digest(void) {
    static const char header[] = "{\"__metadata__\":{\"format\":\"tileprop\",\"loss\":\"mse\",\"input_mean\":\"0\","
                                 "\"input_deviation\":\"1\",\"layers.0.activation\":\"relu\"},"
                                 "\"layers.0.weight\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[0,8]},"
                                 "\"layers.0.bias\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,12]}}";
    enum { LENGTH = sizeof header - 1 };
    char seed[8 + LENGTH + 12] = {(char)(LENGTH & 255), (char)(LENGTH >> 8)};
    memcpy(seed + 8, header, LENGTH);
    write_seed("old", 0, seed, sizeof seed);
}

/* The same with the schema of one number. */
static void write_model_with_schema(void) {
#define COLUMN(index)                                                                                                  \
    "{\"index\":[" index "],\"name\":[\"a\"],\"mean\":[1],\"deviation\":[2],\"minimum\":[0],"                          \
    "\"maximum\":[3],\"missing\":[0]}"
    static const char schema[] =
        "{\"task\":\"regression\",\"missing\":\"error\",\"unknown\":\"error\","
        "\"scaling\":\"none\",\"columns\":2,\"features\":" COLUMN("0") ",\"targets\":" COLUMN("1") "}";
    char header[512], seed[2048] = {0};
    const int length = snprintf(header, sizeof header,
                                "{\"__metadata__\":{\"format\":\"tileprop\",\"loss\":\"mse\",\"input_mean\":\"0\","
                                "\"input_deviation\":\"1\",\"layers.0.activation\":\"relu\"},"
                                "\"layers.0.weight\":{\"dtype\":\"F32\",\"shape\":[1,1],\"data_offsets\":[0,4]},"
                                "\"layers.0.bias\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]},"
                                "\"schema\":{\"dtype\":\"U8\",\"shape\":[%zu],\"data_offsets\":[8,%zu]}}",
                                sizeof schema - 1, sizeof schema + 7);
    require(length > 0 && (size_t)length < sizeof header);
    seed[0] = (char)(length & 255), seed[1] = (char)(length >> 8);
    memcpy(seed + 8, header, (size_t)length);
    memcpy(seed + 16 + length, schema, sizeof schema - 1);
    write_seed("schema", 0, seed, 16 + (size_t)length + sizeof schema - 1);
}

static void write_models(void) {
    const tp_layer one[] = {{1, TP_ACTIVATION_SIGMOID, 0, 0}},
                   two[] = {{3, TP_ACTIVATION_LEAKY_RELU, 0.01f, 0}, {2, TP_ACTIVATION_SOFTMAX, 0, 0}};
    const tp_layer three[] = {
        {2, TP_ACTIVATION_TANH, 0, 0}, {1, TP_ACTIVATION_RELU, 0, 0}, {3, TP_ACTIVATION_IDENTITY, 0, 0}};
    save_model(0, COUNT(one), one, TP_LOSS_BCE);
    save_model(1, COUNT(two), two, TP_LOSS_CCE);
    save_model(2, COUNT(three), three, TP_LOSS_MSE);
    write_long_name();
    write_model_without_digest();
    write_model_with_schema();
}

/* ---- models as ONNX files ---- */

static void write_onnx(void) {
#ifdef TP_HAVE_LIBPROTOBUF_C
    static unsigned char bytes[16384];
    tp_context *context = tp_test_context(NULL, 1);
    const char *name;
    tp_model *model;
    for (size_t i = 0; (model = tp_test_onnx_net(context, i, &name)); i++) {
        size_t size = 0;
        require(!tp_model_write_onnx(model, bytes, sizeof bytes, &size));
        write_seed(name, i, bytes, size);
        tp_model_destroy(model);
    }
    tp_context_destroy(context);
#endif
}

/* ---- checkpoints, after each step and at the end ---- */

static void write_checkpoints(void) {
    tp_context *context = tp_test_context(NULL, 1);
    struct fuzz_run run;
    fuzz_run_open(context, &run);
    for (uint64_t step = 0; step <= FUZZ_RUN_STEPS; step++) {
        run.stop_at = step;
        if (step)
            require(tp_trainer_run(run.trainer) == TP_ERR_STOPPED);
        require(!tp_trainer_save(run.trainer, path_of("step", step)));
    }
    require(!tp_trainer_run(run.trainer) && !tp_trainer_save(run.trainer, path_of("end", 0)));
    fuzz_run_close(&run);
    tp_context_destroy(context);
    for (size_t i = 0; i < 64; i++) {
        const unsigned char change[] = {(unsigned char)(i * 8), 0, '1' + i % 9, (unsigned char)(i * 8 + 4), 0, '0'};
        write_seed("change", i, change, i % 2 ? 3 : sizeof change);
    }
}

/* ---- IDX files ---- */

struct file {
    size_t size;
    unsigned char bytes[64];
};

static const struct file idx_files[] = {
    {12, {0, 0, 8, 1, 0, 0, 0, 4, 0, 1, 2, 255}},
    {18, {0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 253, 254, 255}},
    {20, {0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2, 9, 8, 7, 6}},
    {16, {0, 0, 12, 1, 0, 0, 0, 2, 0, 0, 0, 7, 0x80, 0, 0, 0}},
    {20, {0, 0, 13, 2, 0, 0, 0, 2, 0, 0, 0, 1, 0x3f, 0x80, 0, 0, 0x7f, 0xc0, 0, 0}},
    {10, {0, 0, 9, 1, 0, 0, 0, 2, 127, 128}},
    {12, {0, 0, 11, 1, 0, 0, 0, 2, 0x7f, 0xff, 0x80, 0}},
    {24, {0, 0, 14, 1, 0, 0, 0, 2, 0x3f, 0xf0, 0, 0, 0, 0, 0, 1, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0}},
    {16, {0, 0, 14, 1, 0, 0, 0, 1, 0x7f, 0xef, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}},
    {8, {0, 0, 8, 1, 0xff, 0xff, 0xff, 0xff}},
    {37,
     {0, 0, 8, 8, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 5}},
};

static struct file zipped(const struct file *file) {
    struct file out = {0};
    z_stream z = {.next_in = (Bytef *)(uintptr_t)file->bytes, .avail_in = (uInt)file->size, .next_out = out.bytes};
    z.avail_out = sizeof out.bytes;
    require(deflateInit2(&z, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    require(deflate(&z, Z_FINISH) == Z_STREAM_END);
    out.size = z.total_out;
    deflateEnd(&z);
    return out;
}

static void write_idx(void) {
    for (size_t i = 0; i < COUNT(idx_files); i++) {
        const struct file gz = zipped(&idx_files[i]);
        write_seed("plain", i, idx_files[i].bytes, idx_files[i].size);
        write_seed("gzip", i, gz.bytes, gz.size);
    }
}

/* Each with choices at its end: how to compress it, and every kind of damage. */
static void write_idx_gz(void) {
    for (size_t i = 0; i < COUNT(idx_files) * 4; i++) {
        struct file seed = idx_files[i / 4];
        for (size_t j = 0; j < 24; j++)
            seed.bytes[seed.size++] = (unsigned char)tp_test_random(i, j);
        write_seed("choices", i, seed.bytes, seed.size);
    }
}

/* ---- tables ---- */

static void write_archives(void) {
#ifdef TP_HAVE_LIBZIP
    static const char dictionary[] = "{'descr': '<i2', 'fortran_order': False, 'shape': (2, 2)}";
    static const char names[] = "{'descr': '<U1', 'fortran_order': False, 'shape': (3,)}";
    static const zip_int32_t methods[] = {ZIP_CM_STORE, ZIP_CM_DEFLATE};
    for (size_t i = 0; i < COUNT(methods); i++) {
        tp_test_npz_add(path_of("npz", i), "X.npy", dictionary, "01234567", 8, methods[i]);
        tp_test_npz_add(path_of("npz", i), "y.npy", "{'descr': '|u1', 'fortran_order': True, 'shape': (2,)}", "01", 2,
                        methods[i]);
        tp_test_npz_add(path_of("npz", i), "names.npy", names, "a\0\0\0b\0\0\0c\0\0\0", 12, methods[i]);
    }
#endif
}

static void write_tables(void) {
    static const char *const headers[] = {"{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2), }",
                                          "{'descr': '>i2', 'fortran_order': False, 'shape': (4, 2), }",
                                          "{'descr': '<U2', 'fortran_order': False, 'shape': (2,), }"};
    static const char *const texts[] = {"1 1:2 3:.5 # a\n-1 qid:1 2:1e3\n", "# no row\n"};
    char file[128];
    for (size_t i = 0; i < COUNT(headers); i++) {
        const int length = snprintf(file, sizeof file, "\x93NUMPY\1%c%c%c%s0123456789abcdef", 0,
                                    (int)strlen(headers[i]), 0, headers[i]);
        write_seed("npy", i, file, (size_t)length);
    }
    for (size_t i = 0; i < COUNT(texts); i++)
        write_seed("text", i, texts[i], strlen(texts[i]));
    write_archives();
    write_idx();
}

/* ---- answers of CPUID ---- */

struct answers {
    uint64_t xcr0;
    uint32_t leaves[6][6];
};

/* leaf, subleaf, eax, ebx, ecx, edx */
static const struct answers machines[] = {
    {0x7, {{0, 0, 13, 0x756e6547, 0x6c65746e, 0x49656e69}, {1, 0, 0, 0, 0x18001000, 0}, {7, 0, 0, 0x20, 0, 0}}},
    {0xe7,
     {{0, 0, 32, 0x756e6547, 0x6c65746e, 0x49656e69},
      {1, 0, 0, 0, 0x18001000, 0},
      {7, 0, 0, 0xc0030020, 0, 0},
      {4, 0, 0x21, 0x02c0003f, 63, 0},
      {4, 2, 0x43, 0x03c0003f, 2047, 0},
      {4, 3, 0x63, 0x0380003f, 114687, 0}}},
    {0x7,
     {{0, 0, 16, 0x68747541, 0x444d4163, 0x69746e65},
      {1, 0, 0, 0, 0x18001000, 0},
      {7, 0, 0, 0x20, 0, 0},
      {0x8000001d, 0, 0x21, 0x01c0003f, 63, 0},
      {0x8000001d, 2, 0x43, 0x01c0003f, 1023, 0}}},
};

static void write_cpuid(void) {
    for (size_t i = 0; i < COUNT(machines); i++) {
        unsigned char seed[9 + sizeof machines->leaves] = {0};
        memcpy(seed, &machines[i].xcr0, 8);
        seed[8] = 16;
        memcpy(seed + 9, machines[i].leaves, sizeof machines->leaves);
        write_seed("machine", i, seed, sizeof seed);
    }
}

/* ---- the rest ---- */

static void write_options(void) {
#define TEN "1,1,1,1,1,1,1,1,1,1,"
    static const char *const lines[] = {
        /* the limits, and beyond them: 64 sizes, a number that is below 1, but not as a float */
        "train\n--data=d\n--hidden=" TEN TEN TEN TEN TEN TEN "1,1,1",
        "train\n--data=d\n--hidden=" TEN TEN TEN TEN TEN TEN "1,1,1,1",
        "train\n--data=d\n--momentum=0.99999994\n--epochs=4294967295\n--batch=1048576",
        "train\n--data=d\n--momentum=0.99999999",
        "train\n--data\nd\n--hidden\n512,256\n--activation\ntanh\n--loss\nbce\n--optimizer\nsgd\n--lr\n0.1",
        "train\n--data=d\n--hidden=none\n--schedule=step\n--step-every=2\n--step-factor=0.5\n--warmup=3\n--clip=1",
        "train\n--data\nd\n--init\nm\n--out\no\n--log\nl\n--seed\n18446744073709551615\n--no-shuffle\n--quiet\n--json",
        "train\n--data\nd\n--batch\n32\n--epochs\n2\n--validation\n0.1\n--weight-decay\n1e-4\n--momentum\n0.99",
        "train\n--data\nd\n--init-weights\nhe_normal\n--scaling\nstandard\n--threads\n2\n--isa\nscalar",
        "evaluate\n--model\nm\n--data\nd\n--split\ntrain\n--json",
        "predict\n--model\nm\n--input\ni\n--output\no\n--top\n3\n--isa\navx",
        "info\n--json\n--isa\nscalr",
        "train\n--data=d\n--warmup=576",
        "train\n--help",
        "train\n--lerning-rate\n1\n--",
        "predict\n-x\nmore",
    };
    for (size_t i = 0; i < COUNT(lines); i++)
        write_seed("line", i, lines[i], strlen(lines[i]));
}

static void write_csv(void) {
    static const char *const texts[] = {
        "a,b\n1,x\n2,y\n3,x\n",    "a;b\r\n1.5;\"x\n\"\"y\"\r\n\r\n-2e-5;?\r\n",
        "1\t2\r3\tNA\rinf\t1e400", "\xef\xbb\xbf\"a\"\"\",\n1, 2 \n",
        "a\n\"never closed\n",     "a,b\n1\"2,3\n1,2,3\n",
    };
    for (size_t i = 0; i < COUNT(texts); i++)
        write_seed("text", i, texts[i], strlen(texts[i]));
}

/* A run that is asked to stop after a step that made its parameters infinite. */
static const unsigned char diverged[] = {0x11, 0x17, 0xc1, 0xd9, 0xf8, 0x1d, 0xa2, 0x66, 0x1e, 0xc0, 0x5e, 0x96, 0x70,
                                         0xfb, 0x73, 0xc3, 0x29, 0x90, 0xd4, 0x4a, 0xbe, 0x33, 0xc4, 0xed, 0xc2, 0x48,
                                         0x9c, 0x26, 0x5a, 0x72, 0x71, 0x2c, 0x10, 0x27, 0xf0, 0xab, 0xd0, 0x34, 0x74,
                                         0x93, 0x1b, 0x6d, 0x9a, 0x96, 0xb7, 0x1e, 0xd1, 0x9a, 0x26, 0x3d, 0x01, 0x67,
                                         0x31, 0x9f, 0x82, 0x67, 0x31, 0x9f, 0x82, 0xaa, 0x0f, 0x73, 0x4e, 0xd9};

static void write_training(void) {
    for (size_t i = 0; i < 64; i++) {
        unsigned char seed[64];
        for (size_t j = 0; j < sizeof seed; j++)
            seed[j] = (unsigned char)tp_test_random(i, j);
        write_seed("choices", i, seed, sizeof seed);
    }
    write_seed("diverged", 0, diverged, sizeof diverged);
}

int main(int argc, char **argv) {
    static const struct {
        const char *target;
        void (*write)(void);
    } targets[] = {{"safetensors", write_models},
                   {"onnx", write_onnx},
                   {"checkpoint", write_checkpoints},
                   {"idx", write_idx},
                   {"idx_gz", write_idx_gz},
                   {"cpuid", write_cpuid},
                   {"options", write_options},
                   {"training", write_training},
                   {"csv", write_csv},
                   {"table", write_tables}};
    require(argc == 3);
    directory = argv[2];
    for (size_t i = 0; i < COUNT(targets); i++) {
        if (!strcmp(argv[1], targets[i].target)) {
            targets[i].write();
            return 0;
        }
    }
    fprintf(stderr, "seeds: there is no target %s\n", argv[1]);
    return 1;
}
