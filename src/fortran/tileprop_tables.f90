! SPDX-License-Identifier: BSD-3-Clause
! Files of samples, and the schemas of them.
module tileprop_tables
    use, intrinsic :: iso_c_binding
    use tileprop_c, only: c_task_name => tp_task_name, c_missing_name => tp_missing_name, &
        c_unknown_name => tp_unknown_name, c_scaling_name => tp_input_scaling_name, c_schema_task => tp_schema_task, &
        c_feature_count => tp_schema_feature_count, c_target_count => tp_schema_target_count, &
        c_feature => tp_schema_feature, c_target => tp_schema_target, c_inputs => tp_schema_inputs, &
        c_outputs => tp_schema_outputs, c_apply => tp_schema_apply, c_model_schema => tp_model_schema, &
        tp_dataset_options_init, c_open => tp_dataset_open, c_schema => tp_dataset_schema, &
        c_validation => tp_dataset_validation, c_id => tp_dataset_id, c_row => tp_dataset_row, &
        c_destroy => tp_dataset_destroy, c_metrics_compute => tp_metrics_compute
    use tileprop_types
    use tileprop_objects
    use tileprop_arrays
    implicit none
    private
    public :: tp_schema, tp_task_name, tp_missing_name, tp_unknown_name, tp_input_scaling_name, tp_schema_task, &
        tp_schema_feature_count, tp_schema_target_count, tp_schema_feature, tp_schema_target, tp_schema_inputs, &
        tp_schema_outputs, tp_schema_apply, tp_model_schema, tp_dataset_options_default, tp_dataset_open, &
        tp_dataset_schema, tp_dataset_validation, tp_dataset_id, tp_dataset_row, tp_metrics_compute

    ! Valid while the data set or the model lives that it is of.
    type :: tp_schema
        type(c_ptr) :: handle = c_null_ptr
    end type

    ! Names of their own, so that compilers do not take them for the C functions.
    interface tp_task_name; procedure task_name; end interface
    interface tp_missing_name; procedure missing_name; end interface
    interface tp_unknown_name; procedure unknown_name; end interface
    interface tp_input_scaling_name; procedure input_scaling_name; end interface
    interface tp_schema_task; procedure schema_task; end interface
    interface tp_schema_feature_count; procedure schema_feature_count; end interface
    interface tp_schema_target_count; procedure schema_target_count; end interface
    interface tp_schema_feature; procedure schema_feature; end interface
    interface tp_schema_target; procedure schema_target; end interface
    interface tp_schema_inputs; procedure schema_inputs; end interface
    interface tp_schema_outputs; procedure schema_outputs; end interface
    interface tp_schema_apply; procedure schema_apply; end interface
    interface tp_model_schema; procedure model_schema; end interface
    interface tp_dataset_open; procedure dataset_open; end interface
    interface tp_dataset_schema; procedure dataset_schema; end interface
    interface tp_dataset_validation; procedure dataset_validation; end interface
    interface tp_dataset_id; procedure dataset_id; end interface
    interface tp_dataset_row; procedure dataset_row; end interface
    interface tp_metrics_compute; procedure metrics_compute; end interface

