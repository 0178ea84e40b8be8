! SPDX-License-Identifier: BSD-3-Clause
! Groups of MPI processes for Fortran, with communicators as the modules mpi and mpi_f08 (comm%MPI_VAL) have them. The
! functions are those of tileprop_mpi.h. Programs compile this file with their MPI's compiler.
module tileprop_mpi
    use, intrinsic :: iso_c_binding
    use tileprop_objects, only: tp_context, handle
    implicit none
    private
    public :: tp_mpi_group_create, tp_mpi_group_get, tp_mpi_group_destroy

    interface
        function c_create(context, communicator, group) result(status) bind(c, name='tp_mpi_group_create_f')
            import :: c_ptr, c_int
            type(c_ptr), value :: context
            integer(c_int), value :: communicator
            type(c_ptr), intent(inout) :: group
            integer(c_int) :: status
        end function

        ! For tp_train_options%group.
        function tp_mpi_group_get(group) result(pointer) bind(c)
            import :: c_ptr
            type(c_ptr), value :: group
            type(c_ptr) :: pointer
        end function

        subroutine tp_mpi_group_destroy(group) bind(c)
            import :: c_ptr
            type(c_ptr), value :: group
        end subroutine
    end interface

contains

    function tp_mpi_group_create(group, context, communicator) result(status)
        type(c_ptr), intent(inout) :: group
        type(tp_context), intent(in) :: context
        integer, intent(in) :: communicator
        integer(c_int) :: status
        status = c_create(handle(context), int(communicator, c_int), group)
    end function
end module
