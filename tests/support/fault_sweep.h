/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every file-system call of an operation fails once, in each of the ways that it may: the status and message say so or
 * the call was tried again, nothing leaks, a file that is saved is the old one or the new one, and a temporary file
 * stays only if it is the new one, complete, and the message names it. For programs that link as faults.h says, with
 * the fixture of scratch.h.
 */
#ifndef TP_TESTS_SUPPORT_FAULT_SWEEP_H
#define TP_TESTS_SUPPORT_FAULT_SWEEP_H

#include "faults.h"
#include "support.h"

enum { TEST_MAX_FILE = 65536 };

/* In the scratch directory: what operations save, over "old" and so that it is as "new". */
#define TEST_FAULT_FILE "file"

struct test_fault_operation {
    const char *name;
    void (*prepare)(void);             /* makes what there is before the operation */
    tp_status (*run)(void);            /* saves, or reads */
    size_t least;                      /* calls that it makes */
    void (*check)(void);               /* of what was read, which it releases; NULL for saving */
    void (*refused)(const char *what); /* checks after a failure; NULL if there is nothing to look at */
    bool creates;                      /* there is no file before */
    bool mounted;                      /* the file is a mount point */
};

/* What sweeps have done. */
struct test_tally {
    int cases, failures, seen[TEST_CALL_COUNT];
};

void test_fault_sweep(const struct test_fault_operation *operation, struct test_tally *tally);

/* Runs it once, with this error in call number at and, if unlink_error is not 0, that in each unlinkat. */
tp_status test_fault_run(const struct test_fault_operation *operation, size_t at, int error, int unlink_error);

/* Status and message of a run that failed. */
void test_check_failure(tp_status status, const char *what);

bool test_is_among(enum test_call call, const enum test_call *trace, size_t begin, size_t end);

/* Bytes of a file in the scratch directory; 0 if there is none. */
size_t test_read_scratch(const char *name, char data[TEST_MAX_FILE]);
bool test_same_files(const char *a, const char *b);
int test_scratch_entries(void);

/* The process has mounts of its own from now on; without permission the test is skipped. */
void test_may_mount(const char *what);

/* A device that is always full is not a file that can be replaced. */
void test_dev_full(tp_status (*save)(const char *path));

/* A file system of this process's own with room for the old file and too few pages. */
void test_disk_full(tp_status (*save)(const char *path));

#endif
