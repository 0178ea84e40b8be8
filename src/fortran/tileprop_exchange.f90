! SPDX-License-Identifier: BSD-3-Clause
! Models from and for other programs.
module tileprop_exchange
    use, intrinsic :: iso_c_binding
    use tileprop_c, only: tp_exchange_options_init, c_export_torch => tp_model_export_torch, &
        c_export_c => tp_model_export_c, c_import_torch => tp_model_import_torch, &
        c_export_onnx => tp_model_export_onnx, c_write_onnx => tp_model_write_onnx, &
        c_import_onnx => tp_model_import_onnx, c_read_onnx => tp_model_read_onnx
    use tileprop_types
    use tileprop_objects
    use tileprop_arrays
    use tileprop_calls, only: adopt_model
    implicit none
    private
    public :: tp_exchange_options_default, tp_model_export_torch, tp_model_export_c, tp_model_import_torch, &
        tp_model_export_onnx, tp_model_write_onnx, tp_model_import_onnx, tp_model_read_onnx

    ! Names of their own, so that compilers do not take them for the C functions.
    interface tp_model_export_torch; procedure model_export_torch; end interface
    interface tp_model_export_c; procedure model_export_c; end interface
    interface tp_model_import_torch; procedure model_import_torch; end interface
    interface tp_model_export_onnx; procedure model_export_onnx; end interface
    interface tp_model_write_onnx; procedure model_write_onnx; end interface
    interface tp_model_import_onnx; procedure model_import_onnx; end interface
    interface tp_model_read_onnx; procedure model_read_onnx; end interface

    ! What the options of C point to.
    type :: kept
        character(kind=c_char), allocatable :: pattern(:), weight(:, :), bias(:, :)
        type(c_ptr), allocatable :: weights(:), biases(:)
        integer(c_int), allocatable :: activations(:)
    end type

