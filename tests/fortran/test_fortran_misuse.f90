! SPDX-License-Identifier: BSD-3-Clause
! The module tileprop where a program does what it should not, or what is rare: refused and empty passes,
! results that have no values before, negative numbers, weights where they do not count.
program test_fortran_misuse
    use, intrinsic :: iso_c_binding
    use, intrinsic :: ieee_arithmetic
    use, intrinsic :: iso_fortran_env, only: real32, real64, int8, int64
    use checks
    implicit none

    call begin_checks
    call test_refused_pass
    call test_empty_pass
    call test_undefined_results
    call test_negative_numbers
    call test_class_weights
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

    ! C would take them as large ones.
    subroutine test_negative_numbers
        type(tp_model) :: model, other
        type(tp_workspace) :: workspace
        type(tp_optimizer) :: optimizer
        type(tp_trainer) :: trainer
        type(tp_model_options) :: shape
        type(tp_workspace_options) :: room
        type(tp_optimizer_options) :: rule, default_rule
        type(tp_train_options) :: options, default_options
        type(tp_layer), parameter :: layers(2) = [tp_layer(4, TP_ACTIVATION_TANH), tp_layer(2, TP_ACTIVATION_IDENTITY)]
        real(real32), target :: samples(inputs, batch)
        type(tp_sample_set) :: set
        real(real32) :: a(26), b(26)
        integer(c_int) :: status
        samples = x
        call make_model(model, TP_LOSS_MSE, TP_ACTIVATION_IDENTITY)
        call tp_model_options_default(shape)
        shape%inputs = -1
        call refused(tp_model_create(other, context, shape, layers), 'inputs is -1; it must not be negative')
        shape%inputs = inputs
        shape%loss = TP_LOSS_MSE
        call refused(tp_model_create(other, context, shape, [layers(1), tp_layer(-2, TP_ACTIVATION_IDENTITY)]), &
            'width is -2; it must not be negative')
        call refused(tp_model_create(other, context, shape, layers(:0)), 'layer_count is 0')
        shape%seed = -1
        call ok(tp_model_create(other, context, shape, layers), 'a negative seed')
        call ok(tp_model_get_parameters(model, a), 'parameters of seed 1')
        call ok(tp_model_get_parameters(other, b), 'parameters of seed -1')
        call check(any(a /= b), 'a negative seed is another one')
        call tp_workspace_options_default(room)
        room%max_batch = -5
        call refused(tp_workspace_create(workspace, model, room), 'max_batch is -5; it must not be negative')
        call check(tp_workspace_size(model, room) == 0, 'the size of a negative max_batch')
        call make_workspace(workspace, model, TP_MODE_TRAINING)
        call refused(tp_workspace_set_dropout(workspace, -1_int64, -1_int64), 'step is -1; it must not be negative')
        call ok(tp_workspace_set_dropout(workspace, -1_int64, 1_int64), 'a negative seed of dropout')
        call tp_optimizer_options_default(default_rule)
        rule = default_rule
        rule%warmup_steps = -1
        call refused(tp_optimizer_create(optimizer, model, rule), 'warmup_steps is -1; it must not be negative')
        rule = default_rule
        rule%total_steps = -2
        call refused(tp_optimizer_create(optimizer, model, rule), 'total_steps is -2; it must not be negative')
        rule = default_rule
        rule%step_every = -3
        call refused(tp_optimizer_create(optimizer, model, rule), 'step_every is -3; it must not be negative')
        call ok(tp_optimizer_create(optimizer, model, default_rule), 'optimizer')
        call refused(tp_optimizer_set_steps(optimizer, -1_int64), 'steps is -1; it must not be negative')
        call check(tp_optimizer_steps(optimizer) == 0, 'steps are as before')
        call tp_train_options_default(default_options)
        set = tp_samples(samples, tp_values(values))
        options = default_options
        options%batch = -1
        call refused(tp_trainer_create(trainer, model, set, options), 'batch is -1; it must not be negative')
        call check(tp_trainer_size(model, set, options) == 0, 'the size of a negative batch')
        options = default_options
        options%epochs = -7
        call refused(tp_trainer_create(trainer, model, set, options), 'epochs is -7; it must not be negative')
        options = default_options
        options%optimizer%warmup_steps = -1
        call refused(tp_trainer_create(trainer, model, set, options), 'warmup_steps is -1; it must not be negative')
        call check(tp_sgemm_workspace_size(context, -1, 2, 3) == 0 .and. tp_packed_size(context, 2, -1) == 0, &
            'sizes of negative extents')
        call check(.not. associated(tp_model_layer(model, 0)) .and. .not. associated(tp_model_layer(model, -1)), &
            'no layer 0')
        status = tp_optimizer_get_state(optimizer, 0, a)
        call check(status == TP_ERR_ARGUMENT, 'no state 0')
        set = tp_samples(samples, tp_classes(spread(huge(1_c_int32_t), 1, batch)))
        call check(tp_trainer_create(trainer, model, set, default_options) == TP_ERR_ARGUMENT, 'the largest class')
    end subroutine

    subroutine test_class_weights
        type(tp_model) :: model
        type(tp_workspace) :: workspace
        type(tp_trainer) :: trainer
        type(tp_train_options) :: options
        type(tp_score) :: score, by_samples
        type(tp_sample_set) :: plain, weighted
        type(tp_target) :: target
        real(real32), target :: samples(inputs, batch)
        samples = x
        target = tp_classes(classes)
        call make_model(model, TP_LOSS_CCE, TP_ACTIVATION_SOFTMAX)
        call make_workspace(workspace, model, TP_MODE_TRAINING)
        call tp_train_options_default(options)
        plain = tp_samples(samples, target)
        weighted = tp_samples(samples, tp_weigh_classes(target, [1.0, 9.0]))
        call refused(tp_evaluate(model, workspace, weighted, score), 'class_weights are not for evaluation')
        call refused(tp_trainer_create(trainer, model, plain, options, validation=weighted), &
            'class_weights are not for evaluation or validation')
        call ok(tp_trainer_create(trainer, model, weighted, options, validation=plain), 'class weights of training')
        call ok(tp_forward(model, workspace, x), 'forward')
        call ok(tp_loss_value(model, workspace, tp_weigh_classes(target, [1.0, 9.0]), score), 'class weights of a loss')
        call ok(tp_evaluate(model, workspace, tp_samples(samples, tp_weigh_samples(target, &
            real(1 + 8 * classes, real32))), by_samples), 'weights of samples instead')
        call check(abs(score%loss - by_samples%loss) < 1e-6 .and. by_samples%weight == score%weight, 'the same loss')
    end subroutine
end program
