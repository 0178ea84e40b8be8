! SPDX-License-Identifier: BSD-3-Clause
! Scores of data sets, and predictors.
module tileprop_evaluation
    use, intrinsic :: iso_c_binding
    use tileprop_c, only: c_options_init => tp_predictor_options_init, c_create => tp_predictor_create, &
        c_destroy => tp_predictor_destroy, c_workspace_size => tp_predictor_workspace_size, &
        c_workspace_create => tp_predictor_workspace_create, c_workspace_destroy => tp_workspace_destroy, &
        c_evaluate => tp_evaluate, c_predictor_evaluate => tp_predictor_evaluate, &
        c_group_evaluate => tp_group_evaluate
    use tileprop_types
    use tileprop_objects
    use tileprop_arrays
    implicit none
    private
    public :: tp_evaluate, tp_group_evaluate, tp_predictor_options_default, tp_predictor_create, tp_predictor_destroy, &
        tp_predictor_workspace_size, tp_predictor_workspace_create, tp_predictor_evaluate

    ! Names of their own, so that compilers do not take them for the C functions.
    interface tp_evaluate; procedure evaluate; end interface
    interface tp_group_evaluate; procedure group_evaluate; end interface
    interface tp_predictor_create; procedure predictor_create; end interface
    interface tp_predictor_destroy; procedure predictor_destroy; end interface
    interface tp_predictor_workspace_size; procedure workspace_size; end interface
    interface tp_predictor_workspace_create; procedure workspace_create; end interface
    interface tp_predictor_evaluate; procedure predictor_evaluate; end interface

contains

    ! By a model or a predictor, or by a model in a group.
    function evaluation(call_c, object, workspace, samples, score, confusion, group) result(status)
        procedure(c_evaluate) :: call_c
        class(tp_object), intent(in) :: object
        type(tp_workspace), intent(in) :: workspace
        type(tp_sample_set), intent(in) :: samples
        type(tp_score), target, intent(inout) :: score
        integer(c_int64_t), target, contiguous, intent(inout), optional :: confusion(:, :)
        type(c_ptr), intent(in), optional :: group
        integer(c_int) :: status
        type(tp_data), target :: view
        type(model_sizes) :: sizes
        type(c_ptr) :: counts
        sizes = model_of(object)
        view = samples_view(samples)
        counts = c_null_ptr
        status = TP_OK
        call target_fits(status, object, samples%target, sizes%outputs, view%samples)
        call without_class_weights(status, object, samples%target)
        if (present(confusion)) then
            call fits(status, object, 'confusion', shape(confusion, c_size_t), [sizes%outputs, sizes%outputs])
            counts = c_loc(confusion)
        end if
        if (status /= TP_OK) return
        if (present(group)) then
            status = c_group_evaluate(handle(object), handle(workspace), c_loc(view), group, c_loc(score), counts)
        else
            status = call_c(handle(object), handle(workspace), c_loc(view), c_loc(score), counts)
        end if
    end function

    ! Classes cannot have weights here. confusion(n_L, n_L): confusion(i, j) counts the samples of class j - 1 that the
    ! model takes for i - 1.
    function evaluate(model, workspace, samples, score, confusion) result(status)
        type(tp_model), intent(in) :: model
        type(tp_workspace), intent(in) :: workspace
        type(tp_sample_set), intent(in) :: samples
        type(tp_score), target, intent(inout) :: score
        integer(c_int64_t), target, contiguous, intent(inout), optional :: confusion(:, :)
        integer(c_int) :: status
        status = evaluation(c_evaluate, model, workspace, samples, score, confusion)
    end function

    ! group: c_loc of a tp_group, or tp_mpi_group_get's. Arrays that do not fit are refused by this rank alone.
    function group_evaluate(model, workspace, samples, group, score, confusion) result(status)
        type(tp_model), intent(in) :: model
        type(tp_workspace), intent(in) :: workspace
        type(tp_sample_set), intent(in) :: samples
        type(c_ptr), intent(in) :: group
        type(tp_score), target, intent(inout) :: score
        integer(c_int64_t), target, contiguous, intent(inout), optional :: confusion(:, :)
        integer(c_int) :: status
        status = evaluation(c_evaluate, model, workspace, samples, score, confusion, group)
    end function

    function predictor_evaluate(predictor, workspace, samples, score, confusion) result(status)
        type(tp_predictor), intent(in) :: predictor
        type(tp_workspace), intent(in) :: workspace
        type(tp_sample_set), intent(in) :: samples
        type(tp_score), target, intent(inout) :: score
        integer(c_int64_t), target, contiguous, intent(inout), optional :: confusion(:, :)
        integer(c_int) :: status
        status = evaluation(c_predictor_evaluate, predictor, workspace, samples, score, confusion)
    end function

    ! ----------------------------------------------------------------------------------------------------- predictor

    subroutine tp_predictor_options_default(options)
        type(tp_predictor_options), target, intent(inout) :: options
        call c_options_init(c_loc(options), c_sizeof(options))
    end subroutine

    ! batches: sizes that runs will have. Without options, the defaults.
    function predictor_create(predictor, context, model, options, batches) result(status)
        type(tp_predictor), intent(inout) :: predictor
        type(tp_context), intent(in) :: context
        type(tp_model), intent(in) :: model
        type(tp_predictor_options), intent(in), optional :: options
        integer(c_size_t), target, contiguous, intent(in), optional :: batches(:)
        integer(c_int) :: status
        type(tp_predictor_options), target :: given
        type(model_node), pointer :: made
        class(tp_node), pointer :: node
        call tp_predictor_options_default(given)
        if (present(options)) given = options
        status = TP_OK
        if (present(batches)) then
            call not_negative(status, context, 'batches', minval([batches, 0_c_size_t]))
            given%batches = c_loc(batches)
            given%batch_count = size(batches, kind=c_size_t)
        end if
        if (status /= TP_OK) return
        allocate (made)
        made%sizes = model_of(model)
        status = c_create(handle(context), handle(model), c_loc(given), c_loc(made%handle))
        node => made
        call need(node, context%node)
        call adopt(predictor, node, status, c_destroy)
    end function

    subroutine predictor_destroy(predictor)
        type(tp_predictor), intent(inout) :: predictor
        call let_go(predictor)
    end subroutine

    function workspace_size(predictor, options) result(bytes)
        type(tp_predictor), intent(in) :: predictor
        type(tp_workspace_options), target, intent(in) :: options
        integer(c_size_t) :: bytes
        bytes = c_workspace_size(handle(predictor), c_loc(options))
    end function

    function workspace_create(workspace, predictor, options, memory) result(status)
        type(tp_workspace), intent(inout) :: workspace
        type(tp_predictor), intent(in) :: predictor
        type(tp_workspace_options), target, intent(in) :: options
        integer(c_int8_t), pointer, contiguous, intent(in), optional :: memory(:)
        integer(c_int) :: status
        type(workspace_node), pointer :: made
        class(tp_node), pointer :: node
        status = TP_OK
        call not_negative(status, predictor, 'max_batch', options%max_batch)
        if (status /= TP_OK) return
        allocate (made)
        status = c_workspace_create(handle(predictor), c_loc(options), block(memory), block_size(memory), &
            c_loc(made%handle))
        node => made
        call need(node, predictor%node)
        call adopt(workspace, node, status, c_workspace_destroy, memory)
    end function
end module
