/* SPDX-License-Identifier: BSD-3-Clause */
/* What cblas_sgemm tells the default handler and cannot pass to it. */
#ifndef TP_CBLAS_XERBLA_H
#define TP_CBLAS_XERBLA_H

#include <stdbool.h>

/* True while this thread reports an error of a row-major call. */
extern _Thread_local bool tp_cblas_row_major;

/* The parameter as the caller counts it. */
int tp_cblas_position(int parameter);

#endif
