! SPDX-License-Identifier: BSD-3-Clause
! Online training in a time loop: a simulation makes samples of a damped oscillator, a network learns after each step
! how its state (position, velocity) changes until the next, and then predicts a motion on its own.
! CMake: find_package(tileprop COMPONENTS fortran), then link tileprop::tileprop_fortran.
program online
    use, intrinsic :: iso_fortran_env, only: real64, int64, error_unit
    use tileprop
    implicit none
    integer, parameter :: samples = 32, steps = 2000
    type(tp_context) :: context
    type(tp_model) :: model
    type(tp_workspace) :: workspace
    type(tp_optimizer) :: optimizer
    type(tp_model_options) :: shape
    type(tp_workspace_options) :: room
    type(tp_optimizer_options) :: rule
    type(tp_score) :: score
    real(real64), target :: state(2, samples), change(2, samples), path(2, 1)
    real(real64) :: truth(2), first, last
    integer :: step

    call tp_model_options_default(shape)
    call tp_workspace_options_default(room)
    call tp_optimizer_options_default(rule)
    shape%inputs = 2
    shape%loss = TP_LOSS_MSE
    room%max_batch = samples
    room%mode = TP_MODE_TRAINING
    rule%learning_rate = 0.01
    call expect(tp_context_create(context))
    call expect(tp_model_create(model, context, shape, [tp_layer(32, TP_ACTIVATION_TANH), &
        tp_layer(2, TP_ACTIVATION_IDENTITY)]))
    call expect(tp_workspace_create(workspace, model, room))
    call expect(tp_optimizer_create(optimizer, model, rule))

    first = 0
    last = 0
    call random_init(repeatable=.true., image_distinct=.false.)
    do step = 1, steps
        call random_number(state)
        state = 2 * state - 1
        change = slope(state)
        if (step == steps / 2) call expect(tp_optimizer_set_learning_rate(optimizer, 0.001))
        call expect(tp_train_step(model, workspace, optimizer, state, tp_values(change), score))
        if (step <= 100) first = first + score%loss / 100
        if (step > steps - 100) last = last + score%loss / 100
    end do
    print '(a, 2es10.2)', 'mean loss of the first and the last 100 steps:', first, last

    truth = [0.8_real64, 0.0_real64]
    path(:, 1) = truth
    do step = 1, 20
        call expect(tp_forward(model, workspace, path, change(:, 1:1)))
        path = path + 0.1 * change(:, 1:1)
        truth = truth + 0.1 * reshape(slope(reshape(truth, [2, 1])), [2])
    end do
    print '(a, 2f8.3, a, 2f8.3)', 'predicted', path, '  true', truth
    if (last > first / 20 .or. any(abs(path(:, 1) - truth) > 0.05)) error stop 'the network did not learn'

contains

    pure function slope(state)
        real(real64), intent(in) :: state(:, :)
        real(real64) :: slope(2, size(state, 2))
        slope(1, :) = state(2, :)
        slope(2, :) = -sin(2 * state(1, :)) - 0.2 * state(2, :)
    end function

    subroutine expect(status)
        integer, intent(in) :: status
        if (status == TP_OK) return
        write (error_unit, '(4a)') tp_status_text(status), ': ', tp_context_message(context)
        error stop 1
    end subroutine
end program
