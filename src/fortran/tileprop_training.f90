! SPDX-License-Identifier: BSD-3-Clause
! Trainers, and the observer whose procedures they call.
module tileprop_training
    use, intrinsic :: iso_c_binding
    use tileprop_c, only: tp_train_options_init, c_size => tp_trainer_size, c_create => tp_trainer_create, &
        c_destroy => tp_trainer_destroy, c_run => tp_trainer_run, c_phases => tp_trainer_phases, &
        c_monitor_name => tp_monitor_name, c_keep_name => tp_keep_name
    use tileprop_types
    use tileprop_objects
    use tileprop_arrays
    implicit none
    private
    public :: tp_observer, tp_train_options_default, tp_trainer_size, tp_trainer_create, tp_trainer_destroy, &
        tp_trainer_run, tp_trainer_phases, tp_monitor_name, tp_keep_name

    ! Names of their own, so that compilers do not take them for the C functions.
    interface tp_trainer_size; procedure trainer_size; end interface
    interface tp_trainer_create; procedure trainer_create; end interface
    interface tp_trainer_destroy; procedure trainer_destroy; end interface
    interface tp_trainer_run; procedure trainer_run; end interface
    interface tp_trainer_phases; procedure trainer_phases; end interface
    interface tp_monitor_name; procedure monitor_name; end interface
    interface tp_keep_name; procedure keep_name; end interface

    ! A program extends it, with what it wants to know and to keep. stop is .false. before the call.
    type :: tp_observer
    contains
        procedure :: on_epoch
        procedure :: on_step
    end type

    type, extends(tp_node) :: trainer_node
        type(tp_sample_set) :: samples, validation
        class(tp_observer), pointer :: observer => null()
    end type

