! SPDX-License-Identifier: BSD-3-Clause
! Training inside a simulation on many processes: a ring of pendulums with springs between neighbours, each process
! moves its own. Now and then all of them train one network on what they have seen, how a pendulum's acceleration
! follows from its angle, its speed and its neighbours' angles. The parameters, whose fingerprint is printed, are the
! same for 1, 2, 4 and 8 processes.
! Compile tileprop_mpi.f90 and this file with mpifort; link tileprop_fortran, tileprop_mpi and tileprop.
program chain
    use, intrinsic :: iso_c_binding
    use, intrinsic :: iso_fortran_env, only: real32, error_unit
    use mpi
    use tileprop
    use tileprop_mpi
    implicit none
    integer, parameter :: pendulums = 256, rounds = 4, steps = 50
    real(real32), parameter :: time_step = 0.02_real32
    real(real32), target :: x(4, pendulums * steps), y(1, pendulums * steps)
    real(real32), allocatable :: angle(:), speed(:)
    integer :: rank, ranks, own, level, error, i, round

    call MPI_Init_thread(MPI_THREAD_FUNNELED, level, error)
    call MPI_Comm_rank(MPI_COMM_WORLD, rank, error)
    call MPI_Comm_size(MPI_COMM_WORLD, ranks, error)
    own = pendulums / ranks
    allocate (angle(0:own + 1), speed(own))
    angle(1:own) = [(real(mod((rank * own + i) * 37, 64)) / 32 - 1, i=1, own)]
    speed = [(real(mod((rank * own + i) * 11, 64)) / 64 - 0.5, i=1, own)]
    call simulate()
    call MPI_Finalize(error)

contains

    ! The library's objects go before MPI does.
    subroutine simulate()
        type(tp_context) :: context
        type(tp_model) :: model
        type(tp_model_options) :: shape
        type(c_ptr) :: group
        character(TP_FINGERPRINT_SIZE - 1) :: fingerprint
        call tp_model_options_default(shape)
        shape%inputs = 4
        shape%loss = TP_LOSS_MSE
        call expect(tp_context_create(context), context)
        call expect(tp_mpi_group_create(group, context, MPI_COMM_WORLD), context)
        call expect(tp_model_create(model, context, shape, [tp_layer(32, TP_ACTIVATION_TANH), &
            tp_layer(1, TP_ACTIVATION_IDENTITY)]), context)
        do round = 1, rounds
            do i = 1, steps
                call record(x(:, (i - 1) * pendulums + 1:i * pendulums), y(:, (i - 1) * pendulums + 1:i * pendulums))
            end do
            call train(context, model, group)
        end do
        call expect(tp_model_fingerprint(model, fingerprint), context)
        if (rank == 0) print '(2a)', 'parameters ', fingerprint
        call tp_mpi_group_destroy(group)
    end subroutine

    subroutine meet_neighbours()
        integer :: left, right
        left = modulo(rank - 1, ranks)
        right = modulo(rank + 1, ranks)
        call MPI_Sendrecv(angle(own), 1, MPI_REAL, right, 0, angle(0), 1, MPI_REAL, left, 0, MPI_COMM_WORLD, &
            MPI_STATUS_IGNORE, error)
        call MPI_Sendrecv(angle(1), 1, MPI_REAL, left, 1, angle(own + 1), 1, MPI_REAL, right, 1, MPI_COMM_WORLD, &
            MPI_STATUS_IGNORE, error)
    end subroutine

    ! One step; all its samples on every process, in the order of the pendulums whatever the number of processes.
    subroutine record(x, y)
        real(real32), intent(out) :: x(4, pendulums), y(1, pendulums)
        real(real32) :: own_x(4, own), own_y(own)
        call meet_neighbours()
        own_x(1, :) = angle(1:own)
        own_x(2, :) = speed
        own_x(3, :) = angle(0:own - 1)
        own_x(4, :) = angle(2:own + 1)
        own_y = -2 * own_x(1, :) + 0.33 * own_x(1, :)**3 - 0.1 * speed + &
            0.5 * (own_x(3, :) - 2 * own_x(1, :) + own_x(4, :))
        speed = speed + time_step * own_y
        angle(1:own) = angle(1:own) + time_step * speed
        call MPI_Allgather(own_x, 4 * own, MPI_REAL, x, 4 * own, MPI_REAL, MPI_COMM_WORLD, error)
        call MPI_Allgather(own_y, own, MPI_REAL, y, own, MPI_REAL, MPI_COMM_WORLD, error)
    end subroutine

    subroutine train(context, model, group)
        type(tp_context), intent(in) :: context
        type(tp_model), intent(in) :: model
        type(c_ptr), intent(in) :: group
        type(tp_train_options) :: options
        type(tp_trainer) :: trainer
        call tp_train_options_default(options)
        options%epochs = 3
        options%parts = 8
        options%group = tp_mpi_group_get(group)
        options%optimizer%learning_rate = 0.003
        call expect(tp_trainer_create(trainer, model, tp_samples(x, tp_values(y)), options), context)
        call expect(tp_trainer_run(trainer), context)
    end subroutine

    subroutine expect(status, context)
        integer, intent(in) :: status
        type(tp_context), intent(in) :: context
        if (status == TP_OK) return
        write (error_unit, '(4a)') tp_status_text(status), ': ', tp_context_message(context)
        call MPI_Abort(MPI_COMM_WORLD, 1, error)
    end subroutine
end program
