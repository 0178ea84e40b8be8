/* SPDX-License-Identifier: BSD-3-Clause */
#include "model_compare.h"
#include "report.h"

#include <stdlib.h>
#include <string.h>

/* A model's file, without notes. */
struct image {
    unsigned char *bytes;
    size_t size;
};

static void forget_notes(tp_model *model) {
    for (const char *name; (name = tp_model_note_name(model, 0));)
        if (tp_model_set_note(model, name, NULL))
            return;
}

static int make_image(const struct session *session, tp_model *model, struct image *image) {
    forget_notes(model);
    int code = session_check(session, tp_model_write(model, NULL, 0, &image->size));
    image->bytes = code ? NULL : malloc(image->size);
    if (!code && !image->bytes) {
        complain("out of memory");
        return EXIT_FAILURE;
    }
    return code ? code : session_check(session, tp_model_write(model, image->bytes, image->size, &image->size));
}

static void print_place(const tp_model *model, size_t at, float first, float second) {
    tp_model_options shape;
    tp_model_describe(model, &shape);
    size_t layer = shape.layer_count;
    size_t weight = 0;
    size_t bias = 0;
    do
        tp_model_layer_offsets(model, --layer, &weight, &bias);
    while (weight > at);
    const size_t width = shape.layers[layer].width;
    if (at >= bias)
        printf("; the first is layer %zu, bias %zu: ", layer + 1, at - bias);
    else
        printf("; the first is layer %zu, weight (%zu, %zu): ", layer + 1, (at - weight) / width,
               (at - weight) % width);
    printf("%.9g, was %.9g\n", (double)second, (double)first);
}

/* 0 and -0 are not the same, a NaN is the same as itself. */
static uint32_t bits_of(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static void print_parameters(const tp_model *model, const float *first, const float *second, size_t count) {
    size_t different = 0;
    size_t at = count;
    for (size_t i = count; i-- > 0;) {
        if (bits_of(first[i]) == bits_of(second[i]))
            continue;
        different++;
        at = i;
    }
    if (!different) {
        printf("%-11s the same\n%-11s different: layers, scaling or columns\n", "parameters", "model");
        return;
    }
    printf("%-11s different: %zu of %zu", "parameters", different, count);
    print_place(model, at, first[at], second[at]);
}

static int print_difference(const tp_model *first, const tp_model *second) {
    const size_t count = tp_model_parameter_count(first);
    const size_t found = tp_model_parameter_count(second);
    if (count != found) {
        printf("%-11s different: %zu, were %zu\n", "parameters", found, count);
        return EXIT_FAILURE;
    }
    float *const parameters = calloc(2 * count, sizeof *parameters);
    if (!parameters)
        return complain("out of memory"), EXIT_FAILURE;
    tp_model_get_parameters(first, parameters, count);
    tp_model_get_parameters(second, parameters + count, count);
    print_parameters(first, parameters, parameters + count, count);
    free(parameters);
    return EXIT_FAILURE;
}

int model_compare(const struct session *session, tp_model *first, tp_model *second) {
    struct image images[2] = {{0}};
    int code = make_image(session, first, &images[0]);
    if (!code)
        code = make_image(session, second, &images[1]);
    const bool same =
        !code && images[0].size == images[1].size && !memcmp(images[0].bytes, images[1].bytes, images[0].size);
    char fingerprint[TP_FINGERPRINT_SIZE];
    if (same && !session_check(session, tp_model_fingerprint(second, fingerprint)))
        printf("%-11s the same, SHA-256 %s\nidentical\n", "parameters", fingerprint);
    else if (!code)
        code = print_difference(first, second);
    free(images[0].bytes);
    free(images[1].bytes);
    return code;
}
