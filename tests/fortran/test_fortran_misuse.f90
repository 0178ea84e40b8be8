! SPDX-License-Identifier: BSD-3-Clause
! The module tileprop where a program does what it should not, or what is rare: refused and empty passes.
program test_fortran_misuse
    use, intrinsic :: iso_c_binding
    use, intrinsic :: iso_fortran_env, only: real32, real64
    use checks
    implicit none

    call begin_checks
    call test_refused_pass
    call test_empty_pass
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
end program