contains

    subroutine tp_exchange_options_default(options)
        type(tp_exchange_options), target, intent(out) :: options
        call tp_exchange_options_init(c_loc(options), c_sizeof(options))
    end subroutine

    ! Names of tensors of all layers, or a pattern, are arguments.
    function model_export_torch(model, output, options, pattern, weights, biases) result(status)
        type(tp_model), intent(in) :: model
        type(tp_output), intent(in) :: output
        type(tp_exchange_options), intent(in), optional :: options
        character(*), intent(in), optional :: pattern, weights(:), biases(:)
        integer(c_int) :: status
        type(tp_exchange_options), target :: chosen
        type(kept), target :: room
        call tp_exchange_options_default(chosen)
        if (present(options)) chosen = options
        call set_tensors(room, chosen, pattern, weights, biases)
        status = c_export_torch(handle(model), handle(output), c_loc(chosen))
    end function

    ! The name that others in the source begin with is an argument.
    function model_export_c(model, output, name) result(status)
        type(tp_model), intent(in) :: model
        type(tp_output), intent(in) :: output
        character(*), intent(in), optional :: name
        integer(c_int) :: status
        type(tp_exchange_options), target :: chosen
        character(kind=c_char), allocatable, target :: name_(:)
        call tp_exchange_options_default(chosen)
        if (present(name)) then
            allocate (name_, source=terminated(name))
            chosen%name = c_loc(name_)
        end if
        status = c_export_c(handle(model), handle(output), c_loc(chosen))
    end function

    ! As for export; a blank name of biases: 0 as biases.
    function model_import_torch(model, context, path, options, pattern, weights, biases, activations, like) &
        result(status)
        type(tp_model), intent(inout) :: model
        type(tp_context), intent(in) :: context
        character(*), intent(in) :: path
        type(tp_exchange_options), intent(in), optional :: options
        character(*), intent(in), optional :: pattern, weights(:), biases(:)
        integer(c_int), intent(in), optional :: activations(:)
        type(tp_model), intent(in), optional :: like
        integer(c_int) :: status
        type(tp_exchange_options), target :: chosen
        type(kept), target :: room
        character(kind=c_char), allocatable, target :: name(:)
        type(model_node), pointer :: made
        call tp_exchange_options_default(chosen)
        if (present(options)) chosen = options
        call set_tensors(room, chosen, pattern, weights, biases)
        if (present(activations)) then
            allocate (room%activations, source=activations)
            chosen%activation_count = size(activations)
            chosen%activations = c_loc(room%activations)
        end if
        if (present(like)) chosen%like = handle(like)
        allocate (made)
        allocate (name, source=terminated(path))
        status = c_import_torch(handle(context), c_loc(name), c_loc(chosen), c_loc(made%handle))
        call adopt_model(model, context, made, status)
    end function

    function model_export_onnx(model, output) result(status)
        type(tp_model), intent(in) :: model
        type(tp_output), intent(in) :: output
        integer(c_int) :: status
        status = c_export_onnx(handle(model), handle(output))
    end function

    ! bytes gets the size and the bytes of the ONNX file.
    function model_write_onnx(model, bytes) result(status)
        type(tp_model), intent(in) :: model
        integer(c_int8_t), allocatable, intent(inout) :: bytes(:)
        integer(c_int) :: status
        integer(c_int8_t), allocatable, target :: written(:)
        integer(c_size_t), target :: needed
        status = c_write_onnx(handle(model), c_null_ptr, 0_c_size_t, c_loc(needed))
        if (status /= TP_OK) return
        allocate (written(needed))
        status = c_write_onnx(handle(model), c_loc(written), needed, c_loc(needed))
        if (status == TP_OK) call move_alloc(written, bytes)
    end function

    function model_import_onnx(model, context, path, options) result(status)
        type(tp_model), intent(inout) :: model
        type(tp_context), intent(in) :: context
        character(*), intent(in) :: path
        type(tp_exchange_options), intent(in), optional :: options
        integer(c_int) :: status
        type(tp_exchange_options), target :: chosen
        character(kind=c_char), allocatable, target :: name(:)
        type(model_node), pointer :: made
        call tp_exchange_options_default(chosen)
        if (present(options)) chosen = options
        allocate (made)
        allocate (name, source=terminated(path))
        status = c_import_onnx(handle(context), c_loc(name), c_loc(chosen), c_loc(made%handle))
        call adopt_model(model, context, made, status)
    end function

    function model_read_onnx(model, context, bytes, options) result(status)
        type(tp_model), intent(inout) :: model
        type(tp_context), intent(in) :: context
        integer(c_int8_t), target, contiguous, intent(in) :: bytes(:)
        type(tp_exchange_options), intent(in), optional :: options
        integer(c_int) :: status
        type(tp_exchange_options), target :: chosen
        type(model_node), pointer :: made
        call tp_exchange_options_default(chosen)
        if (present(options)) chosen = options
        allocate (made)
        status = c_read_onnx(handle(context), c_loc(bytes), size(bytes, kind=c_size_t), c_loc(chosen), &
            c_loc(made%handle))
        call adopt_model(model, context, made, status)
    end function

    subroutine set_tensors(room, chosen, pattern, weights, biases)
        type(kept), target, intent(inout) :: room
        type(tp_exchange_options), intent(inout) :: chosen
        character(*), intent(in), optional :: pattern, weights(:), biases(:)
        if (present(pattern)) then
            allocate (room%pattern, source=terminated(pattern))
            chosen%pattern = c_loc(room%pattern)
        end if
        if (present(weights)) then
            call set_names(room%weight, room%weights, weights)
            chosen%name_count = size(weights)
            chosen%weights = c_loc(room%weights)
        end if
        if (present(biases)) then
            call set_names(room%bias, room%biases, biases)
            chosen%biases = c_loc(room%biases)
        end if
    end subroutine

    subroutine set_names(text, places, names)
        character(kind=c_char), allocatable, target, intent(inout) :: text(:, :)
        type(c_ptr), allocatable, intent(inout) :: places(:)
        character(*), intent(in) :: names(:)
        integer :: i, length
        allocate (text(len(names) + 1, size(names)), places(size(names)))
        do i = 1, size(names)
            length = len_trim(names(i))
            text(:length + 1, i) = terminated(names(i))
            places(i) = c_null_ptr
            if (length > 0) places(i) = c_loc(text(1, i))
        end do
    end subroutine
end module
