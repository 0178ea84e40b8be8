! SPDX-License-Identifier: BSD-3-Clause
! Where the run of a trainer is, and files of it.
module tileprop_checkpoints
    use, intrinsic :: iso_c_binding
    use tileprop_c, only: c_isa => tp_trainer_isa, c_threads => tp_trainer_threads, &
        c_epochs => tp_trainer_epochs, c_steps => tp_trainer_steps, &
        c_best_epoch => tp_trainer_best_epoch, c_trainer_save => tp_trainer_save, c_resume => tp_trainer_resume, &
        c_size => tp_snapshot_size, c_create => tp_snapshot_create, c_destroy => tp_snapshot_destroy, &
        c_take => tp_snapshot_take, c_snapshot_save => tp_snapshot_save
    use tileprop_objects
    use tileprop_arrays
    implicit none
    private
    public :: tp_trainer_isa, tp_trainer_threads, tp_trainer_epochs, tp_trainer_steps, tp_trainer_best_epoch, &
        tp_trainer_save, tp_trainer_resume, &
        tp_snapshot_size, tp_snapshot_create, tp_snapshot_destroy, tp_snapshot_take, tp_snapshot_save

    ! Names of their own, so that compilers do not take them for the C functions.
    interface tp_trainer_isa; procedure trainer_isa; end interface
    interface tp_trainer_threads; procedure trainer_threads; end interface
    interface tp_trainer_epochs; procedure trainer_epochs; end interface
    interface tp_trainer_steps; procedure trainer_steps; end interface
    interface tp_trainer_best_epoch; procedure trainer_best_epoch; end interface
    interface tp_trainer_save; procedure trainer_save; end interface
    interface tp_trainer_resume; procedure trainer_resume; end interface
    interface tp_snapshot_size; procedure snapshot_size; end interface
    interface tp_snapshot_create; procedure snapshot_create; end interface
    interface tp_snapshot_destroy; procedure snapshot_destroy; end interface
    interface tp_snapshot_take; procedure snapshot_take; end interface
    interface tp_snapshot_save; procedure snapshot_save; end interface

contains

    function trainer_isa(trainer) result(name)
        type(tp_trainer), intent(in) :: trainer
        character(:), allocatable :: name
        name = tp_string(c_isa(handle(trainer)))
    end function

    function trainer_threads(trainer) result(threads)
        type(tp_trainer), intent(in) :: trainer
        integer(c_int) :: threads
        threads = c_threads(handle(trainer))
    end function

    function trainer_epochs(trainer) result(epochs)
        type(tp_trainer), intent(in) :: trainer
        integer(c_size_t) :: epochs
        epochs = c_epochs(handle(trainer))
    end function

    function trainer_steps(trainer) result(steps)
        type(tp_trainer), intent(in) :: trainer
        integer(c_int64_t) :: steps
        steps = c_steps(handle(trainer))
    end function

    function trainer_best_epoch(trainer) result(epoch)
        type(tp_trainer), intent(in) :: trainer
        integer(c_size_t) :: epoch
        epoch = c_best_epoch(handle(trainer))
    end function

    function trainer_save(trainer, path) result(status)
        type(tp_trainer), intent(in) :: trainer
        character(*), intent(in) :: path
        integer(c_int) :: status
        character(kind=c_char), allocatable, target :: name(:)
        allocate (name, source=terminated(path))
        status = c_trainer_save(handle(trainer), c_loc(name))
    end function

    function trainer_resume(trainer, path) result(status)
        type(tp_trainer), intent(in) :: trainer
        character(*), intent(in) :: path
        integer(c_int) :: status
        character(kind=c_char), allocatable, target :: name(:)
        allocate (name, source=terminated(path))
        status = c_resume(handle(trainer), c_loc(name))
    end function

    function snapshot_size(trainer) result(bytes)
        type(tp_trainer), intent(in) :: trainer
        integer(c_size_t) :: bytes
        bytes = c_size(handle(trainer))
    end function

    function snapshot_create(snapshot, trainer, memory) result(status)
        type(tp_snapshot), intent(inout) :: snapshot
        type(tp_trainer), intent(in) :: trainer
        integer(c_int8_t), pointer, contiguous, intent(in), optional :: memory(:)
        integer(c_int) :: status
        class(tp_node), pointer :: made
        allocate (made)
        status = c_create(handle(trainer), block(memory), block_size(memory), c_loc(made%handle))
        call need(made, trainer%node)
        call adopt(snapshot, made, status, c_destroy, memory)
    end function

    subroutine snapshot_destroy(snapshot)
        type(tp_snapshot), intent(inout) :: snapshot
        call let_go(snapshot)
    end subroutine

    function snapshot_take(snapshot) result(status)
        type(tp_snapshot), intent(in) :: snapshot
        integer(c_int) :: status
        status = c_take(handle(snapshot))
    end function

    function snapshot_save(snapshot, path) result(status)
        type(tp_snapshot), intent(in) :: snapshot
        character(*), intent(in) :: path
        integer(c_int) :: status
        character(kind=c_char), allocatable, target :: name(:)
        allocate (name, source=terminated(path))
        status = c_snapshot_save(handle(snapshot), c_loc(name))
    end function
end module
