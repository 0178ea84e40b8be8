/* SPDX-License-Identifier: BSD-3-Clause */
/* The one file of src/ that prints and ends the process, because that is what cblas_xerbla is. */
#include "cblas/cblas.h"
#include "cblas/xerbla.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

_Thread_local bool tp_cblas_row_major;

int tp_cblas_position(int parameter) {
    static const int swapped[] = {[4] = 5, [5] = 4, [8] = 10, [9] = 11, [10] = 8, [11] = 9};
    const int count = sizeof swapped / sizeof *swapped;
    const bool swaps = tp_cblas_row_major && parameter >= 0 && parameter < count && swapped[parameter];
    return swaps ? swapped[parameter] : parameter;
}

__attribute__((weak)) void cblas_xerbla(int parameter, const char *routine, const char *format, ...) {
    if (parameter)
        fprintf(stderr, "Parameter %d to routine %s was incorrect\n", tp_cblas_position(parameter), routine);
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    exit(-1);
}