contains

    function task_name(task) result(text)
        integer(c_int), intent(in) :: task
        character(:), allocatable :: text
        text = tp_string(c_task_name(task))
    end function

    function missing_name(missing) result(text)
        integer(c_int), intent(in) :: missing
        character(:), allocatable :: text
        text = tp_string(c_missing_name(missing))
    end function

    function unknown_name(unknown) result(text)
        integer(c_int), intent(in) :: unknown
        character(:), allocatable :: text
        text = tp_string(c_unknown_name(unknown))
    end function

    function input_scaling_name(scaling) result(text)
        integer(c_int), intent(in) :: scaling
        character(:), allocatable :: text
        text = tp_string(c_scaling_name(scaling))
    end function

    function schema_task(schema) result(task)
        type(tp_schema), intent(in) :: schema
        integer(c_int) :: task
        task = c_schema_task(schema%handle)
    end function

    function schema_feature_count(schema) result(count)
        type(tp_schema), intent(in) :: schema
        integer(c_size_t) :: count
        count = c_feature_count(schema%handle)
    end function

    function schema_target_count(schema) result(count)
        type(tp_schema), intent(in) :: schema
        integer(c_size_t) :: count
        count = c_target_count(schema%handle)
    end function

    ! Columns count from 1; null if there is no such column. Its texts: tp_string(column%name).
    function schema_feature(schema, i) result(column)
        type(tp_schema), intent(in) :: schema
        integer, intent(in) :: i
        type(tp_column), pointer :: column
        column => column_at(c_feature(schema%handle, int(i - 1, c_size_t)))
    end function

    function schema_target(schema, i) result(column)
        type(tp_schema), intent(in) :: schema
        integer, intent(in) :: i
        type(tp_column), pointer :: column
        column => column_at(c_target(schema%handle, int(i - 1, c_size_t)))
    end function

    function column_at(place) result(column)
        type(c_ptr), intent(in) :: place
        type(tp_column), pointer :: column
        nullify (column)
        if (c_associated(place)) call c_f_pointer(place, column)
    end function

    function schema_inputs(schema) result(count)
        type(tp_schema), intent(in) :: schema
        integer(c_size_t) :: count
        count = c_inputs(schema%handle)
    end function

    function schema_outputs(schema) result(count)
        type(tp_schema), intent(in) :: schema
        integer(c_size_t) :: count
        count = c_outputs(schema%handle)
    end function

    function schema_apply(schema, options) result(status)
        type(tp_schema), intent(in) :: schema
        type(tp_model_options), target, intent(inout) :: options
        integer(c_int) :: status
        status = c_apply(schema%handle, c_loc(options))
    end function

    function model_schema(model) result(schema)
        type(tp_model), intent(in) :: model
        type(tp_schema) :: schema
        schema%handle = c_model_schema(handle(model))
    end function

    subroutine tp_dataset_options_default(options)
        type(tp_dataset_options), target, intent(out) :: options
        call tp_dataset_options_init(c_loc(options), c_sizeof(options))
    end subroutine

    ! The texts of the options are arguments, and so is the schema of a model.
    function dataset_open(dataset, context, path, options, schema, target, ignore, categories, weight, id, inputs, &
        targets) result(status)
        type(tp_dataset), intent(inout) :: dataset
        type(tp_context), intent(in) :: context
        character(*), intent(in) :: path
        type(tp_dataset_options), intent(in), optional :: options
        type(tp_schema), intent(in), optional :: schema
        character(*), intent(in), optional :: target, ignore, categories, weight, id, inputs, targets
        integer(c_int) :: status
        type(tp_dataset_options), target :: chosen
        character(kind=c_char), allocatable, target, dimension(:) :: name_, target_, ignore_, categories_, weight_, &
            id_, inputs_, targets_
        class(tp_node), pointer :: made
        call tp_dataset_options_default(chosen)
        if (present(options)) chosen = options
        if (present(schema)) chosen%schema = schema%handle
        call set_text(target_, chosen%target, target)
        call set_text(ignore_, chosen%ignore, ignore)
        call set_text(categories_, chosen%categories, categories)
        call set_text(weight_, chosen%weight, weight)
        call set_text(id_, chosen%id, id)
        call set_text(inputs_, chosen%inputs, inputs)
        call set_text(targets_, chosen%targets, targets)
        allocate (made)
        allocate (name_, source=terminated(path))
        status = c_open(handle(context), c_loc(name_), c_loc(chosen), c_loc(made%handle))
        call need(made, context%node)
        call adopt(dataset, made, status, c_destroy)
    end function

    subroutine set_text(room, place, text)
        character(kind=c_char), allocatable, target, intent(inout) :: room(:)
        type(c_ptr), intent(inout) :: place
        character(*), intent(in), optional :: text
        if (.not. present(text)) return
        allocate (room, source=terminated(text))
        place = c_loc(room)
    end subroutine

    function dataset_schema(dataset) result(schema)
        type(tp_dataset), intent(in) :: dataset
        type(tp_schema) :: schema
        if (associated(dataset%node)) schema%handle = c_schema(handle(dataset))
    end function

    ! Valid while the data set lives; trainers keep it alive. It has no samples if none are held out.
    function dataset_validation(dataset) result(set)
        type(tp_dataset), intent(in) :: dataset
        type(tp_sample_set) :: set
        type(tp_data), pointer :: data
        if (.not. associated(dataset%node)) return
        if (.not. c_associated(c_validation(handle(dataset)))) return
        call c_f_pointer(c_validation(handle(dataset)), data)
        set%in_place = data
        set%owner => dataset%node
    end function

    ! Samples count from 1, and so do rows.
    function dataset_id(dataset, i) result(text)
        type(tp_dataset), intent(in) :: dataset
        integer, intent(in) :: i
        character(:), allocatable :: text
        text = tp_string(c_id(handle(dataset), int(i - 1, c_size_t)))
    end function

    function dataset_row(dataset, i) result(row)
        type(tp_dataset), intent(in) :: dataset
        integer, intent(in) :: i
        integer(c_size_t) :: row
        row = c_row(handle(dataset), int(i - 1, c_size_t)) + 1
    end function

    ! predictions: (outputs, samples). each and confusion as in C, of 2 classes for TP_TASK_BINARY.
    function metrics_compute(context, task, samples, predictions, metrics, each, confusion) result(status)
        type(tp_context), intent(in) :: context
        integer(c_int), intent(in) :: task
        type(tp_sample_set), intent(in) :: samples
        real(c_double), target, contiguous, intent(in) :: predictions(:, :)
        type(tp_metrics), target, intent(inout) :: metrics
        type(tp_output_metrics), target, contiguous, intent(inout), optional :: each(:)
        integer(c_int64_t), target, contiguous, intent(inout), optional :: confusion(:, :)
        integer(c_int) :: status
        type(tp_data), target :: view
        type(c_ptr) :: outputs_each, counts
        view = samples_view(samples)
        outputs_each = c_null_ptr
        counts = c_null_ptr
        status = TP_ERR_ARGUMENT
        if (size(predictions, 2, c_size_t) < view%samples) return
        if (present(each)) then
            if (size(each) < classes_of(task, size(predictions, 1))) return
            outputs_each = c_loc(each)
        end if
        if (present(confusion)) then
            if (any(shape(confusion) /= classes_of(task, size(predictions, 1)))) return
            counts = c_loc(confusion)
        end if
        status = c_metrics_compute(handle(context), task, c_loc(view), size(predictions, 1, c_size_t), &
            c_loc(predictions), size(predictions, 1, c_size_t), c_loc(metrics), outputs_each, counts)
    end function

    pure function classes_of(task, outputs) result(count)
        integer(c_int), intent(in) :: task
        integer, intent(in) :: outputs
        integer :: count
        count = merge(2, outputs, task == TP_TASK_BINARY)
    end function
end module
