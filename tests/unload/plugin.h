/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_TESTS_UNLOAD_PLUGIN_H
#define TP_TESTS_UNLOAD_PLUGIN_H

#include <stdbool.h>

/* A product on two threads; true if it is right. */
__attribute__((visibility("default"))) bool plugin_run(void);

#endif