contains

    subroutine on_epoch(self, epoch, stop)
        class(tp_observer), intent(inout) :: self
        type(tp_epoch), intent(in) :: epoch
        logical, intent(inout) :: stop
        if (epoch%epoch < 1) stop = same_type_as(self, self) ! never
    end subroutine

    subroutine on_step(self, step, stop)
        class(tp_observer), intent(inout) :: self
        type(tp_step), intent(in) :: step
        logical, intent(inout) :: stop
        if (step%step < 1) stop = same_type_as(self, self) ! never
    end subroutine

    function call_on_epoch(user, epoch) result(stopped) bind(c)
        type(c_ptr), value :: user
        type(tp_epoch), intent(in) :: epoch
        integer(c_int) :: stopped
        type(trainer_node), pointer :: node
        logical :: stop
        call c_f_pointer(user, node)
        stop = .false.
        call node%observer%on_epoch(epoch, stop)
        stopped = merge(1, 0, stop)
    end function

    function call_on_step(user, step) result(stopped) bind(c)
        type(c_ptr), value :: user
        type(tp_step), intent(in) :: step
        integer(c_int) :: stopped
        type(trainer_node), pointer :: node
        logical :: stop
        call c_f_pointer(user, node)
        stop = .false.
        call node%observer%on_step(step, stop)
        stopped = merge(1, 0, stop)
    end function

    function monitor_name(monitor) result(text)
        integer(c_int), intent(in) :: monitor
        character(:), allocatable :: text
        text = tp_string(c_monitor_name(monitor))
    end function

    function keep_name(keep) result(text)
        integer(c_int), intent(in) :: keep
        character(:), allocatable :: text
        text = tp_string(c_keep_name(keep))
    end function

    subroutine tp_train_options_default(options)
        type(tp_train_options), target, intent(inout) :: options
        call tp_train_options_init(c_loc(options), c_sizeof(options), c_sizeof(options%optimizer))
    end subroutine

    ! A node with the samples, and the options as C has them.
    subroutine prepare(node, given, samples, options, data, validation, observer)
        type(trainer_node), pointer, intent(in) :: node
        type(tp_train_options), intent(in) :: given
        type(tp_sample_set), intent(in) :: samples
        type(tp_train_options), intent(inout) :: options
        type(tp_data), target, intent(inout) :: data(2)
        type(tp_sample_set), intent(in), optional :: validation
        class(tp_observer), target, intent(inout), optional :: observer
        type(tp_targets) :: targets
        options = given
        node%samples = samples
        data(1) = samples_view(node%samples)
        targets = target_view(node%samples%target)
        options%class_weights = targets%class_weights
        if (present(validation)) then
            node%validation = validation
            data(2) = samples_view(node%validation)
            options%validation = c_loc(data(2))
        end if
        if (present(observer)) then
            node%observer => observer
            options%on_epoch = c_funloc(call_on_epoch)
            options%on_step = c_funloc(call_on_step)
            options%user = c_loc(node)
        end if
    end subroutine

    function trainer_size(model, samples, options, validation) result(bytes)
        type(tp_model), intent(in) :: model
        type(tp_sample_set), intent(in) :: samples
        type(tp_train_options), intent(in) :: options
        type(tp_sample_set), intent(in), optional :: validation
        integer(c_size_t) :: bytes
        type(trainer_node), pointer :: node
        type(tp_train_options), target :: all_options
        type(tp_data), target :: data(2)
        bytes = 0
        if (check_options(model, options) /= TP_OK) return
        allocate (node)
        call prepare(node, options, samples, all_options, data, validation)
        bytes = c_size(handle(model), c_loc(data(1)), c_loc(all_options))
        deallocate (node)
    end function

    function check_options(model, options) result(status)
        type(tp_model), intent(in) :: model
        type(tp_train_options), intent(in) :: options
        integer(c_int) :: status
        status = TP_OK
        call not_negative(status, model, 'batch', options%batch)
        call not_negative(status, model, 'epochs', options%epochs)
        call not_negative(status, model, 'patience', options%patience)
        call not_negative(status, model, 'plateau', options%plateau)
        call check_rule(status, model, options%optimizer)
    end function

    ! The trainer keeps copies of what samples and validation have copied; arrays that they use in place must stay,
    ! and so must the observer. Classes of validation cannot have weights. fingerprint is that option.
    function trainer_create(trainer, model, samples, options, validation, observer, memory, fingerprint) &
        result(status)
        type(tp_trainer), intent(inout) :: trainer
        type(tp_model), intent(in) :: model
        type(tp_sample_set), intent(in) :: samples
        type(tp_train_options), intent(in) :: options
        type(tp_sample_set), intent(in), optional :: validation
        class(tp_observer), target, intent(inout), optional :: observer
        integer(c_int8_t), pointer, contiguous, intent(in), optional :: memory(:)
        character(*), intent(in), optional :: fingerprint
        integer(c_int) :: status
        character(kind=c_char), allocatable, target :: text(:)
        type(trainer_node), pointer :: node
        class(tp_node), pointer :: made
        type(tp_train_options), target :: all_options
        type(tp_data), target :: data(2)
        status = check_options(model, options)
        call check(status, model, samples)
        if (present(validation)) then
            call check(status, model, validation)
            call without_class_weights(status, model, validation%target)
        end if
        if (status /= TP_OK) return
        allocate (node)
        call prepare(node, options, samples, all_options, data, validation, observer)
        if (present(fingerprint)) then
            allocate (text, source=terminated(fingerprint))
            all_options%fingerprint = c_loc(text)
        end if
        status = c_create(handle(model), c_loc(data(1)), c_loc(all_options), block(memory), block_size(memory), &
            c_loc(node%handle))
        made => node
        call need(made, node%samples%owner)
        call need(made, node%validation%owner)
        call need(made, model%node)
        call adopt(trainer, made, status, c_destroy, memory)
    end function

    subroutine check(status, model, set)
        integer(c_int), intent(inout) :: status
        type(tp_model), intent(in) :: model
        type(tp_sample_set), intent(in) :: set
        type(model_sizes) :: sizes
        sizes = model_of(model)
        call target_fits(status, model, set%target, sizes%outputs, set%in_place%samples)
    end subroutine

    subroutine trainer_destroy(trainer)
        type(tp_trainer), intent(inout) :: trainer
        call let_go(trainer)
    end subroutine

    function trainer_run(trainer) result(status)
        type(tp_trainer), intent(in) :: trainer
        integer(c_int) :: status
        status = c_run(handle(trainer))
    end function

    ! As long as the trainer lives.
    function trainer_phases(trainer) result(phases)
        type(tp_trainer), intent(in) :: trainer
        type(tp_phases), pointer :: phases
        call c_f_pointer(c_phases(handle(trainer)), phases)
    end function
end module
