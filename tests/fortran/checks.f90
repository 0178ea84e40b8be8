! SPDX-License-Identifier: BSD-3-Clause
! What the tests in Fortran share: counted checks, and a small model with samples.
module checks
    use, intrinsic :: iso_c_binding
    use, intrinsic :: iso_fortran_env, only: real32
    use tileprop
    implicit none
    integer, parameter :: inputs = 3, outputs = 2, batch = 5
    type(tp_context) :: context
    real(real32) :: x(inputs, batch), values(outputs, batch)
    integer(c_int32_t), parameter :: classes(batch) = [0, 1, 1, 0, 1]
    integer, private :: done = 0, failures = 0

contains

    subroutine begin_checks
        integer :: k
        x = reshape([(sin(real(7 * k)), k=1, size(x))], shape(x))
        values = reshape([(cos(real(3 * k)), k=1, size(values))], shape(values))
        call ok(tp_context_create(context), 'context')
    end subroutine

    subroutine end_checks
        call tp_context_destroy(context)
        print '(a, i0)', '1..', done
        if (failures > 0) error stop 1
    end subroutine

    subroutine check(passed, name)
        logical, intent(in) :: passed
        character(*), intent(in) :: name
        done = done + 1
        if (.not. passed) failures = failures + 1
        print '(a, i0, 2a)', merge('ok     ', 'not ok ', passed), done, ' - ', name
    end subroutine

    subroutine ok(status, name)
        integer(c_int), intent(in) :: status
        character(*), intent(in) :: name
        call check(status == TP_OK, name//': '//tp_status_text(status)//' '//tp_context_message(context))
    end subroutine

    subroutine refused(status, text)
        integer(c_int), intent(in) :: status
        character(*), intent(in) :: text
        call check(status == TP_ERR_ARGUMENT .and. index(tp_context_message(context), text) > 0, text)
    end subroutine

    subroutine make_model(model, loss, last)
        type(tp_model), intent(inout) :: model
        integer(c_int), intent(in) :: loss, last
        type(tp_model_options) :: options
        call tp_model_options_default(options)
        options%inputs = inputs
        options%loss = loss
        call ok(tp_model_create(model, context, options, [tp_layer(4, TP_ACTIVATION_TANH), tp_layer(outputs, last)]), &
            'model')
    end subroutine

    subroutine make_workspace(workspace, model, mode)
        type(tp_workspace), intent(inout) :: workspace
        type(tp_model), intent(in) :: model
        integer(c_int), intent(in) :: mode
        type(tp_workspace_options) :: options
        call tp_workspace_options_default(options)
        options%max_batch = batch
        options%mode = mode
        call ok(tp_workspace_create(workspace, model, options), 'workspace')
    end subroutine
end module
