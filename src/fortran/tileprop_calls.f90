! SPDX-License-Identifier: BSD-3-Clause
! Everything that needs no real arrays: options, texts, objects from creation to destruction, files.
module tileprop_calls
    use, intrinsic :: iso_c_binding
    use, intrinsic :: iso_fortran_env, only: real32, real64
    use tileprop_c, only: &
        tp_context_options_init, tp_model_options_init, tp_model_get_options, tp_workspace_options_init, &
        tp_optimizer_options_init, c_status_text => tp_status_text, c_version => tp_version, &
        c_context_create => tp_context_create, c_context_destroy => tp_context_destroy, &
        c_context_isa => tp_context_isa, c_context_threads => tp_context_threads, &
        c_context_set_threads => tp_context_set_threads, c_context_message => tp_context_message, &
        c_context_set_message => tp_context_set_message, c_context_machine => tp_context_machine, &
        c_context_bf16 => tp_context_bf16, c_precision_name => tp_precision_name, &
        c_bf16gemm_workspace_size => tp_bf16gemm_workspace_size, &
        c_sgemm_workspace_size => tp_sgemm_workspace_size, c_packed_size => tp_packed_size, &
        c_activation_name => tp_activation_name, c_loss_name => tp_loss_name, c_init_name => tp_init_name, &
        c_optimizer_name => tp_optimizer_name, c_schedule_name => tp_schedule_name, &
        c_model_create => tp_model_create, c_model_destroy => tp_model_destroy, c_model_layer => tp_model_layer, &
        c_parameter_count => tp_model_parameter_count, c_layer_offsets => tp_model_layer_offsets, &
        c_model_save => tp_model_save, c_model_load => tp_model_load, &
        c_model_write => tp_model_write, c_model_read => tp_model_read, c_workspace_size => tp_workspace_size, &
        c_workspace_create => tp_workspace_create, c_workspace_destroy => tp_workspace_destroy, &
        c_set_dropout => tp_workspace_set_dropout, c_loss_value => tp_loss_value, &
        c_optimizer_size => tp_optimizer_size, c_optimizer_create => tp_optimizer_create, &
        c_optimizer_destroy => tp_optimizer_destroy, c_state_count => tp_optimizer_state_count, &
        c_set_steps => tp_optimizer_set_steps, c_steps => tp_optimizer_steps, &
        c_learning_rate => tp_optimizer_learning_rate, c_trainer_size => tp_trainer_size, &
        c_trainer_create => tp_trainer_create, c_trainer_destroy => tp_trainer_destroy, &
        c_trainer_run => tp_trainer_run, c_trainer_phases => tp_trainer_phases
    use tileprop_types
    use tileprop_objects
    use tileprop_arrays
    implicit none
    private
    public :: tp_status_text, tp_version, tp_context_options_default, tp_context_create, tp_context_destroy, &
        tp_context_isa, tp_context_threads, tp_context_set_threads, tp_context_message, tp_context_set_message, &
        tp_context_machine, tp_context_bf16, tp_precision_name, tp_bf16gemm_workspace_size, tp_sgemm_workspace_size, &
        tp_packed_size, tp_packed_destroy, tp_activation_name, &
        tp_loss_name, tp_init_name, tp_optimizer_name, tp_schedule_name, tp_model_options_default, tp_model_create, &
        tp_model_destroy, tp_model_describe, tp_model_layer, tp_model_parameter_count, tp_model_layer_offsets, &
        tp_model_save, tp_model_load, tp_model_write, tp_model_read, &
        tp_workspace_options_default, tp_workspace_size, tp_workspace_create, &
        tp_workspace_destroy, tp_workspace_set_dropout, tp_loss_value, tp_optimizer_options_default, &
        tp_optimizer_size, tp_optimizer_create, tp_optimizer_destroy, tp_optimizer_state_count, &
        tp_optimizer_set_steps, tp_optimizer_steps, tp_optimizer_learning_rate, adopt_model

    ! Names of their own, so that compilers do not take them for the C functions.
    interface tp_status_text; procedure status_text; end interface
    interface tp_version; procedure version; end interface
    interface tp_activation_name; procedure activation_name; end interface
    interface tp_loss_name; procedure loss_name; end interface
    interface tp_init_name; procedure init_name; end interface
    interface tp_optimizer_name; procedure optimizer_name; end interface
    interface tp_schedule_name; procedure schedule_name; end interface
    interface tp_context_create; procedure context_create; end interface
    interface tp_context_destroy; procedure context_destroy; end interface
    interface tp_context_isa; procedure context_isa; end interface
    interface tp_context_threads; procedure context_threads; end interface
    interface tp_context_set_threads; procedure context_set_threads; end interface
    interface tp_context_message; procedure context_message; end interface
    interface tp_context_set_message; procedure context_set_message; end interface
    interface tp_context_machine; procedure context_machine; end interface
    interface tp_sgemm_workspace_size; procedure sgemm_workspace_size; end interface
    interface tp_bf16gemm_workspace_size; procedure bf16gemm_workspace_size; end interface
    interface tp_context_bf16; procedure context_bf16; end interface
    interface tp_precision_name; procedure precision_name; end interface
    interface tp_packed_size; procedure packed_size; end interface
    interface tp_packed_destroy; procedure packed_destroy; end interface
    interface tp_model_create; procedure model_create; end interface
    interface tp_model_destroy; procedure model_destroy; end interface
    interface tp_model_describe; procedure model_describe; end interface
    interface tp_model_layer; procedure model_layer; end interface
    interface tp_model_parameter_count; procedure model_parameter_count; end interface
    interface tp_model_layer_offsets; procedure model_layer_offsets; end interface
    interface tp_model_save; procedure model_save; end interface
    interface tp_model_load; procedure model_load; end interface
    interface tp_model_write; procedure model_write; end interface
    interface tp_model_read; procedure model_read; end interface
    interface tp_workspace_size; procedure workspace_size; end interface
    interface tp_workspace_create; procedure workspace_create; end interface
    interface tp_workspace_destroy; procedure workspace_destroy; end interface
    interface tp_workspace_set_dropout; procedure workspace_set_dropout; end interface
    interface tp_loss_value; procedure loss_value; end interface
    interface tp_optimizer_size; procedure optimizer_size; end interface
    interface tp_optimizer_create; procedure optimizer_create; end interface
    interface tp_optimizer_destroy; procedure optimizer_destroy; end interface
    interface tp_optimizer_state_count; procedure optimizer_state_count; end interface
    interface tp_optimizer_set_steps; procedure optimizer_set_steps; end interface
    interface tp_optimizer_steps; procedure optimizer_steps; end interface
    interface tp_optimizer_learning_rate; procedure optimizer_learning_rate; end interface

    type :: text_holder
        character(:), allocatable :: text
    end type

