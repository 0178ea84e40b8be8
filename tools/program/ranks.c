/* SPDX-License-Identifier: BSD-3-Clause */
#include "ranks.h"
#include "command.h"
#include "report.h"

#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#ifdef TILEPROP_MPI

#include <tileprop/tileprop_mpi.h>

#define MESSAGE_SIZE 1200

static struct {
    bool started; /* by this program */
    tp_mpi_group *group;
    MPI_Comm communicator;
    int rank, machines, on_this;
} joined = {.communicator = MPI_COMM_NULL};

/* How many machines there are, and how many processes on the first one. */
static void count_machines(void) {
    MPI_Comm here;
    int rank_here;
    MPI_Comm_split_type(joined.communicator, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &here);
    MPI_Comm_rank(here, &rank_here);
    MPI_Comm_size(here, &joined.on_this);
    MPI_Comm_free(&here);
    const int first = rank_here == 0;
    MPI_Allreduce(&first, &joined.machines, 1, MPI_INT, MPI_SUM, joined.communicator);
    MPI_Bcast(&joined.on_this, 1, MPI_INT, 0, joined.communicator);
}

/* The others have nothing to say but why they fail. */
static int fall_silent(void) {
    if (joined.rank == 0)
        return EXIT_SUCCESS;
    complain_later();
    return freopen("/dev/null", "w", stdout) ? EXIT_SUCCESS : EXIT_FAILURE;
}

int ranks_open(const struct session *session, bool mpi) {
    int level;
    if (!mpi)
        return EXIT_SUCCESS;
    if (MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &level)) {
        complain("--mpi: MPI cannot be initialised");
        return EXIT_FAILURE;
    }
    joined.started = true;
    MPI_Comm_dup(MPI_COMM_WORLD, &joined.communicator);
    MPI_Comm_rank(joined.communicator, &joined.rank);
    count_machines();
    int code = fall_silent();
    if (!code)
        code = session_check(session, tp_mpi_group_create(session->context, joined.communicator, &joined.group));
    return ranks_agree(code);
}

void ranks_close(void) {
    if (!joined.started)
        return;
    tp_mpi_group_destroy(joined.group);
    MPI_Comm_free(&joined.communicator);
    MPI_Finalize();
    joined.started = false;
}

bool ranks_is_first(void) {
    return joined.rank == 0;
}

const tp_group *ranks_group(void) {
    return tp_mpi_group_get(joined.group);
}

void ranks_describe(char *text, size_t size, int threads) {
    if (joined.started)
        snprintf(text, size, ", %d x %d ranks x %d threads", joined.machines, joined.on_this, threads);
    else
        snprintf(text, size, ", %d threads", threads);
}

int ranks_agree(int code) {
    char message[MESSAGE_SIZE] = "";
    if (!joined.started)
        return code;
    const int own = code ? joined.rank : INT_MAX;
    int first;
    MPI_Allreduce(&own, &first, 1, MPI_INT, MPI_MIN, joined.communicator);
    if (first == INT_MAX)
        return EXIT_SUCCESS;
    if (first == joined.rank)
        complained_last(message, sizeof message);
    MPI_Bcast(&code, 1, MPI_INT, first, joined.communicator);
    MPI_Bcast(message, sizeof message, MPI_CHAR, first, joined.communicator);
    if (*message && first && joined.rank == 0)
        complain("rank %d: %s", first, message);
    return code;
}

uint64_t ranks_follow(uint64_t number) {
    int done = 0;
    MPI_Request request;
    if (!joined.started)
        return number;
    /* It is called in each step; MPI_Bcast may keep a processor that another process needs. */
    MPI_Ibcast(&number, 1, MPI_UINT64_T, 0, joined.communicator, &request);
    while (!MPI_Test(&request, &done, MPI_STATUS_IGNORE) && !done)
        sched_yield();
    return number;
}

void ranks_follow_bytes(void *bytes, int size) {
    if (joined.started)
        MPI_Bcast(bytes, size, MPI_BYTE, 0, joined.communicator);
}

#else

int ranks_open(const struct session *session, bool mpi) {
    (void)session;
    if (!mpi)
        return EXIT_SUCCESS;
    complain("--mpi: this build has no MPI (-D TILEPROP_BUILD_MPI=ON)");
    return EXIT_USAGE;
}

void ranks_close(void) {
}

bool ranks_is_first(void) {
    return true;
}

const tp_group *ranks_group(void) {
    return NULL;
}

void ranks_describe(char *text, size_t size, int threads) {
    snprintf(text, size, ", %d threads", threads);
}

int ranks_agree(int code) {
    return code;
}

uint64_t ranks_follow(uint64_t number) {
    return number;
}

void ranks_follow_bytes(void *bytes, int size) {
    (void)bytes;
    (void)size;
}

#endif
