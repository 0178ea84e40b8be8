/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Groups of MPI processes that train one model: tp_group by MPI, in the library tileprop_mpi. Programs include this
 * header besides tileprop.h, and link the library and the MPI that it was built with.
 */
#ifndef TILEPROP_TILEPROP_MPI_H
#define TILEPROP_TILEPROP_MPI_H

#include "tileprop/tileprop.h"

#include <mpi.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The processes of a communicator as a group. */
typedef struct tp_mpi_group tp_mpi_group;

/* Makes a group of the processes of communicator, which is duplicated: messages do not meet those of the program. Every
 * process of it must make the call. MPI must have been initialised, and if the context has more than one thread, with
 * MPI_THREAD_FUNNELED or more; MPI is called on the thread that calls the trainer. The group is in memory of MPI
 * (MPI_Alloc_mem). Errors of MPI in the group's exchanges become TP_ERR_IO; those of this call as well. */
TP_API tp_status tp_mpi_group_create(tp_context *context, MPI_Comm communicator, tp_mpi_group **group);
/* The same for the handle of a communicator in Fortran. */
TP_API tp_status tp_mpi_group_create_f(tp_context *context, MPI_Fint communicator, tp_mpi_group **group);
/* Releases the group, after the trainers that use it, and before MPI_Finalize. Every process must make the call. */
TP_API void tp_mpi_group_destroy(tp_mpi_group *group);

/* For tp_train_options.group; valid while the group lives. NULL if group is NULL. */
TP_API const tp_group *tp_mpi_group_get(const tp_mpi_group *group);

#ifdef __cplusplus
}
#endif

#endif
