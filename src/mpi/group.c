/* SPDX-License-Identifier: BSD-3-Clause */
#include "tileprop/tileprop_mpi.h"

#include <limits.h>
#include <sched.h>
#include <stdio.h>

/* Bytes of a block of messages that are too long for an int to count. */
#define BLOCK ((size_t)1 << 30)

struct tp_mpi_group {
    tp_group group;
    MPI_Comm communicator;
    MPI_Request request[TP_GROUP_SLOTS][2];
    char reason[MPI_MAX_ERROR_STRING + 64];
};

static tp_status fail(tp_mpi_group *g, const char *call, int error) {
    char text[MPI_MAX_ERROR_STRING];
    int length = 0;
    if (MPI_Error_string(error, text, &length))
        length = 0;
    snprintf(g->reason, sizeof g->reason, "%s: %.*s", call, length, text);
    return TP_ERR_IO;
}

/* So many bytes as one element: whole blocks, and the rest. */
static int make_type(size_t bytes, MPI_Datatype *type) {
    const int blocks = (int)(bytes / BLOCK);
    const int lengths[] = {1, (int)(bytes % BLOCK)};
    const MPI_Aint places[] = {0, (MPI_Aint)blocks * (MPI_Aint)BLOCK};
    MPI_Datatype block = MPI_DATATYPE_NULL, whole = MPI_DATATYPE_NULL;
    int error = MPI_Type_contiguous((int)BLOCK, MPI_BYTE, &block);
    if (!error)
        error = MPI_Type_contiguous(blocks, block, &whole);
    if (!error)
        error = MPI_Type_create_struct(2, lengths, places, (const MPI_Datatype[]){whole, MPI_BYTE}, type);
    if (!error)
        error = MPI_Type_commit(type);
    if (block != MPI_DATATYPE_NULL)
        MPI_Type_free(&block);
    if (whole != MPI_DATATYPE_NULL)
        MPI_Type_free(&whole);
    return error;
}

/* A message of any length. */
struct message {
    int count;
    MPI_Datatype type;
};

static int begin_message(size_t bytes, struct message *message) {
    *message = (struct message){(int)bytes, MPI_BYTE};
    if (bytes <= INT_MAX)
        return MPI_SUCCESS;
    message->count = 1;
    return make_type(bytes, &message->type);
}

/* MPI keeps the type as long as it needs it. */
static void end_message(struct message *message) {
    if (message->type != MPI_BYTE)
        MPI_Type_free(&message->type);
}

static int receive(tp_mpi_group *g, int slot, int peer, void *bytes, size_t size) {
    struct message message;
    int error = begin_message(size, &message);
    if (!error)
        error = MPI_Irecv(bytes, message.count, message.type, peer, slot, g->communicator, &g->request[slot][0]);
    end_message(&message);
    return error;
}

static int send(tp_mpi_group *g, int slot, int peer, const void *bytes, size_t size) {
    struct message message;
    int error = begin_message(size, &message);
    if (!error)
        error = MPI_Isend(bytes, message.count, message.type, peer, slot, g->communicator, &g->request[slot][1]);
    end_message(&message);
    return error;
}

static tp_status start(void *user, int slot, int peer, const void *sent, size_t send_bytes, void *received,
                       size_t receive_bytes) {
    tp_mpi_group *g = user;
    int error = receive(g, slot, peer, received, receive_bytes);
    if (error)
        return fail(g, "MPI_Irecv", error);
    error = send(g, slot, peer, sent, send_bytes);
    return error ? fail(g, "MPI_Isend", error) : TP_OK;
}

/* Waits without keeping the processor from other processes: some MPIs never give it up, which costs a time slice of the
 * system for each exchange where there are more processes than processors. */
static tp_status finish(void *user, int slot, bool wait, bool *done) {
    tp_mpi_group *g = user;
    MPI_Status ignored[2];
    int flag = 0;
    int error = MPI_Testall(2, g->request[slot], &flag, ignored);
    while (!error && wait && !flag) {
        sched_yield();
        error = MPI_Testall(2, g->request[slot], &flag, ignored);
    }
    *done = flag;
    return error ? fail(g, "MPI_Testall", error) : TP_OK;
}

static const char *reason(const void *user) {
    const tp_mpi_group *g = user;
    return g->reason;
}

static tp_status refuse(tp_context *context, tp_status status, const char *message) {
    return tp_context_set_message(context, status, message);
}

static tp_status check(tp_context *context) {
    int ready = 0, over = 0, level = MPI_THREAD_SINGLE;
    if (MPI_Initialized(&ready) || MPI_Finalized(&over) || !ready || over)
        return refuse(context, TP_ERR_ARGUMENT, "tp_mpi_group_create: MPI is not initialised");
    if (MPI_Query_thread(&level) || (level < MPI_THREAD_FUNNELED && tp_context_threads(context) > 1))
        return refuse(
            context, TP_ERR_UNSUPPORTED,
            "tp_mpi_group_create: for more than one thread MPI must be initialised with MPI_THREAD_FUNNELED or "
            "more");
    return TP_OK;
}

static tp_status fail_create(tp_context *context, const char *call, int error) {
    tp_mpi_group g;
    const tp_status status = fail(&g, call, error);
    return refuse(context, status, g.reason);
}

/* Errors come back instead of ending the program. */
static int open_communicator(MPI_Comm communicator, tp_mpi_group *g) {
    int rank, ranks;
    int error = MPI_Comm_dup(communicator, &g->communicator);
    if (!error)
        error = MPI_Comm_set_errhandler(g->communicator, MPI_ERRORS_RETURN);
    if (!error)
        error = MPI_Comm_rank(g->communicator, &rank);
    if (!error)
        error = MPI_Comm_size(g->communicator, &ranks);
    if (!error)
        g->group = (tp_group){sizeof g->group, rank, ranks, g, start, finish, reason};
    return error;
}

tp_status tp_mpi_group_create(tp_context *context, MPI_Comm communicator, tp_mpi_group **group) {
    if (!context)
        return TP_ERR_ARGUMENT;
    if (!group)
        return refuse(context, TP_ERR_ARGUMENT, "group is NULL");
    const tp_status status = check(context);
    if (status)
        return status;
    if (communicator == MPI_COMM_NULL)
        return refuse(context, TP_ERR_ARGUMENT, "tp_mpi_group_create: communicator is MPI_COMM_NULL");
    tp_mpi_group *g = NULL;
    int error = MPI_Alloc_mem((MPI_Aint)sizeof *g, MPI_INFO_NULL, &g);
    if (error)
        return fail_create(context, "MPI_Alloc_mem", error);
    *g = (tp_mpi_group){.communicator = MPI_COMM_NULL};
    error = open_communicator(communicator, g);
    if (error) {
        tp_mpi_group_destroy(g);
        return fail_create(context, "MPI_Comm_dup", error);
    }
    *group = g;
    return TP_OK;
}

tp_status tp_mpi_group_create_f(tp_context *context, MPI_Fint communicator, tp_mpi_group **group) {
    return tp_mpi_group_create(context, MPI_Comm_f2c(communicator), group);
}

void tp_mpi_group_destroy(tp_mpi_group *group) {
    if (!group)
        return;
    if (group->communicator != MPI_COMM_NULL)
        MPI_Comm_free(&group->communicator);
    MPI_Free_mem(group);
}

const tp_group *tp_mpi_group_get(const tp_mpi_group *group) {
    return group ? &group->group : NULL;
}
