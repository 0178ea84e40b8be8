! SPDX-License-Identifier: BSD-3-Clause
! Files: what is saved as a whole, models in it, IDX files and data sets.
module tileprop_files
    use, intrinsic :: iso_c_binding
    use tileprop_c, only: c_output_create => tp_output_create, c_output_destroy => tp_output_destroy, &
        c_output_write => tp_output_write, c_output_commit => tp_output_commit, c_output_is => tp_output_is, &
        c_save_to => tp_model_save_to, tp_model_get_file_options, c_idx_read => tp_idx_read, &
        c_idx_release => tp_idx_release, c_idx_to_samples => tp_idx_to_samples, c_dataset_load => tp_dataset_load, &
        c_dataset_destroy => tp_dataset_destroy, c_dataset_data => tp_dataset_data
    use tileprop_types
    use tileprop_objects
    use tileprop_arrays
    implicit none
    private
    public :: tp_output_create, tp_output_destroy, tp_output_write, tp_output_commit, tp_output_is, tp_model_save_to, &
        tp_model_describe_file, tp_idx_read, tp_idx_release, tp_idx_to_samples, tp_dataset_load, tp_dataset_destroy, &
        tp_dataset_data

    ! Names of their own, so that compilers do not take them for the C functions.
    interface tp_output_create; procedure output_create; end interface
    interface tp_output_destroy; procedure output_destroy; end interface
    interface tp_output_write; procedure output_write; end interface
    interface tp_output_commit; procedure output_commit; end interface
    interface tp_output_is; procedure output_is; end interface
    interface tp_model_save_to; procedure model_save_to; end interface
    interface tp_model_describe_file; procedure model_describe_file; end interface
    interface tp_idx_read; procedure idx_read; end interface
    interface tp_idx_release; procedure idx_release; end interface
    interface tp_idx_to_samples; procedure idx_to_samples; end interface
    interface tp_dataset_load; procedure dataset_load; end interface
    interface tp_dataset_destroy; procedure dataset_destroy; end interface
    interface tp_dataset_data; procedure dataset_data; end interface

contains

    function output_create(output, context, path) result(status)
        type(tp_output), intent(inout) :: output
        type(tp_context), intent(in) :: context
        character(*), intent(in) :: path
        integer(c_int) :: status
        character(kind=c_char), allocatable, target :: name(:)
        class(tp_node), pointer :: made
        allocate (made)
        allocate (name, source=terminated(path))
        status = c_output_create(handle(context), c_loc(name), c_loc(made%handle))
        call need(made, context%node)
        call adopt(output, made, status, c_output_destroy)
    end function

    subroutine output_destroy(output)
        type(tp_output), intent(inout) :: output
        call let_go(output)
    end subroutine

    ! bytes: transfer(anything, [0_int8])
    function output_write(output, bytes) result(status)
        type(tp_output), intent(in) :: output
        integer(c_int8_t), target, contiguous, intent(in) :: bytes(:)
        integer(c_int) :: status
        status = c_output_write(handle(output), c_loc(bytes), size(bytes, kind=c_size_t))
    end function

    function output_commit(output) result(status)
        type(tp_output), intent(in) :: output
        integer(c_int) :: status
        status = c_output_commit(handle(output))
    end function

    function output_is(output, path) result(same)
        type(tp_output), intent(in) :: output
        character(*), intent(in) :: path
        logical :: same
        character(kind=c_char), allocatable, target :: name(:)
        allocate (name, source=terminated(path))
        same = c_output_is(handle(output), c_loc(name))
    end function

    function model_save_to(model, output) result(status)
        type(tp_model), intent(in) :: model
        type(tp_output), intent(in) :: output
        integer(c_int) :: status
        status = c_save_to(handle(model), handle(output))
    end function

    ! layers(:options%layer_count) are those of the file.
    function model_describe_file(context, path, options, layers) result(status)
        type(tp_context), intent(in) :: context
        character(*), intent(in) :: path
        type(tp_model_options), target, intent(inout) :: options
        type(tp_layer), target, intent(inout) :: layers(TP_MAX_LAYERS)
        integer(c_int) :: status
        character(kind=c_char), allocatable, target :: name(:)
        allocate (name, source=terminated(path))
        status = tp_model_get_file_options(handle(context), c_loc(name), c_loc(options), c_sizeof(options), &
            c_loc(layers), c_sizeof(layers(1)))
    end function

    ! idx%data: call c_f_pointer(idx%data, array, shape), with the dimensions in Fortran's order, the last one first.
    function idx_read(context, path, idx) result(status)
        type(tp_context), intent(in) :: context
        character(*), intent(in) :: path
        type(tp_idx), target, intent(inout) :: idx
        integer(c_int) :: status
        character(kind=c_char), allocatable, target :: name(:)
        allocate (name, source=terminated(path))
        status = c_idx_read(handle(context), c_loc(name), c_loc(idx))
    end function

    subroutine idx_release(context, idx)
        type(tp_context), intent(in) :: context
        type(tp_idx), target, intent(inout) :: idx
        call c_idx_release(handle(context), c_loc(idx))
    end subroutine

    function dataset_load(dataset, context, place, split) result(status)
        type(tp_dataset), intent(inout) :: dataset
        type(tp_context), intent(in) :: context
        character(*), intent(in) :: place
        integer(c_int), intent(in) :: split
        integer(c_int) :: status
        character(kind=c_char), allocatable, target :: name(:)
        class(tp_node), pointer :: made
        allocate (made)
        allocate (name, source=terminated(place))
        status = c_dataset_load(handle(context), c_loc(name), split, c_loc(made%handle))
        call need(made, context%node)
        call adopt(dataset, made, status, c_dataset_destroy)
    end function

    subroutine dataset_destroy(dataset)
        type(tp_dataset), intent(inout) :: dataset
        call let_go(dataset)
    end subroutine

    ! Valid while the data set lives; trainers keep it alive.
    function dataset_data(dataset) result(set)
        type(tp_dataset), intent(in) :: dataset
        type(tp_sample_set) :: set
        type(tp_data), pointer :: data
        if (.not. associated(dataset%node)) return
        call c_f_pointer(c_dataset_data(handle(dataset)), data)
        set%in_place = data
        set%owner => dataset%node
    end function

    function idx_to_samples(context, path, idx) result(status)
        type(tp_context), intent(in) :: context
        character(*), intent(in) :: path
        type(tp_idx), target, intent(inout) :: idx
        integer(c_int) :: status
        character(kind=c_char), allocatable, target :: name(:)
        allocate (name, source=terminated(path))
        status = c_idx_to_samples(handle(context), c_loc(name), c_loc(idx))
    end function
end module
