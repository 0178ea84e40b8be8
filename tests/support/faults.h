/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Makes calls of the C library fail, one at a time. A program that uses this is linked with --wrap for every name in
 * the list in tests/CMakeLists.txt, so that what the library and the test call goes through here; what
 * shared libraries call among themselves does not. jansson allocates through here as well.
 */
#ifndef TP_TESTS_SUPPORT_FAULTS_H
#define TP_TESTS_SUPPORT_FAULTS_H

#include <stdbool.h>
#include <stddef.h>

enum test_call {
    TEST_STAT,
    TEST_STATX,
    TEST_OPENAT,
    TEST_FSTAT,
    TEST_PREAD,
    TEST_READLINKAT,
    TEST_GETRANDOM,
    TEST_WRITE,
    TEST_FCHOWN,
    TEST_FCHMOD,
    TEST_FTRUNCATE,
    TEST_FSYNC,
    TEST_RENAMEAT,
    TEST_CLOSE,
    TEST_READLINK,
    TEST_UNLINKAT,
    TEST_CALL_COUNT
};

enum { TEST_MAX_TRACE = 256 };

#define TEST_NEVER ((size_t)-1)
#define TEST_SHORT 0 /* as an error: half of the bytes are transferred */
#define TEST_NONE -1 /* as an error: no byte is transferred, and that is not called an error */

/* A call that changed something: the file's descriptor, or the name that was created, given or removed. */
struct test_event {
    enum test_call call;
    int descriptor;        /* openat: of the new file; renameat, unlinkat: of the directory */
    const char *name, *to; /* to: of renameat */
    const void *bytes;     /* that were written */
    size_t size;
};

/* Zero counts and what shall happen, then set armed around the call under test. */
struct test_faults {
    bool armed;
    /* file calls */
    size_t count;                                    /* while armed */
    enum test_call trace[TEST_MAX_TRACE];            /* which */
    size_t at;                                       /* the call that fails, from 0; or TEST_NEVER */
    int error;                                       /* errno, TEST_SHORT or TEST_NONE */
    int unlink_error;                                /* every unlinkat fails with it, if it is not 0 */
    void (*observe)(const struct test_event *event); /* hears of openat that creates, write, fsync, renameat and
                                                        unlinkat when they worked; may be NULL */
    unsigned created;                                /* permissions that the last new file had when it was created */
    /* allocations */
    size_t allocations; /* while armed, with those that were refused */
    size_t refuse;      /* the first that is refused, from 0; or TEST_NEVER */
    bool refuse_rest;   /* and all after it */
    size_t refused;     /* so many were */
    long live;          /* blocks that were taken and not given back, armed or not */
};

extern struct test_faults test_faults;

/* Nothing fails any more and the counts are 0, but for live. */
void test_faults_reset(void);

const char *test_call_name(enum test_call call);

#endif
