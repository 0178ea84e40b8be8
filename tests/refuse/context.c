/* SPDX-License-Identifier: BSD-3-Clause */
#include "refuse/refuse.h"

CALL(context_create, tp_context_create(&now.context_options, now.context_out)){
    SILENT(WITH(context_out, NULL)),
    SILENT(WITH(context_options.struct_size, 0)),
    REFUSE_AS(TP_ERR_UNSUPPORTED, NULL, WITH(context_options.struct_size, 9999)),
    REFUSE("threads is -1; it must be 1..4096", WITH(context_options.threads, -1)),
    REFUSE("threads is -2147483648; it must be 1..4096", WITH(context_options.threads, INT_MIN)),
    REFUSE("threads is 4097; it must be 1..4096", WITH(context_options.threads, 4097)),
    REFUSE("threads is 2147483647; it must be 1..4096", WITH(context_options.threads, INT_MAX)),
    REFUSE("allocator has only one", WITH(context_options.allocator.allocate, NULL)),
    REFUSE("allocator has only one", WITH(context_options.allocator.release, NULL)),
    REFUSE_AS(TP_ERR_UNSUPPORTED, "isa: instruction set \"\" is unknown", WITH(context_options.isa, "")),
    REFUSE_AS(TP_ERR_UNSUPPORTED, "isa: instruction set \"avx1024\" is unknown", WITH(context_options.isa, "avx1024")),
    REFUSE_AS(TP_ERR_UNSUPPORTED, "isa: instruction set \"SCALAR\" is unknown", WITH(context_options.isa, "SCALAR")),
    REFUSE_AS(TP_ERR_UNSUPPORTED, "isa: instruction set \"scalar \" is unknown", WITH(context_options.isa, "scalar ")),
    REFUSE_AS(TP_ERR_UNSUPPORTED, "isa: instruction set \"%s%n\" is unknown", WITH(context_options.isa, "%s%n")),
};
CALL(context_set_threads, tp_context_set_threads(now.context, now.threads)){
    SILENT(WITH(context, NULL)),
    REFUSE("threads is -1; it must be 1..4096, or 0", WITH(threads, -1)),
    REFUSE("threads is -2147483648; it must be 1..4096", WITH(threads, INT_MIN)),
    REFUSE("threads is 4097; it must be 1..4096", WITH(threads, 4097)),
    REFUSE("threads is 2147483647; it must be 1..4096", WITH(threads, INT_MAX)),
};
CALL(context_machine, nothing(!tp_context_machine(now.context))){SILENT(WITH(context, NULL))};
CALL_VOID(context_options_init, tp_context_options_init(NULL, 64)){SILENT({0})};
CALL_VOID(context_destroy, tp_context_destroy(NULL)){SILENT({0})};
CALL(context_isa, nothing(!tp_context_isa(now.context))){SILENT(WITH(context, NULL))};
CALL(context_bf16, nothing(!tp_context_bf16(now.context))){SILENT(WITH(context, NULL))};
CALL(context_threads, nothing(!tp_context_threads(now.context))){SILENT(WITH(context, NULL))};
CALL(context_message, nothing(!tp_context_message(NULL, NULL, 0) && !tp_context_message(NULL, NULL, 5))){SILENT({0})};
CALL(context_set_message, tp_context_set_message(NULL, TP_ERR_ARGUMENT, "nobody hears")){SILENT({0})};

GROUP(refuse_context, FUNCTION(context_options_init, NULL_ONLY), FUNCTION(context_create, MANY),
      FUNCTION(context_destroy, NULL_ONLY), FUNCTION(context_isa, FEW), FUNCTION(context_bf16, FEW),
      FUNCTION(context_threads, FEW), FUNCTION(context_set_threads, FEW), FUNCTION(context_message, NULL_ONLY),
      FUNCTION(context_set_message, NULL_ONLY), FUNCTION(context_machine, FEW));
