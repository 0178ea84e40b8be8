/* SPDX-License-Identifier: BSD-3-Clause */
/* Networks that have between them every activation, last activation and scaling, for tests of ONNX files. */
#ifndef TP_TESTS_ONNX_NETS_H
#define TP_TESTS_ONNX_NETS_H

#include "support/support.h"

#define TP_TEST_ONNX_INPUTS 7

/* Number i with its name; NULL behind the last one. The caller destroys it. */
tp_model *tp_test_onnx_net(tp_context *context, size_t i, const char **name);

#endif