contains

    function status_text(status) result(text)
        integer(c_int), intent(in) :: status
        character(:), allocatable :: text
        text = tp_string(c_status_text(status))
    end function

    function version() result(text)
        character(:), allocatable :: text
        text = tp_string(c_version())
    end function

    function activation_name(activation) result(text)
        integer(c_int), intent(in) :: activation
        character(:), allocatable :: text
        text = tp_string(c_activation_name(activation))
    end function

    function loss_name(loss) result(text)
        integer(c_int), intent(in) :: loss
        character(:), allocatable :: text
        text = tp_string(c_loss_name(loss))
    end function

    function precision_name(precision) result(text)
        integer(c_int), intent(in) :: precision
        character(:), allocatable :: text
        text = tp_string(c_precision_name(precision))
    end function

    function init_name(init) result(text)
        integer(c_int), intent(in) :: init
        character(:), allocatable :: text
        text = tp_string(c_init_name(init))
    end function

    function optimizer_name(kind) result(text)
        integer(c_int), intent(in) :: kind
        character(:), allocatable :: text
        text = tp_string(c_optimizer_name(kind))
    end function

    function schedule_name(schedule) result(text)
        integer(c_int), intent(in) :: schedule
        character(:), allocatable :: text
        text = tp_string(c_schedule_name(schedule))
    end function

    ! ------------------------------------------------------------------------------------------------------- context

    subroutine tp_context_options_default(options)
        type(tp_context_options), target, intent(inout) :: options
        call tp_context_options_init(c_loc(options), c_sizeof(options))
    end subroutine

    ! isa and threads go before those of options. message is why it failed, which no context can tell.
    function context_create(context, options, isa, threads, message) result(status)
        type(tp_context), intent(inout) :: context
        type(tp_context_options), intent(in), optional :: options
        character(*), intent(in), optional :: isa
        integer, intent(in), optional :: threads
        character(:), allocatable, intent(inout), optional :: message
        integer(c_int) :: status
        type(tp_context_options), target :: chosen
        character(kind=c_char), allocatable, target :: name(:)
        class(tp_node), pointer :: made
        call tp_context_options_default(chosen)
        if (present(options)) chosen = options
        if (present(isa)) then
            allocate (name, source=terminated(isa))
            chosen%isa = c_loc(name)
        end if
        if (present(threads)) chosen%threads = int(threads, c_int)
        allocate (made)
        status = c_context_create(c_loc(chosen), c_loc(made%handle))
        made%context = made%handle
        if (status /= TP_OK .and. present(message)) message = why_no_context(chosen)
        call adopt(context, made, status, c_context_destroy)
    end function

    ! Fails once more, to hear the message.
    function why_no_context(options) result(message)
        type(tp_context_options), intent(in) :: options
        character(:), allocatable :: message
        type(tp_context_options), target :: heard
        type(text_holder), target :: holder
        type(c_ptr), target :: context
        integer(c_int) :: status
        heard = options
        heard%message = c_funloc(keep_message)
        heard%message_user = c_loc(holder)
        context = c_null_ptr
        status = c_context_create(c_loc(heard), c_loc(context))
        call c_context_destroy(context)
        message = status_text(status)
        if (allocated(holder%text)) message = holder%text
    end function

    subroutine keep_message(user, status, message) bind(c)
        type(c_ptr), value :: user, message
        integer(c_int), value :: status
        type(text_holder), pointer :: holder
        call c_f_pointer(user, holder)
        if (status /= TP_OK) holder%text = tp_string(message)
    end subroutine

    subroutine context_destroy(context)
        type(tp_context), intent(inout) :: context
        call let_go(context)
    end subroutine

    function context_isa(context) result(text)
        type(tp_context), intent(in) :: context
        character(:), allocatable :: text
        text = tp_string(c_context_isa(handle(context)))
    end function

    function context_threads(context) result(threads)
        type(tp_context), intent(in) :: context
        integer :: threads
        threads = c_context_threads(handle(context))
    end function

    function context_set_threads(context, threads) result(status)
        type(tp_context), intent(in) :: context
        integer, intent(in) :: threads
        integer(c_int) :: status
        status = c_context_set_threads(handle(context), int(threads, c_int))
    end function

    function context_message(context) result(text)
        type(tp_context), intent(in) :: context
        character(:), allocatable :: text
        character(kind=c_char), allocatable, target :: buffer(:)
        integer(c_size_t) :: length
        length = c_context_message(handle(context), c_null_ptr, 0_c_size_t)
        allocate (buffer(length + 1))
        length = c_context_message(handle(context), c_loc(buffer), length + 1)
        text = tp_string(buffer(:min(length + 1, size(buffer, kind=c_size_t))))
    end function

    function context_set_message(context, status, message) result(same)
        type(tp_context), intent(in) :: context
        integer(c_int), intent(in) :: status
        character(*), intent(in) :: message
        integer(c_int) :: same
        character(kind=c_char), target :: letters(len(message) + 1)
        letters(:len_trim(message) + 1) = terminated(message)
        same = c_context_set_message(handle(context), status, c_loc(letters))
    end function

    ! As long as the context lives; tp_string makes strings of its letters and pointers.
    function context_machine(context) result(machine)
        type(tp_context), intent(in) :: context
        type(tp_machine), pointer :: machine
        call c_f_pointer(c_context_machine(handle(context)), machine)
    end function

    function context_bf16(context) result(text)
        type(tp_context), intent(in) :: context
        character(:), allocatable :: text
        text = tp_string(c_context_bf16(handle(context)))
    end function

    ! ------------------------------------------------------------------------------------------------------ products

    ! For c(m, n) = op(a) op(b) of k columns and rows; 0 if one of them is negative.
    function sgemm_workspace_size(context, m, n, k) result(bytes)
        type(tp_context), intent(in) :: context
        integer, intent(in) :: m, n, k
        integer(c_size_t) :: bytes
        bytes = 0
        if (min(m, n, k) >= 0) bytes = c_sgemm_workspace_size(handle(context), int(n, c_size_t), int(m, c_size_t), &
            int(k, c_size_t))
    end function

    function bf16gemm_workspace_size(context, m, n, k) result(bytes)
        type(tp_context), intent(in) :: context
        integer, intent(in) :: m, n, k
        integer(c_size_t) :: bytes
        bytes = 0
        if (min(m, n, k) >= 0) bytes = c_bf16gemm_workspace_size(handle(context), int(n, c_size_t), &
            int(m, c_size_t), int(k, c_size_t))
    end function

    ! For op(a) of m rows and k columns; 0 if one of them is negative.
    function packed_size(context, m, k) result(bytes)
        type(tp_context), intent(in) :: context
        integer, intent(in) :: m, k
        integer(c_size_t) :: bytes
        bytes = 0
        if (min(m, k) >= 0) bytes = c_packed_size(handle(context), int(k, c_size_t), int(m, c_size_t))
    end function

    subroutine packed_destroy(packed)
        type(tp_packed), intent(inout) :: packed
        call let_go(packed)
    end subroutine

    ! --------------------------------------------------------------------------------------------------------- model

    subroutine tp_model_options_default(options)
        type(tp_model_options), target, intent(inout) :: options
        type(tp_layer) :: layer
        call tp_model_options_init(c_loc(options), c_sizeof(options), c_sizeof(layer))
    end subroutine

    ! layers go before those of options, and so do means and deviations: one for all, or one for each input or output.
    function model_create(model, context, options, layers, input_mean, input_deviation, output_mean, output_deviation) &
        result(status)
        type(tp_model), intent(inout) :: model
        type(tp_context), intent(in) :: context
        type(tp_model_options), intent(in) :: options
        type(tp_layer), intent(in) :: layers(:)
        real(real64), target, contiguous, intent(in), optional :: input_mean(:), input_deviation(:)
        real(real64), target, contiguous, intent(in), optional :: output_mean(:), output_deviation(:)
        integer(c_int) :: status
        type(tp_model_options), target :: chosen
        type(tp_layer), target :: kept(size(layers))
        type(model_node), pointer :: made
        kept = layers
        chosen = options
        chosen%layer_count = size(layers)
        chosen%layers = c_loc(kept)
        status = TP_OK
        call not_negative(status, context, 'inputs', options%inputs)
        if (size(layers) > 0) call not_negative(status, context, 'width', minval(layers%width))
        if ((present(input_mean) .neqv. present(input_deviation)) .or. &
            (present(output_mean) .neqv. present(output_deviation))) &
            status = fail(context, 'means and deviations are given together')
        if (present(input_mean) .and. present(input_deviation)) &
            call scale(status, context, input_mean, input_deviation, chosen%inputs_scaled)
        if (present(output_mean) .and. present(output_deviation)) &
            call scale(status, context, output_mean, output_deviation, chosen%outputs_scaled)
        if (status /= TP_OK) return
        allocate (made)
        status = c_model_create(handle(context), c_loc(chosen), c_loc(made%handle))
        call adopt_model(model, context, made, status)
    end function

    ! Means and deviations, which go before those of options.
    subroutine scale(status, context, mean, deviation, scaling)
        integer(c_int), intent(inout) :: status
        type(tp_context), intent(in) :: context
        real(real64), target, contiguous, intent(in) :: mean(:), deviation(:)
        type(tp_scaling), intent(inout) :: scaling
        call fits(status, context, 'deviation', shape(deviation, c_size_t), shape(mean, c_size_t))
        scaling = tp_scaling(size(mean, kind=c_size_t), c_loc(mean), c_loc(deviation))
    end subroutine

    subroutine adopt_model(model, context, made, status)
        type(tp_model), intent(inout) :: model
        type(tp_context), intent(in) :: context
        type(model_node), pointer, intent(in) :: made
        integer(c_int), intent(in) :: status
        type(tp_model_options) :: options
        type(tp_layer), pointer :: last
        class(tp_node), pointer :: node
        integer(c_int) :: described
        node => made
        call need(node, context%node)
        call adopt(model, node, status, c_model_destroy)
        if (status /= TP_OK) return
        described = model_describe(model, options)
        last => model_layer(model, int(options%layer_count))
        made%sizes = model_sizes(options%inputs, last%width, model_parameter_count(model))
    end subroutine

    subroutine model_destroy(model)
        type(tp_model), intent(inout) :: model
        call let_go(model)
    end subroutine

    function model_describe(model, options) result(status)
        type(tp_model), intent(in) :: model
        type(tp_model_options), target, intent(inout) :: options
        integer(c_int) :: status
        status = tp_model_get_options(handle(model), c_loc(options), c_sizeof(options))
    end function

    ! Layer 1..L, as long as the model lives; not associated if there is none.
    function model_layer(model, layer) result(found)
        type(tp_model), intent(in) :: model
        integer, intent(in) :: layer
        type(tp_layer), pointer :: found
        call c_f_pointer(c_model_layer(handle(model), int(layer - 1, c_size_t)), found)
    end function

    function model_parameter_count(model) result(count)
        type(tp_model), intent(in) :: model
        integer(c_size_t) :: count
        count = c_parameter_count(handle(model))
    end function

    ! Where W_l(n_l, n_{l-1}) and b_l of layer 1..L begin in an array whose first element is 1.
    function model_layer_offsets(model, layer, weight, bias) result(status)
        type(tp_model), intent(in) :: model
        integer, intent(in) :: layer
        integer(c_size_t), target, intent(inout) :: weight, bias
        integer(c_int) :: status
        status = c_layer_offsets(handle(model), int(layer - 1, c_size_t), c_loc(weight), c_loc(bias))
        if (status /= TP_OK) return
        weight = weight + 1
        bias = bias + 1
    end function

    function model_save(model, path) result(status)
        type(tp_model), intent(in) :: model
        character(*), intent(in) :: path
        integer(c_int) :: status
        character(kind=c_char), allocatable, target :: name(:)
        allocate (name, source=terminated(path))
        status = c_model_save(handle(model), c_loc(name))
    end function

    function model_load(model, context, path) result(status)
        type(tp_model), intent(inout) :: model
        type(tp_context), intent(in) :: context
        character(*), intent(in) :: path
        integer(c_int) :: status
        character(kind=c_char), allocatable, target :: name(:)
        type(model_node), pointer :: made
        allocate (made)
        allocate (name, source=terminated(path))
        status = c_model_load(handle(context), c_loc(name), c_loc(made%handle))
        call adopt_model(model, context, made, status)
    end function

    ! bytes gets the size and the bytes of the model's file.
    function model_write(model, bytes) result(status)
        type(tp_model), intent(in) :: model
        integer(c_int8_t), allocatable, intent(inout) :: bytes(:)
        integer(c_int) :: status
        integer(c_int8_t), allocatable, target :: written(:)
        integer(c_size_t), target :: needed
        status = c_model_write(handle(model), c_null_ptr, 0_c_size_t, c_loc(needed))
        if (status /= TP_OK) return
        allocate (written(needed))
        status = c_model_write(handle(model), c_loc(written), needed, c_loc(needed))
        if (status == TP_OK) call move_alloc(written, bytes)
    end function

    function model_read(model, context, bytes) result(status)
        type(tp_model), intent(inout) :: model
        type(tp_context), intent(in) :: context
        integer(c_int8_t), target, contiguous, intent(in) :: bytes(:)
        integer(c_int) :: status
        type(model_node), pointer :: made
        allocate (made)
        status = c_model_read(handle(context), c_loc(bytes), size(bytes, kind=c_size_t), c_loc(made%handle))
        call adopt_model(model, context, made, status)
    end function

    ! ----------------------------------------------------------------------------------------------------- workspace

    subroutine tp_workspace_options_default(options)
        type(tp_workspace_options), target, intent(inout) :: options
        call tp_workspace_options_init(c_loc(options), c_sizeof(options))
    end subroutine

    function workspace_size(model, options) result(bytes)
        type(tp_model), intent(in) :: model
        type(tp_workspace_options), target, intent(in) :: options
        integer(c_size_t) :: bytes
        bytes = c_workspace_size(handle(model), c_loc(options))
    end function

    function workspace_create(workspace, model, options, memory) result(status)
        type(tp_workspace), intent(inout) :: workspace
        type(tp_model), intent(in) :: model
        type(tp_workspace_options), target, intent(in) :: options
        integer(c_int8_t), pointer, contiguous, intent(in), optional :: memory(:)
        integer(c_int) :: status
        type(workspace_node), pointer :: made
        class(tp_node), pointer :: node
        status = TP_OK
        call not_negative(status, model, 'max_batch', options%max_batch)
        if (status /= TP_OK) return
        allocate (made)
        made%training = options%mode == TP_MODE_TRAINING
        status = c_workspace_create(handle(model), c_loc(options), block(memory), block_size(memory), &
            c_loc(made%handle))
        node => made
        call need(node, model%node)
        call adopt(workspace, node, status, c_workspace_destroy, memory)
    end function

    subroutine workspace_destroy(workspace)
        type(tp_workspace), intent(inout) :: workspace
        call let_go(workspace)
    end subroutine

    function workspace_set_dropout(workspace, seed, step) result(status)
        type(tp_workspace), intent(in) :: workspace
        integer(c_int64_t), intent(in) :: seed, step
        integer(c_int) :: status
        status = TP_OK
        call not_negative(status, workspace, 'step', step)
        if (status == TP_OK) status = c_set_dropout(handle(workspace), seed, step)
    end function

    function loss_value(model, workspace, target, score) result(status)
        type(tp_model), intent(in) :: model
        type(tp_workspace), intent(in) :: workspace
        type(tp_target), intent(in) :: target
        type(tp_score), target, intent(inout) :: score
        integer(c_int) :: status
        type(model_sizes) :: sizes
        type(tp_targets), target :: view
        integer(c_size_t) :: batch
        sizes = model_of(model)
        batch = last_batch(workspace)
        status = TP_OK
        if (batch > 0) call target_fits(status, model, target, sizes%outputs, batch)
        if (status /= TP_OK) return
        view = target_view(target)
        status = c_loss_value(handle(model), handle(workspace), c_loc(view), c_loc(score))
    end function

    ! ----------------------------------------------------------------------------------------------------- optimiser

    subroutine tp_optimizer_options_default(options)
        type(tp_optimizer_options), target, intent(inout) :: options
        call tp_optimizer_options_init(c_loc(options), c_sizeof(options))
    end subroutine

    function optimizer_size(model, options) result(bytes)
        type(tp_model), intent(in) :: model
        type(tp_optimizer_options), target, intent(in) :: options
        integer(c_size_t) :: bytes
        bytes = c_optimizer_size(handle(model), c_loc(options))
    end function

    function optimizer_create(optimizer, model, options, memory) result(status)
        type(tp_optimizer), intent(inout) :: optimizer
        type(tp_model), intent(in) :: model
        type(tp_optimizer_options), target, intent(in) :: options
        integer(c_int8_t), pointer, contiguous, intent(in), optional :: memory(:)
        integer(c_int) :: status
        class(tp_node), pointer :: made
        status = TP_OK
        call check_rule(status, model, options)
        if (status /= TP_OK) return
        allocate (made)
        status = c_optimizer_create(handle(model), c_loc(options), block(memory), block_size(memory), &
            c_loc(made%handle))
        call need(made, model%node)
        call adopt(optimizer, made, status, c_optimizer_destroy, memory)
    end function

    subroutine optimizer_destroy(optimizer)
        type(tp_optimizer), intent(inout) :: optimizer
        call let_go(optimizer)
    end subroutine

    function optimizer_state_count(optimizer) result(count)
        type(tp_optimizer), intent(in) :: optimizer
        integer :: count
        count = int(c_state_count(handle(optimizer)))
    end function

    function optimizer_set_steps(optimizer, steps) result(status)
        type(tp_optimizer), intent(in) :: optimizer
        integer(c_int64_t), intent(in) :: steps
        integer(c_int) :: status
        status = TP_OK
        call not_negative(status, optimizer, 'steps', steps)
        if (status == TP_OK) status = c_set_steps(handle(optimizer), steps)
    end function

    function optimizer_steps(optimizer) result(steps)
        type(tp_optimizer), intent(in) :: optimizer
        integer(c_int64_t) :: steps
        steps = c_steps(handle(optimizer))
    end function

    function optimizer_learning_rate(optimizer, step) result(rate)
        type(tp_optimizer), intent(in) :: optimizer
        integer(c_int64_t), intent(in) :: step
        real(real32) :: rate
        rate = c_learning_rate(handle(optimizer), max(step, 0_c_int64_t))
    end function
end module
