/* SPDX-License-Identifier: BSD-3-Clause */
/* Any bytes as an ONNX file in memory: refused with a message, or a model that an ONNX file of ours does not change. */
#include "fuzz.h"

#include <string.h>

#define MAX_WRITTEN ((size_t)1 << 20)

static void require_round_trip(const tp_model *model) {
    static unsigned char onnx[MAX_WRITTEN], first[MAX_WRITTEN], second[MAX_WRITTEN];
    tp_model *again = NULL;
    size_t size = 0, needed = 0, length = 0;
    const tp_status status = tp_model_write_onnx(model, onnx, MAX_WRITTEN, &size);
    if (status == TP_ERR_UNSUPPORTED || status == TP_ERR_MEMORY) /* scaling that no floats are; names of many columns */
        return;
    require(!status);
    require(!tp_model_read_onnx(fuzz_context(), onnx, size, NULL, &again));
    require(!tp_model_write(model, first, MAX_WRITTEN, &needed));
    require(!tp_model_write(again, second, MAX_WRITTEN, &length) && length == needed);
    require(!memcmp(first, second, needed));
    tp_model_destroy(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    tp_model *model = NULL;
    const tp_status status = tp_model_read_onnx(fuzz_context(), data, size, NULL, &model);
    require(status == TP_OK || status == TP_ERR_FORMAT);
    require(!status == (model != NULL));
    if (status) {
        fuzz_require_message();
        return 0;
    }
    require_round_trip(model);
    tp_model_destroy(model);
    return 0;
}
