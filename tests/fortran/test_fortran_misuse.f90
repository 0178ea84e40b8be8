! SPDX-License-Identifier: BSD-3-Clause
! The module tileprop where a program does what it should not, or what is rare: refused and empty passes,
! results that have no values before.
program test_fortran_misuse
    use, intrinsic :: iso_c_binding
    use, intrinsic :: ieee_arithmetic
    use, intrinsic :: iso_fortran_env, only: real32, real64
    use checks
    implicit none

    call begin_checks
    call test_refused_pass
    call test_empty_pass
    call test_undefined_results
    call end_checks

contains

    ! The samples of a pass outlive passes after it that C refuses, whatever their size.
    subroutine test_refused_pass
        type(tp_model) :: model
        type(tp_workspace) :: workspace
        real(real32) :: few(26), gradients(26), many(inputs, 100 * batch)
        integer :: k
        call make_model(model, TP_LOSS_MSE, TP_ACTIVATION_IDENTITY)
        call make_workspace(workspace, model, TP_MODE_TRAINING)
        call ok(tp_forward(model, workspace, x), 'forward')
        call ok(tp_backward(model, workspace, tp_values(values), gradients), 'backward')
        many = 7
        call refused(tp_forward(model, workspace, many), 'the workspace holds at most 5')
        call refused(tp_forward(model, workspace, real(many(:, :6), real64)), 'the workspace holds at most 5')
        call ok(tp_backward(model, workspace, tp_values(values), few), 'backward after passes that were refused')
        call check(all(few == gradients), 'the same gradients after them')
        do k = batch, 1, -1
            call ok(tp_forward(model, workspace, x(:, :k)), 'a pass after a larger one')
        end do
        call ok(tp_backward(model, workspace, tp_values(values(:, :1)), few), 'backward of the last')
        call check(any(few /= gradients), 'its gradients')
    end subroutine

    ! A pass of no samples leaves the one before, with its number of samples.
    subroutine test_empty_pass
        type(tp_model) :: model
        type(tp_workspace) :: workspace
        type(tp_score) :: score
        real(real32) :: gradients(26), again(26)
        call make_model(model, TP_LOSS_MSE, TP_ACTIVATION_IDENTITY)
        call make_workspace(workspace, model, TP_MODE_TRAINING)
        call refused(tp_backward(model, workspace, tp_values(values), again), 'no forward pass to go back from')
        call refused(tp_backward_from(model, workspace, values, again), 'no forward pass to go back from')
        call refused(tp_loss_value(model, workspace, tp_values(values), score), 'no forward pass to take the loss of')
        call ok(tp_forward(model, workspace, x), 'forward')
        call ok(tp_backward(model, workspace, tp_values(values), gradients), 'backward')
        call ok(tp_forward(model, workspace, x(:, :0)), 'forward of no samples')
        call refused(tp_backward(model, workspace, tp_values(values(:, :0)), again), &
            'values has the shape (2, 0); it must be (2, 5)')
        call refused(tp_backward_from(model, workspace, values(:, :0), again), &
            'dy has the shape (2, 0); it must be (2, 5)')
        call ok(tp_backward(model, workspace, tp_values(values), again), 'backward of the pass before')
        call check(all(again == gradients), 'the same gradients')
    end subroutine

    subroutine nothing_read(status, name)
        integer(c_int), intent(in) :: status
        character(*), intent(in) :: name
        logical :: read
        call ieee_get_flag(ieee_invalid, read)
        call check(status == TP_OK .and. .not. read, name//': what was there is not read')
        call ieee_set_flag(ieee_invalid, .false.)
    end subroutine

    ! Results of real64 go through copies, but what they were before must not: it may be a signalling NaN.
    subroutine test_undefined_results
        type(tp_model) :: model
        type(tp_workspace) :: workspace
        type(tp_optimizer) :: optimizer
        type(tp_optimizer_options) :: rule
        real(real64) :: undefined, y(outputs, batch), jv(outputs, batch), jacobian(inputs, outputs, batch)
        real(real64) :: dx(inputs, batch), g(26), c(2, 2)
        real(real64), parameter :: a(2, 2) = reshape([1, 2, 3, 4], [2, 2])
        type(tp_packed) :: packed
        undefined = ieee_value(undefined, ieee_signaling_nan)
        call make_model(model, TP_LOSS_MSE, TP_ACTIVATION_IDENTITY)
        call make_workspace(workspace, model, TP_MODE_TRAINING)
        call tp_optimizer_options_default(rule)
        call ok(tp_optimizer_create(optimizer, model, rule), 'optimizer')
        call ok(tp_packed_create(packed, context, TP_TRANSPOSE_NO, a), 'packed')
        call ieee_set_flag(ieee_invalid, .false.)
        y = undefined
        call nothing_read(tp_forward(model, workspace, real(x, real64), y), 'y')
        g = undefined
        dx = undefined
        call nothing_read(tp_backward(model, workspace, tp_values(values), g, dx), 'gradients and dx')
        g = undefined
        dx = undefined
        call nothing_read(tp_backward_from(model, workspace, y, g, dx), 'gradients and dx of dy')
        dx = undefined
        call nothing_read(tp_backward_accumulate(model, workspace, tp_values(values), dx), 'a sum of dx')
        g = undefined
        call nothing_read(tp_model_get_parameters(model, g), 'parameters')
        g = undefined
        call nothing_read(tp_optimizer_get_state(optimizer, 1, g), 'state')
        c = undefined
        call nothing_read(tp_sgemm(context, TP_TRANSPOSE_NO, TP_TRANSPOSE_NO, 1d0, a, a, 0d0, c), 'c of sgemm')
        c = undefined
        call nothing_read(tp_sgemm_packed(context, packed, TP_TRANSPOSE_NO, 1d0, a, 0d0, c), 'c of sgemm_packed')
        call check(all(c == matmul(a, a)), 'c')
        call make_workspace(workspace, model, TP_MODE_DERIVATIVES)
        call ieee_set_flag(ieee_invalid, .false.)
        y = undefined
        jacobian = undefined
        call nothing_read(tp_jacobian(model, workspace, real(x, real64), jacobian, y), 'jacobian and y')
        y = undefined
        jv = undefined
        call nothing_read(tp_jvp(model, workspace, real(x, real64), dx, jv, y), 'jv and y')
    end subroutine
end program
