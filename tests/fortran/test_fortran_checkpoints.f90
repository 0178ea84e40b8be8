! SPDX-License-Identifier: BSD-3-Clause
! Runs that are saved by a trainer and by a snapshot, and resumed.
module stopping
    use, intrinsic :: iso_c_binding, only: c_size_t
    use tileprop
    implicit none

    type, extends(tp_observer) :: stopper
        integer :: stop_at = 0
        integer(c_size_t) :: best = 0
    contains
        procedure :: on_epoch => note_best
        procedure :: on_step => stop_then
    end type

contains

    subroutine note_best(self, epoch, stop)
        class(stopper), intent(inout) :: self
        type(tp_epoch), intent(in) :: epoch
        logical, intent(inout) :: stop
        self%best = epoch%best_epoch
        stop = .false.
    end subroutine

    subroutine stop_then(self, step, stop)
        class(stopper), intent(inout) :: self
        type(tp_step), intent(in) :: step
        logical, intent(inout) :: stop
        stop = step%step == self%stop_at
    end subroutine
end module

program test_fortran_checkpoints
    use, intrinsic :: iso_c_binding
    use, intrinsic :: iso_fortran_env, only: real32, int8
    use checks
    use stopping
    implicit none
    character(*), parameter :: path = 'test_fortran_checkpoint.safetensors'
    real(real32), target :: samples(inputs, 40)
    integer(c_int32_t) :: labels(40)
    integer :: k

    call begin_checks
    samples = reshape([(sin(real(k)**2), k=1, size(samples))], shape(samples))
    labels = merge(1, 0, samples(1, :) > samples(2, :))
    call test_names
    call test_saved_and_resumed
    call test_lifetime
    call test_options
    call end_checks

contains

    subroutine make_trainer(trainer, model, observer, fingerprint)
        type(tp_trainer), intent(inout) :: trainer
        type(tp_model), intent(inout) :: model
        type(stopper), target, intent(inout), optional :: observer
        character(*), intent(in), optional :: fingerprint
        type(tp_train_options) :: options
        call tp_train_options_default(options)
        options%batch = 10
        options%epochs = 3
        options%average = 0.5
        options%keep = TP_KEEP_BEST
        options%validation_fraction = 0.25
        call make_model(model, TP_LOSS_CCE, TP_ACTIVATION_SOFTMAX)
        call ok(tp_trainer_create(trainer, model, tp_samples(samples, tp_classes(labels)), options, &
            observer=observer, fingerprint=fingerprint), 'trainer')
    end subroutine

    subroutine test_names
        call check(tp_monitor_name(TP_MONITOR_ACCURACY) == 'accuracy' .and. tp_keep_name(TP_KEEP_BEST) == 'best', &
            'names')
        call check(tp_monitor_name(TP_MONITOR_COUNT) == '' .and. tp_keep_name(-1_c_int) == '', 'no names')
    end subroutine

    subroutine test_saved_and_resumed
        type(tp_model) :: model, other_model
        type(tp_trainer) :: trainer, other
        type(tp_snapshot) :: snapshot
        type(stopper), target :: observer
        real(real32) :: a(26), b(26)
        integer(int8), allocatable :: saved(:)
        observer%stop_at = 4
        call make_trainer(trainer, model, observer)
        call ok(tp_snapshot_create(snapshot, trainer), 'snapshot')
        call refused(tp_snapshot_save(snapshot, path), 'the snapshot is empty')
        call check(tp_trainer_run(trainer) == TP_ERR_STOPPED, 'stopped')
        call check(tp_trainer_steps(trainer) == 4 .and. tp_trainer_epochs(trainer) == 1 .and. &
            tp_trainer_best_epoch(trainer) == 1 .and. observer%best == 1, 'where it is')
        call check(len(tp_trainer_isa(trainer)) > 0 .and. tp_trainer_threads(trainer) >= 1, 'how it runs')
        call ok(tp_snapshot_take(snapshot), 'take')
        call ok(tp_trainer_save(trainer, path//'  '), 'save')
        allocate (saved, source=contents())
        call ok(tp_trainer_run(trainer), 'run')
        call ok(tp_snapshot_save(snapshot, path//'  '), 'save the snapshot')
        call check(size(saved) > 1000 .and. all(contents() == saved), 'both have the same bytes')
        call make_trainer(other, other_model)
        call ok(tp_model_set_parameters(other_model, 0 * a), 'other parameters')
        call ok(tp_trainer_resume(other, path//'  '), 'resume')
        call check(tp_trainer_steps(other) == 4, 'where the other is')
        call ok(tp_trainer_run(other), 'run')
        call ok(tp_model_get_parameters(model, a), 'parameters')
        call ok(tp_model_get_parameters(other_model, b), 'parameters after a resumption')
        call check(any(a > 0) .and. all(a == b), 'are the same')
        call make_trainer(other, other_model, fingerprint='numbers')
        call refused(tp_trainer_resume(other, path), 'there and numbers here')
        call tp_snapshot_destroy(snapshot)
        call check(tp_snapshot_take(snapshot) == TP_ERR_ARGUMENT, 'no snapshot')
        open (newunit=k, file=path)
        close (k, status='delete')
        call check(tp_trainer_resume(other, path) == TP_ERR_IO .and. tp_trainer_steps(other) == 0, 'no file')
    end subroutine

    function contents() result(bytes)
        integer(int8), allocatable :: bytes(:)
        integer :: length
        open (newunit=k, file=path, access='stream', status='old', action='read')
        inquire (unit=k, size=length)
        allocate (bytes(length))
        read (k) bytes
        close (k)
    end function

    ! A snapshot keeps its trainer.
    subroutine test_lifetime
        type(tp_model) :: model
        type(tp_trainer) :: trainer, none
        type(tp_snapshot) :: snapshot, same, in_memory
        integer(int8), allocatable, target :: memory(:)
        call check(tp_snapshot_size(none) == 0 .and. tp_snapshot_create(snapshot, none) == TP_ERR_ARGUMENT .and. &
            tp_trainer_steps(none) == 0, 'no trainer')
        call make_trainer(trainer, model)
        allocate (memory(tp_snapshot_size(trainer)))
        call ok(tp_snapshot_create(in_memory, trainer, memory), 'snapshot in my memory')
        call ok(tp_snapshot_take(in_memory), 'take')
        call ok(tp_snapshot_create(snapshot, trainer), 'snapshot')
        same = snapshot
        call tp_trainer_destroy(trainer)
        call tp_model_destroy(model)
        call tp_snapshot_destroy(snapshot)
        call ok(tp_snapshot_take(same), 'take when trainer and model went')
    end subroutine

    subroutine test_options
        type(tp_model) :: model
        type(tp_trainer) :: trainer
        type(tp_train_options) :: options
        call make_model(model, TP_LOSS_CCE, TP_ACTIVATION_SOFTMAX)
        call tp_train_options_default(options)
        options%patience = -1
        call refused(tp_trainer_create(trainer, model, tp_samples(samples, tp_classes(labels)), options), &
            'patience is -1; it must not be negative')
        options%patience = 0
        options%plateau = -2
        call refused(tp_trainer_create(trainer, model, tp_samples(samples, tp_classes(labels)), options), &
            'plateau is -2; it must not be negative')
        options%plateau = 1
        options%monitor = TP_MONITOR_COUNT
        call refused(tp_trainer_create(trainer, model, tp_samples(samples, tp_classes(labels)), options), &
            'monitor 2 is unknown')
    end subroutine
end program
