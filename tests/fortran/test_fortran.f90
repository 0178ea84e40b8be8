! SPDX-License-Identifier: BSD-3-Clause
! The module tileprop: that arrays of either kind and any stride give the same results, that nothing goes too early, and
! that every procedure does what its C function does.
module counting
    use tileprop
    implicit none

    type, extends(tp_observer) :: counter
        integer :: steps = 0, epochs = 0, stop_at = 0
        real :: loss = 0
    contains
        procedure :: on_epoch => count_epoch
        procedure :: on_step => count_step
    end type

contains

    subroutine count_epoch(self, epoch, stop)
        class(counter), intent(inout) :: self
        type(tp_epoch), intent(in) :: epoch
        logical, intent(inout) :: stop
        self%epochs = self%epochs + 1
        self%loss = real(epoch%validation%loss)
        stop = .false.
    end subroutine

    subroutine count_step(self, step, stop)
        class(counter), intent(inout) :: self
        type(tp_step), intent(in) :: step
        logical, intent(inout) :: stop
        self%steps = self%steps + 1
        stop = step%step == self%stop_at
    end subroutine
end module

program test_fortran
    use, intrinsic :: iso_c_binding
    use, intrinsic :: iso_fortran_env, only: real32, real64, int8, int16, int64
    use checks
    use counting
    implicit none
    integer :: k

    call begin_checks
    call test_context
    call test_lifetimes
    call test_products
    call test_passes
    call test_targets
    call test_shapes
    call test_derivatives
    call test_training_step
    call test_trainer
    call test_kept_samples
    call test_scaling
    call test_files
    call test_notes
    call test_fingerprints
    call end_checks

contains

    subroutine test_context
        type(tp_context) :: none
        type(tp_machine), pointer :: machine
        character(:), allocatable :: message
        machine => tp_context_machine(context)
        call check(tp_string(machine%isa) == tp_context_isa(context), 'isa')
        call check(index(tp_string(machine%usable), tp_context_isa(context)) > 0, 'usable')
        call check(tp_context_create(none, isa='abacus', message=message) == TP_ERR_UNSUPPORTED, 'unknown isa')
        call check(index(message, 'abacus') > 0 .and. index(message, 'scalar') > 0, 'message: '//message)
        call check(tp_context_threads(none) == 0 .and. .not. associated(tp_context_machine(none)), 'no context')
        call ok(tp_context_create(none, isa='scalar', threads=1, message=message), 'scalar')
        call check(tp_context_isa(none) == 'scalar' .and. tp_context_threads(none) == 1, 'isa and threads')
        call ok(tp_context_set_threads(none, 2), 'set threads')
        call check(tp_context_threads(none) == 2, 'threads were set')
        call check(tp_context_set_message(none, TP_ERR_IO, 'of a caller') == TP_ERR_IO, 'set message')
        call check(tp_context_message(none) == 'of a caller', 'message was set')
        call check(tp_version() == '0.2.0' .and. tp_status_text(TP_OK) == 'success', 'version and status')
        call check(tp_activation_name(TP_ACTIVATION_RELU) == 'relu' .and. tp_loss_name(TP_LOSS_CCE) == 'cce' .and. &
            tp_init_name(TP_INIT_HE_NORMAL) == 'he_normal' .and. tp_optimizer_name(TP_OPTIMIZER_ADAM) == 'adam' .and. &
            tp_schedule_name(TP_SCHEDULE_STEP) == 'step' .and. tp_loss_name(-1_c_int) == '', 'names')
    end subroutine

    ! What others need stays when its variable goes first; copies are the same object.
    subroutine test_lifetimes
        type(tp_context) :: own
        type(tp_model) :: model, copy
        type(tp_workspace) :: workspace
        type(tp_model_options) :: options
        real(real32) :: y(outputs, batch), again(outputs, batch)
        call ok(tp_context_create(own), 'a context that goes first')
        call tp_model_options_default(options)
        options%inputs = inputs
        options%loss = TP_LOSS_MSE
        call ok(tp_model_create(model, own, options, [tp_layer(outputs, TP_ACTIVATION_TANH)]), 'its model')
        call tp_context_destroy(own)
        call make_workspace(workspace, model, TP_MODE_INFERENCE)
        call ok(tp_forward(model, workspace, x, y), 'forward without the variable of the context')
        copy = model
        copy = copy
        call tp_model_destroy(model)
        call check(tp_forward(model, workspace, x, again) == TP_ERR_ARGUMENT, 'a variable that was emptied')
        call ok(tp_forward(copy, workspace, x, again), 'forward by the copy')
        call check(all(y == again), 'the same by the copy')
        options%inputs = 0
        call check(tp_model_create(copy, context, options, [tp_layer(1, TP_ACTIVATION_TANH)]) == TP_ERR_ARGUMENT, &
            'a model of no inputs')
        call ok(tp_forward(copy, workspace, x, again), 'a failure leaves the variable as it was')
    end subroutine

    ! Small integers are bf16 numbers.
    subroutine test_bf16(a, b)
        real(real32), target, intent(in) :: a(4, 3), b(3, 5)
        real(real32) :: c(4, 5)
        real(real64) :: c64(4, 5), back(12)
        integer(int16), target :: a16(4, 3), b16(3, 5)
        integer(int8), allocatable, target :: memory(:)
        c = 1
        call ok(tp_bf16gemm(context, TP_TRANSPOSE_NO, TP_TRANSPOSE_NO, a, b, 3.0, c), 'bf16gemm')
        call check(all(c == matmul(a, b) + 3), 'bf16gemm is matmul')
        allocate (memory(tp_bf16gemm_workspace_size(context, 4, 5, 3)))
        call ok(tp_bf16gemm(context, TP_TRANSPOSE_YES, TP_TRANSPOSE_YES, real(transpose(a), real64), &
            real(transpose(b), real64), 0d0, c64, memory), 'bf16gemm of real64')
        call check(all(c64 == matmul(a, b)), 'bf16gemm transposes')
        call ok(to_bf16(a, a16), 'bf16 from real32')
        call ok(to_bf16(b, b16), 'bf16 from real32')
        call ok(tp_bf16gemm(context, TP_TRANSPOSE_NO, TP_TRANSPOSE_NO, a16, b16, 0.0, c), 'bf16gemm of bf16')
        call check(all(c == matmul(a, b)), 'bf16gemm of bf16 is matmul')
        call ok(tp_bf16_to_f32(context, back, reshape(a16, [12])), 'bf16 to real64')
        call check(all(back == reshape(a, [12])), 'bf16 and back')
        call refused(tp_bf16_to_f32(context, back(:3), reshape(a16, [12])), 'out has the shape (3); it must be (12)')
        call refused(tp_bf16gemm(context, TP_TRANSPOSE_NO, TP_TRANSPOSE_NO, a16, b16, 0.0, c(:3, :)), &
            'c has the shape (3, 5); it must be (4, 5)')
        call check(len(tp_context_bf16(context)) > 0 .and. tp_precision_name(TP_PRECISION_BF16) == 'bf16' .and. &
            tp_bf16gemm_workspace_size(context, -1, 2, 3) == 0, 'names and sizes of bf16')
    end subroutine

    function to_bf16(x, bits) result(status)
        real(real32), target, contiguous, intent(in) :: x(:, :)
        integer(int16), target, contiguous, intent(inout) :: bits(:, :)
        integer(c_int) :: status
        status = tp_bf16_from_f32(context, bits_of(bits), column_of(x))
    end function

    function bits_of(bits) result(vector)
        integer(int16), target, contiguous, intent(in) :: bits(:, :)
        integer(int16), pointer, contiguous :: vector(:)
        vector(1:size(bits)) => bits
    end function

    function column_of(x) result(vector)
        real(real32), target, contiguous, intent(in) :: x(:, :)
        real(real32), pointer, contiguous :: vector(:)
        vector(1:size(x)) => x
    end function

    subroutine test_products
        real(real32), target :: a(4, 3), b(3, 5), c(4, 5), wide(9, 5)
        real(real64) :: c64(4, 5)
        integer(int8), allocatable, target :: memory(:)
        type(tp_packed) :: packed
        integer :: i
        a = reshape([(real(mod(5 * i, 7)) - 3, i=1, 12)], shape(a))
        b = reshape([(real(mod(3 * i, 11)) - 5, i=1, 15)], shape(b))
        c = 1
        call ok(tp_sgemm(context, TP_TRANSPOSE_NO, TP_TRANSPOSE_NO, 2.0, a, b, 3.0, c), 'sgemm')
        call check(all(c == 2 * matmul(a, b) + 3), 'sgemm is matmul')
        allocate (memory(tp_sgemm_workspace_size(context, 4, 5, 3)))
        call ok(tp_sgemm(context, TP_TRANSPOSE_YES, TP_TRANSPOSE_YES, 1d0, real(transpose(a), real64), &
            real(transpose(b), real64), 0d0, c64, memory), 'sgemm of real64')
        call check(all(c64 == matmul(a, b)), 'sgemm transposes')
        call ok(tp_sgemm(context, TP_TRANSPOSE_NO, TP_TRANSPOSE_NO, 1d0, real(a, real64), real(b, real64), 2d0, c64), &
            'sgemm of real64 to what is there')
        call check(all(c64 == 3 * matmul(a, b)), 'sgemm adds to what is there')
        wide = -1
        call ok(tp_sgemm(context, TP_TRANSPOSE_NO, TP_TRANSPOSE_NO, 1.0, a, b, 0.0, wide(2:8:2, :)), 'sgemm of strides')
        call check(all(wide(2:8:2, :) == matmul(a, b)) .and. all(wide(1:9:2, :) == -1), 'sgemm keeps to its elements')
        call refused(tp_sgemm(context, TP_TRANSPOSE_NO, TP_TRANSPOSE_NO, 1.0, a, b, 0.0, wide), &
            'c has the shape (9, 5); it must be (4, 5)')
        call test_bf16(a, b)
        call ok(tp_packed_create(packed, context, TP_TRANSPOSE_NO, a), 'packed')
        call ok(tp_sgemm_packed(context, packed, TP_TRANSPOSE_NO, 1.0, b, 0.0, c, bias=[1.0, 2.0, 3.0, 4.0], &
            activation=TP_ACTIVATION_RELU), 'sgemm_packed')
        call check(all(c == max(matmul(a, b) + spread([1, 2, 3, 4], 2, 5), 0.0)), 'bias by rows, then ReLU')
        call ok(tp_packed_update(packed, TP_TRANSPOSE_YES, 2d0 * transpose(a)), 'update of packed')
        call ok(tp_sgemm_packed(context, packed, TP_TRANSPOSE_YES, 1d0, real(transpose(b), real64), 0d0, c64), 'again')
        call check(all(c64 == 2 * matmul(a, b)), 'packed was updated')
        c = 1
        c(1, :) = -1
        call ok(tp_sgemm_packed(context, packed, TP_TRANSPOSE_NO, 1.0, b, 0.0, c, activation=TP_ACTIVATION_LEAKY_RELU, &
            slope=0.5, outputs=c + 0.0), 'derivative')
        call check(all(c(1, :) == matmul(a(1, :), b)) .and. all(c(2:, :) == 2 * matmul(a(2:, :), b)), 'slope')
        call check(tp_packed_size(context, 4, 3) > 0, 'packed size')
        call refused(tp_packed_update(packed, TP_TRANSPOSE_NO, b), 'op(a) has the shape (3, 5); it must be (4, 3)')
        call tp_packed_destroy(packed)
    end subroutine

    ! The same bits from one array as it is, a part of a larger one, one with gaps, and real64.
    subroutine test_passes
        type(tp_model) :: model
        type(tp_workspace) :: workspace
        type(tp_score) :: score
        real(real32), target :: large(inputs + 2, batch), gaps(2 * inputs, 2 * batch), y(outputs, batch)
        real(real32), target :: out(2 * outputs, batch), dx(inputs, batch)
        real(real64) :: y64(outputs, batch), dx64(inputs, batch)
        real(real32), allocatable :: gradients(:), sums(:)
        real(real64), allocatable :: gradients64(:)
        integer(c_size_t) :: count
        call make_model(model, TP_LOSS_MSE, TP_ACTIVATION_IDENTITY)
        call make_workspace(workspace, model, TP_MODE_TRAINING)
        count = tp_model_parameter_count(model)
        call check(count == inputs * 4 + 4 + 4 * outputs + outputs, 'parameter count')
        allocate (gradients(count), gradients64(count), sums(count))
        large = huge(large)
        gaps = huge(gaps)
        large(2:inputs + 1, :) = x
        gaps(2::2, 2::2) = x
        call ok(tp_forward(model, workspace, x, y), 'forward')
        call ok(tp_backward(model, workspace, tp_values(values), gradients, dx, score), 'backward')
        out = -1
        call ok(tp_forward(model, workspace, large(2:inputs + 1, :), out(3:4, :)), 'forward of a part')
        call check(all(out(3:4, :) == y) .and. all(out(1:2, :) == -1), 'the same of a part')
        large = 0 ! the backward pass must not need it
        call ok(tp_backward(model, workspace, tp_values(values), sums), 'backward after a part')
        call check(all(sums == gradients), 'the same gradients of a part')
        out = -1
        call ok(tp_forward(model, workspace, gaps(2::2, 2::2), out(1::2, :)), 'forward of gaps')
        gaps = 0
        call check(all(out(1::2, :) == y) .and. all(out(2::2, :) == -1), 'the same of gaps')
        call ok(tp_backward(model, workspace, tp_values(values), sums), 'backward after gaps')
        call check(all(sums == gradients), 'the same gradients')
        call ok(tp_forward(model, workspace, real(x(:, batch:1:-1), real64), y64), 'forward of real64')
        call check(all(y64(:, batch:1:-1) == y), 'the same of real64')
        call ok(tp_backward(model, workspace, tp_values(real(values(:, batch:1:-1), real64)), gradients64, dx64), &
            'backward of real64')
        call check(all(abs(gradients64 - gradients) < 1d-6) .and. any(gradients /= 0), 'the same gradients of real64')
        call check(all(dx64(:, batch:1:-1) == dx), 'the same dx of real64')
        call ok(tp_forward(model, workspace, x), 'forward without y')
        dx64 = 0
        call ok(tp_backward(model, workspace, tp_values(values), dx64), 'backward for dx alone')
        call check(all(dx64 == dx), 'dx alone')
        sums = 0
        call ok(tp_backward_accumulate(model, workspace, tp_values(values), sums), 'accumulate')
        call ok(tp_backward_accumulate(model, workspace, tp_values(values), sums), 'accumulate again')
        call check(all(abs(sums / (2 * batch) - gradients) < 1e-6), 'sums of gradients')
        gradients64 = 3
        call ok(tp_backward_accumulate(model, workspace, tp_values(values), gradients64), 'accumulate in real64')
        call check(all(abs(gradients64 - 3 - sums / 2) < 1d-5), 'a sum of real64')
        call ok(tp_backward_accumulate(model, workspace, tp_values(values), dx64), 'accumulate dx alone')
        call check(all(abs(dx64 / batch - dx) < 1e-6), 'a sum of dx')
        call ok(tp_backward_from(model, workspace, (2d0 / (outputs * batch)) * (y - values), gradients64), &
            'backward from a loss of my own')
        call check(all(abs(gradients64 - gradients) < 1e-6), 'gradients of a loss of my own')
        call check(abs(score%loss - sum((y - values)**2) / (outputs * batch)) < 1e-6, 'score')
        call ok(tp_workspace_set_dropout(workspace, 1_int64, 1_int64), 'dropout')
        call check(tp_backward(model, workspace, tp_values(values), sums) == TP_ERR_ARGUMENT, 'the pass is forgotten')
    end subroutine

    subroutine test_targets
        type(tp_model) :: model
        type(tp_workspace) :: workspace
        type(tp_score) :: zero, one, hot, weighted, by_class
        real(real64), parameter :: weights(batch) = [1, 2, 2, 1, 2]
        call make_model(model, TP_LOSS_CCE, TP_ACTIVATION_SOFTMAX)
        call make_workspace(workspace, model, TP_MODE_TRAINING)
        call ok(tp_forward(model, workspace, x), 'forward')
        call ok(tp_loss_value(model, workspace, tp_classes(classes), zero), 'classes')
        call ok(tp_loss_value(model, workspace, tp_classes(classes + 1, one_based=.true.), one), 'classes from 1')
        call check(zero%loss == one%loss .and. zero%correct == one%correct, 'the same from 1')
        call ok(tp_loss_value(model, workspace, tp_values(reshape([(1.0 - classes(k), real(classes(k)), k=1, batch)], &
            [outputs, batch])), hot), 'one-hot values')
        call check(abs(zero%loss - hot%loss) < 1e-12 .and. zero%loss > 0, 'the same of one-hot values')
        call ok(tp_loss_value(model, workspace, tp_weigh_samples(tp_classes(classes), weights), weighted), 'weights')
        call ok(tp_loss_value(model, workspace, tp_weigh_classes(tp_classes(classes), [1.0, 2.0]), by_class), &
            'class weights')
        call check(weighted%loss == by_class%loss .and. weighted%weight == sum(weights), 'the same by weights')
        call check(weighted%loss /= zero%loss, 'weights count')
        call check(tp_loss_value(model, workspace, tp_classes(classes, one_based=.true.), one) == TP_ERR_ARGUMENT, &
            'class -1')
        call ok(tp_loss_value(model, workspace, tp_classes(classes + 1_int64, one_based=.true.), one), 'int64 classes')
        call check(one%loss == zero%loss .and. one%correct == zero%correct, 'the same by int64')
        call check(tp_loss_value(model, workspace, tp_classes(classes + 2_int64**32), one) == TP_ERR_ARGUMENT .and. &
            tp_loss_value(model, workspace, tp_classes(classes - 2_int64**32), one) == TP_ERR_ARGUMENT, &
            'int64 classes beyond int32')
    end subroutine

    subroutine test_shapes
        type(tp_model) :: model, none
        type(tp_workspace) :: workspace
        type(tp_score) :: score
        real(real32) :: y(outputs, batch), few(3)
        call make_model(model, TP_LOSS_CCE, TP_ACTIVATION_SOFTMAX)
        call make_workspace(workspace, model, TP_MODE_TRAINING)
        call refused(tp_forward(model, workspace, x(:2, :), y), 'x has the shape (2, 5); it must be (3, 5)')
        call refused(tp_forward(model, workspace, x, y(:, :4)), 'y has the shape (2, 4); it must be (2, 5)')
        call ok(tp_forward(model, workspace, x, y), 'forward')
        call refused(tp_backward(model, workspace, tp_classes(classes(:4)), few), 'gradients has the shape (3)')
        call refused(tp_loss_value(model, workspace, tp_classes(classes(:4)), score), 'classes has the shape (4)')
        call refused(tp_loss_value(model, workspace, tp_values(y(:, :4)), score), 'values has the shape (2, 4)')
        call refused(tp_loss_value(model, workspace, tp_weigh_samples(tp_classes(classes), [1.0]), score), &
            'weights has the shape (1); it must be (5)')
        call refused(tp_loss_value(model, workspace, tp_weigh_classes(tp_classes(classes), [1.0]), score), &
            'class_weights has the shape (1); it must be (2)')
        call check(tp_forward(none, workspace, x, y) == TP_ERR_ARGUMENT, 'no model')
        call check(tp_forward(model, workspace, x(:, :0), y(:, :0)) == TP_OK, 'no samples')
    end subroutine

    ! jacobian v is jv, and with one linear layer the jacobian is the weights.
    subroutine test_derivatives
        type(tp_model) :: model
        type(tp_workspace) :: workspace
        type(tp_model_options) :: options
        real(real32) :: jacobian(inputs, outputs, batch), v(inputs, batch), jv(outputs, batch), y(outputs, batch)
        real(real64) :: jacobian64(inputs, outputs, batch), jv64(outputs, batch), y64(outputs, batch)
        real(real32), allocatable :: parameters(:)
        integer(c_size_t) :: weight, bias
        call tp_model_options_default(options)
        options%inputs = inputs
        options%loss = TP_LOSS_MSE
        call ok(tp_model_create(model, context, options, [tp_layer(outputs, TP_ACTIVATION_IDENTITY)]), 'linear model')
        call make_workspace(workspace, model, TP_MODE_DERIVATIVES)
        allocate (parameters(tp_model_parameter_count(model)))
        call ok(tp_model_get_parameters(model, parameters), 'get parameters')
        call ok(tp_model_layer_offsets(model, 1, weight, bias), 'offsets')
        call check(weight == 1 .and. bias == inputs * outputs + 1, 'offsets from 1')
        v = cos(x)
        call ok(tp_jacobian(model, workspace, x, jacobian, y), 'jacobian')
        call ok(tp_jvp(model, workspace, x, v, jv), 'jvp')
        do k = 1, batch
            call check(all(jacobian(:, :, k) == transpose(reshape(parameters(:bias - 1), [outputs, inputs]))), &
                'weights')
            call check(all(abs(matmul(v(:, k), jacobian(:, :, k)) - jv(:, k)) < 1e-5), 'jacobian and jvp')
        end do
        call ok(tp_jacobian(model, workspace, real(x, real64), jacobian64, y64), 'jacobian of real64')
        call ok(tp_jvp(model, workspace, real(x, real64), real(v, real64), jv64), 'jvp of real64')
        call check(all(jacobian64 == jacobian) .and. all(jv64 == jv) .and. all(y64 == y), 'the same of real64')
        call check(tp_model_layer_offsets(model, 2, weight, bias) == TP_ERR_ARGUMENT, 'offsets of no layer')
    end subroutine

    ! tp_train_step is tp_forward, tp_backward and tp_optimizer_step; an optimiser goes on from another's state.
    subroutine test_training_step
        type(tp_model) :: one, parts
        type(tp_workspace) :: workspace, other
        type(tp_optimizer) :: rule, rule_of_parts, successor
        type(tp_optimizer_options) :: options
        type(tp_score) :: score
        real(real32), allocatable :: gradients(:), a(:), b(:)
        real(real64), allocatable :: a64(:), state(:)
        integer(int8), allocatable, target :: memory(:)
        integer :: step
        call make_model(one, TP_LOSS_MSE, TP_ACTIVATION_IDENTITY)
        call make_model(parts, TP_LOSS_MSE, TP_ACTIVATION_IDENTITY)
        call make_workspace(workspace, one, TP_MODE_TRAINING)
        call make_workspace(other, parts, TP_MODE_TRAINING)
        call tp_optimizer_options_default(options)
        allocate (memory(tp_optimizer_size(one, options)))
        allocate (gradients(tp_model_parameter_count(one)))
        allocate (a(size(gradients)), b(size(gradients)), a64(size(gradients)), state(size(gradients)))
        call ok(tp_optimizer_create(rule, one, options, memory), 'optimizer in my memory')
        call ok(tp_optimizer_create(rule_of_parts, parts, options), 'optimizer')
        do step = 1, 4
            call ok(tp_train_step(one, workspace, rule, x, tp_values(values), score), 'train step')
            call ok(tp_forward(parts, other, x), 'forward')
            call ok(tp_backward(parts, other, tp_values(values), gradients), 'backward')
            call ok(tp_optimizer_step(rule_of_parts, parts, gradients), 'optimizer step')
            call ok(tp_optimizer_set_learning_rate(rule, 0.5d0**(step + 1)), 'rate of real64')
            call ok(tp_optimizer_set_learning_rate(rule_of_parts, 0.5**(step + 1)), 'rate')
        end do
        call ok(tp_model_get_parameters(one, a64), 'get parameters of real64')
        call ok(tp_model_get_parameters(parts, b), 'get parameters')
        call check(all(a64 == b), 'the same in parts')
        call check(tp_optimizer_steps(rule) == 4 .and. tp_optimizer_learning_rate(rule, 5_int64) == 0.5**5, &
            'rate was set')
        call check(tp_optimizer_state_count(rule) == 2, 'states')
        call ok(tp_optimizer_create(successor, parts, options), 'successor')
        do k = 1, 2
            call ok(tp_optimizer_get_state(rule, k, state), 'get state')
            call check(any(state /= 0), 'state')
            call ok(tp_optimizer_set_state(successor, k, state), 'set state')
        end do
        call check(tp_optimizer_get_state(rule, 3, a) == TP_ERR_ARGUMENT, 'no third state')
        call check(index(tp_context_message(context), 'which is 3; it must be 1..2') > 0, 'says so')
        call ok(tp_optimizer_set_steps(successor, 4_int64), 'set steps')
        call ok(tp_optimizer_set_learning_rate(successor, 0.5**5), 'set rate')
        call ok(tp_train_step(one, workspace, rule, real(x, real64), tp_values(values)), 'step of the first')
        call ok(tp_train_step(parts, other, successor, x, tp_values(values)), 'step of the successor')
        call ok(tp_model_get_parameters(one, a), 'get parameters')
        call ok(tp_model_get_parameters(parts, b), 'get parameters')
        call check(all(a == b), 'the successor goes on with the same bits')
        call refused(tp_train_step(one, workspace, rule, x, tp_values(values(:1, :))), 'values has the shape (1, 5)')
        call ok(tp_model_set_parameters(one, 0 * a64), 'set parameters of real64')
        call ok(tp_model_get_parameters(one, a), 'get parameters')
        call check(all(a == 0), 'parameters were set')
        call tp_optimizer_destroy(successor)
        call tp_optimizer_destroy(rule)
    end subroutine

    subroutine test_trainer
        type(tp_model) :: model
        type(tp_trainer) :: trainer
        type(tp_workspace) :: workspace
        type(tp_train_options) :: options
        type(tp_score) :: score
        type(tp_phases), pointer :: phases
        type(counter), target :: observer
        real(real32), target :: samples(inputs, 200)
        real(real64), target :: y(outputs, 200), samples64(inputs, 200)
        real(real32) :: gaps(2 * outputs, 200)
        integer(c_int32_t) :: labels(200)
        integer(c_int64_t) :: confusion(outputs, outputs)
        integer(int8), allocatable, target :: memory(:)
        samples = reshape([(sin(real(k)**2), k=1, size(samples))], shape(samples))
        samples64 = samples
        labels = merge(2, 1, samples(1, :) > samples(2, :))
        call make_model(model, TP_LOSS_CCE, TP_ACTIVATION_SOFTMAX)
        call tp_train_options_default(options)
        options%batch = 50
        options%epochs = 40
        options%phases = .true.
        options%optimizer%learning_rate = 0.05
        observer%stop_at = 6
        allocate (memory(tp_trainer_size(model, tp_samples(samples, tp_classes(labels - 1)), options)))
        call refused(tp_trainer_create(trainer, model, tp_samples(samples, tp_classes(classes)), options), &
            'classes has the shape (5); it must be (200)')
        call ok(tp_trainer_create(trainer, model, tp_samples(samples, tp_classes(labels, one_based=.true.)), options, &
            validation=tp_samples(samples64, tp_classes(labels - 1)), observer=observer), 'trainer')
        call check(tp_trainer_run(trainer) == TP_ERR_STOPPED .and. observer%steps == 6, 'stopped')
        call ok(tp_trainer_run(trainer), 'run')
        call check(observer%steps == 4 * 40 .and. observer%epochs == 40, 'every step and epoch was told')
        phases => tp_trainer_phases(trainer)
        call check(phases%forward > 0, 'phases')
        call make_workspace(workspace, model, TP_MODE_INFERENCE)
        call ok(tp_evaluate(model, workspace, tp_samples(samples, tp_classes(labels, one_based=.true.)), score, &
            confusion), 'evaluate')
        call check(score%correct > 180 .and. real(score%loss) == observer%loss, 'the validation set is the samples')
        call check(sum(confusion) == 200 .and. confusion(1, 1) + confusion(2, 2) == score%correct .and. &
            all(sum(confusion, 1) == [count(labels == 1), count(labels == 2)]), 'confusion')
        call ok(tp_predict(model, workspace, tp_samples(samples), y), 'predict')
        call check(count(maxloc(y, 1) == labels) == score%correct, 'predictions')
        call group_of_one(model, workspace, tp_samples(samples, tp_classes(labels - 1)), score, y)
        gaps = -1
        call ok(tp_predict(model, workspace, tp_samples(samples64), gaps(2:3, :)), 'predict into a part')
        call check(all(gaps(2:3, :) == y) .and. all(gaps(1:4:3, :) == -1), 'the same in a part')
        call refused(tp_predict(model, workspace, tp_samples(samples), gaps), 'y has the shape (4, 200)')
        call predictions_of_a_predictor(model, samples, labels, y, score)
        call ok(tp_trainer_create(trainer, model, tp_samples(samples, tp_classes(labels, one_based=.true.)), options, &
            memory=memory), 'a trainer in my memory takes the place of the first')
        call ok(tp_trainer_run(trainer), 'run')
        call tp_trainer_destroy(trainer)
    end subroutine

    ! The same as without a group.
    subroutine group_of_one(model, workspace, samples, expected_score, expected)
        type(tp_model), intent(in) :: model
        type(tp_workspace), intent(in) :: workspace
        type(tp_sample_set), intent(in) :: samples
        type(tp_score), intent(in) :: expected_score
        real(real64), intent(in) :: expected(:, :)
        type(tp_group), target :: group
        type(tp_score) :: score
        integer(c_int64_t) :: confusion(2, 2)
        integer(c_size_t) :: first, n
        real(real64) :: y(size(expected, 1), size(expected, 2))
        group%struct_size = c_sizeof(group)
        group%ranks = 1
        group%start = c_funloc(no_exchange)
        group%finish = c_funloc(no_exchange)
        call ok(tp_group_evaluate(model, workspace, samples, c_loc(group), score, confusion), 'evaluate in a group')
        call check(abs(score%loss - expected_score%loss) <= 0 .and. sum(confusion) == 200, 'the score of the group')
        call ok(tp_group_predict(model, workspace, samples, c_loc(group), y, first, n), 'predict in a group')
        call check(first == 1 .and. n == 200 .and. all(abs(y - expected) <= 0), 'predictions of the group')
    end subroutine

    ! A group of one rank exchanges nothing.
    function no_exchange() result(status) bind(c)
        integer(c_int) :: status
        status = TP_ERR_IO
    end function

    ! The same as the model's, which it does not need.
    subroutine predictions_of_a_predictor(model, samples, labels, expected, expected_score)
        type(tp_model), intent(in) :: model
        real(real32), target, intent(in) :: samples(:, :)
        integer(c_int32_t), intent(in) :: labels(:)
        real(real64), intent(in) :: expected(:, :)
        type(tp_score), intent(in) :: expected_score
        type(tp_predictor) :: predictor, copy
        type(tp_predictor_options) :: options
        type(tp_workspace_options) :: room
        type(tp_workspace) :: workspace
        type(tp_score) :: score
        integer(int8), pointer, contiguous :: memory(:)
        real(real64) :: y(size(expected, 1), size(expected, 2)), few64(size(expected, 1), 3)
        real(real32) :: few(size(expected, 1), 3)
        call refused(tp_predictor_create(predictor, context, model, batches=[1_c_size_t, -1_c_size_t]), &
            'batches is -1; it must not be negative')
        call ok(tp_predictor_create(predictor, context, model), 'a predictor with the defaults')
        call tp_predictor_options_default(options)
        options%measure = .true.
        call ok(tp_predictor_create(predictor, context, model, options, [1_c_size_t, 64_c_size_t]), 'predictor')
        call tp_workspace_options_default(room)
        room%max_batch = 64
        allocate (memory(tp_predictor_workspace_size(predictor, room)))
        call ok(tp_predictor_workspace_create(workspace, predictor, room, memory), 'its workspace in my memory')
        copy = predictor
        call tp_predictor_destroy(predictor)
        call ok(tp_predictor_predict(copy, workspace, tp_samples(samples), y), 'predict by a predictor')
        call check(all(y == expected), 'the same by a predictor')
        call ok(tp_predictor_evaluate(copy, workspace, tp_samples(samples, tp_classes(labels - 1)), score), 'evaluate')
        call check(score%loss == expected_score%loss .and. score%correct == expected_score%correct, 'score')
        call ok(tp_predictor_run(copy, workspace, samples(:, :3), few), 'run')
        call ok(tp_predictor_run(copy, workspace, real(samples(:, :3), real64), few64), 'run of real64')
        call check(all(few == expected(:, :3)) .and. all(real(few64, real32) == few), 'the same in a run')
        call refused(tp_predictor_run(copy, workspace, samples, few), 'y has the shape')
        call tp_workspace_destroy(workspace)
        deallocate (memory)
    end subroutine

    ! What a trainer was given may go but for arrays that are used in place; bytes and parts give the same as floats.
    subroutine test_kept_samples
        real(real32), target :: floats(inputs, 64), large(inputs + 1, 64)
        real(real64), target :: doubles(2 * inputs, 64)
        integer(int8), target :: bytes(inputs, 64)
        real(real32) :: of_floats(26), of_bytes(26), of_part(26), of_copy(26)
        bytes = reshape([(int(mod(37 * k, 256) - 128, int8), k=1, size(bytes))], shape(bytes))
        floats = iand(int(bytes), 255)
        large(:inputs, :) = floats
        doubles(::2, :) = floats
        doubles(2::2, :) = floats
        call train(tp_samples(floats, tp_values(floats(:2, :) / 256)), of_floats)
        call train(tp_samples(bytes, tp_values(floats(:2, :) / 256)), of_bytes)
        call train(tp_samples(large(:inputs, :), tp_values(floats(:2, :) / 256)), of_part)
        call train(tp_samples(doubles(::2, :), tp_values(real(floats(:2, :), real64) / 256)), of_copy)
        call check(all(of_floats == of_bytes), 'bytes')
        call check(all(of_floats == of_part), 'a part')
        call check(all(of_floats == of_copy), 'real64 with gaps')
    end subroutine

    ! Values in units of the program: scaled samples and targets give the network that plain ones give.
    subroutine test_scaling
        type(tp_model) :: model
        type(tp_model_options) :: options
        type(tp_workspace) :: workspace
        real(real64), target :: raw(inputs, batch)
        real(real64) :: y(outputs, batch)
        real(real32) :: scaled(outputs, batch)
        call tp_model_options_default(options)
        options%inputs = inputs
        options%loss = TP_LOSS_MSE
        call ok(tp_model_create(model, context, options, [tp_layer(outputs, TP_ACTIVATION_TANH)], &
            input_mean=[1d0, 2d0, 3d0], input_deviation=[2d0, 2d0, 4d0], output_mean=[5d0], output_deviation=[8d0]), &
            'scaled model')
        call make_workspace(workspace, model, TP_MODE_INFERENCE)
        do k = 1, inputs
            raw(k, :) = real(x(k, :), real64) * merge(4, 2, k == 3) + k
        end do
        call ok(tp_predict(model, workspace, tp_samples(raw), y), 'predict in units')
        call ok(tp_forward(model, workspace, x, scaled), 'forward of scaled inputs')
        call check(all(abs(y - (8 * scaled + 5)) < 1d-5) .and. any(abs(scaled) > 0.1), 'units')
        call check(all(y == 8 * real(scaled, real64) + 5), 'predictions are not rounded to real32')
        call refused(tp_model_create(model, context, options, [tp_layer(1, TP_ACTIVATION_TANH)], input_mean=[1d0]), &
            'means and deviations are given together')
        call refused(tp_model_create(model, context, options, [tp_layer(1, TP_ACTIVATION_TANH)], input_mean=[1d0], &
            input_deviation=[1d0, 2d0, 3d0]), 'deviation has the shape (3); it must be (1)')
    end subroutine

    subroutine train(samples, parameters)
        type(tp_sample_set), intent(in) :: samples
        real(real32), intent(inout) :: parameters(:)
        type(tp_model) :: model
        type(tp_trainer) :: trainer
        type(tp_train_options) :: options
        call make_model(model, TP_LOSS_MSE, TP_ACTIVATION_IDENTITY)
        call tp_train_options_default(options)
        options%batch = 16
        call ok(tp_trainer_create(trainer, model, samples, options), 'trainer')
        call ok(tp_trainer_run(trainer), 'run')
        call ok(tp_model_get_parameters(model, parameters), 'parameters')
    end subroutine

    subroutine test_exchange(model, path)
        type(tp_model), intent(in) :: model
        character(*), intent(in) :: path
        character(2), parameter :: weights(2) = ['w1', 'w '], biases(2) = ['b ', 'b2'], no_biases(2) = '  '
        type(tp_model) :: copy
        type(tp_output) :: output
        type(tp_exchange_options) :: options
        real(real32) :: a(26), b(26)
        call ok(tp_model_get_parameters(model, a), 'parameters')
        call ok(tp_output_create(output, context, path), 'output')
        call ok(tp_model_export_torch(model, output, pattern='fc{}.weight'), 'layers by pattern')
        call check(tp_model_import_torch(copy, context, path, pattern='fd{}.weight') == TP_ERR_FORMAT, 'no such layers')
        call ok(tp_model_import_torch(copy, context, path, pattern='fc{}.weight'), 'layers that were written')
        call ok(tp_model_get_parameters(copy, b), 'parameters of layers')
        call check(all(a == b), 'the same as layers')
        call ok(tp_output_create(output, context, path), 'output')
        call ok(tp_model_export_torch(model, output, weights=weights, biases=biases), 'layers by names')
        call ok(tp_output_create(output, context, path//'.h'), 'output')
        call check(tp_model_export_c(model, output, '1st') == TP_ERR_ARGUMENT, 'no name')
        call ok(tp_model_export_c(model, output, 'net'), 'C source')
        open (newunit=k, file=path//'.h')
        close (k, status='delete')
        call tp_exchange_options_default(options)
        options%loss = TP_LOSS_MSE
        call ok(tp_model_import_torch(copy, context, path, options, weights=weights, biases=no_biases, &
            activations=[TP_ACTIVATION_RELU, TP_ACTIVATION_IDENTITY]), 'layers without biases')
        call ok(tp_model_import_torch(copy, context, path, weights=weights, biases=biases, like=model), &
            'layers like others')
        call ok(tp_model_get_parameters(copy, b), 'parameters of named layers')
        call check(all(a == b), 'the same as named layers')
    end subroutine

    ! A library without ONNX says so.
    subroutine test_onnx(model, path)
        type(tp_model), intent(in) :: model
        character(*), intent(in) :: path
        type(tp_model) :: copy
        type(tp_output) :: output
        type(tp_exchange_options) :: options
        integer(int8), allocatable :: bytes(:)
        real(real32) :: a(26), b(26)
        call ok(tp_output_create(output, context, path), 'output')
        if (tp_model_write_onnx(model, bytes) == TP_ERR_UNSUPPORTED) then
            call check(tp_model_export_onnx(model, output) == TP_ERR_UNSUPPORTED, 'no ONNX file')
            return
        end if
        call ok(tp_model_get_parameters(model, a), 'parameters')
        call ok(tp_model_export_onnx(model, output), 'ONNX file')
        call ok(tp_model_import_onnx(copy, context, path), 'from an ONNX file')
        call ok(tp_model_get_parameters(copy, b), 'parameters from a file')
        call check(all(a == b), 'the same as a file')
        call tp_exchange_options_default(options)
        options%loss = TP_LOSS_MAE
        call ok(tp_model_read_onnx(copy, context, bytes, options), 'from memory')
        call ok(tp_model_get_parameters(copy, b), 'parameters from memory')
        call check(all(a == b), 'the same in memory')
        call check(tp_model_read_onnx(copy, context, bytes(2:)) == TP_ERR_FORMAT, 'read what is no ONNX file')
    end subroutine

    subroutine test_memory(model, path)
        type(tp_model), intent(in) :: model
        character(*), intent(in) :: path
        type(tp_model) :: nothing, copy
        integer(int8), allocatable :: bytes(:), file(:)
        real(real32) :: a(26), b(26)
        integer :: length
        call check(tp_model_write(nothing, bytes) == TP_ERR_ARGUMENT .and. .not. allocated(bytes), 'write no model')
        allocate (bytes(3))
        call ok(tp_model_write(model, bytes), 'write')
        open (newunit=k, file=path, access='stream', status='old', action='read')
        inquire (unit=k, size=length)
        allocate (file(length))
        read (k) file
        close (k)
        call check(size(bytes) == length, 'size of what was written')
        call check(all(bytes == file), 'the bytes of the file')
        call ok(tp_model_read(copy, context, bytes), 'read')
        call ok(tp_model_get_parameters(model, a), 'parameters')
        call ok(tp_model_get_parameters(copy, b), 'parameters that were read')
        call check(all(a == b), 'the same after reading')
        call check(tp_model_read(copy, context, bytes(2:)) == TP_ERR_FORMAT, 'read what is no model')
        call check(tp_model_read(copy, context, bytes(:0)) == TP_ERR_FORMAT, 'read no bytes')
        call check(tp_model_read(copy, context, [bytes, 0_int8]) == TP_ERR_FORMAT, 'read a byte too many')
        call ok(tp_model_get_parameters(copy, b), 'parameters of the model from before')
        call check(all(a == b), 'a failure leaves the model')
    end subroutine

    subroutine test_notes
        type(tp_model) :: nothing, model, copy
        integer(int8), allocatable :: bytes(:)
        call make_model(model, TP_LOSS_CCE, TP_ACTIVATION_SOFTMAX)
        call check(tp_model_note_name(model, 1) == '' .and. tp_model_note(model, 'note.b') == '', 'no notes')
        call ok(tp_model_set_note(model, 'note.b', ' of the model  '), 'set a note')
        call ok(tp_model_set_note(model, 'note.a  ', 'first'), 'set another note')
        call refused(tp_model_set_note(model, 'a'), 'is no name of a note')
        call check(tp_model_set_note(nothing, 'note.a') == TP_ERR_ARGUMENT, 'set a note of no model')
        call ok(tp_model_write(model, bytes), 'write')
        call ok(tp_model_read(copy, context, bytes), 'read')
        call check(tp_model_note_name(copy, 1) == 'note.a' .and. tp_model_note_name(copy, 2) == 'note.b' .and. &
            tp_model_note_name(copy, 3) == '' .and. tp_model_note_name(copy, 0) == '', 'names of notes')
        call check(tp_model_note(copy, 'note.b') == ' of the model', 'note of a copy')
        call check(len(tp_model_note(copy, 'note.b')) == 13, 'blanks at its end')
        call ok(tp_model_set_note(copy, 'note.b'), 'remove a note')
        call check(tp_model_note(copy, 'note.b') == '' .and. tp_model_note_name(copy, 2) == '', 'a note was removed')
    end subroutine

    ! The known ones are those of tests/test_fingerprint.c.
    subroutine test_fingerprints
        character(*), parameter :: of_bytes = '853f5212730f40aa1f7672ae5428a38ddefc6bde1dcb6185b8dbc673e0cdbed1', &
            of_classes = '6d31d395ed0b601142a1aba570e686337e8c8ad490890e2374029bf25da6460e', &
            of_doubles = '86acd680c294f427cf0b43a966e28eac58fd24025e6a370add9eea6a3fc4685b'
        integer(int8), target :: bytes(3, 5)
        real(real64), target :: x(3, 5)
        real(real64) :: y(2, 5)
        integer, parameter :: classes(5) = [2, 0, 1, -1, huge(0)]
        character(64) :: first, second
        type(tp_model) :: model, twin
        type(tp_target) :: target
        bytes = reshape([(int(7 * k + 3, int8), k = 0, 14)], [3, 5])
        x = reshape([(k / 4d0 - 1, k = 0, 14)], [3, 5])
        y(1, :) = [(k, k = 0, 4)]
        y(2, :) = y(1, :) + 0.125
        call ok(tp_data_fingerprint(context, tp_samples(bytes), first), 'fingerprint of bytes')
        call check(first == of_bytes, 'of bytes')
        target = tp_classes(classes)
        call ok(tp_data_fingerprint(context, tp_samples(bytes, target), first), 'fingerprint with classes')
        call check(first == of_classes, 'with classes')
        target = tp_weigh_classes(target, [1., 2.])
        call ok(tp_data_fingerprint(context, tp_samples(bytes, target), first), 'fingerprint with class weights')
        call check(first == of_classes, 'class weights are not hashed')
        call ok(tp_data_fingerprint(context, tp_samples(x, tp_values(y)), second), 'fingerprint of real64')
        call check(second == of_doubles, 'of real64')
        call refused(tp_data_fingerprint(context, tp_samples(bytes, tp_classes(classes(:4))), second), &
            'classes has the shape (4); it must be (5)')
        call refused(tp_data_fingerprint(context, tp_samples(bytes(:, :0)), second), 'samples is 0')
        call check(second == of_doubles, 'a failure leaves the fingerprint')
        call make_model(model, TP_LOSS_CCE, TP_ACTIVATION_SOFTMAX)
        call make_model(twin, TP_LOSS_CCE, TP_ACTIVATION_SOFTMAX)
        call ok(tp_model_fingerprint(model, first), 'fingerprint of a model')
        call ok(tp_model_fingerprint(twin, second), 'fingerprint of its twin')
        call check(first == second .and. verify(first, '0123456789abcdef') == 0, 'twins have one fingerprint')
        call check(tp_model_fingerprint(tp_model(), second) == TP_ERR_ARGUMENT, 'no model')
    end subroutine

    subroutine test_files
        character(*), parameter :: path = 'test_fortran.safetensors', fashion = '/usr/share/datasets/fashion-mnist/'
        type(tp_model) :: model, loaded
        type(tp_model_options) :: options
        type(tp_layer), pointer :: layer
        type(tp_dataset) :: dataset
        type(tp_output) :: output
        type(tp_layer) :: layers(TP_MAX_LAYERS)
        type(tp_idx) :: idx
        type(tp_sample_set) :: set
        integer(int8), pointer :: labels(:)
        real(real32) :: a(26), b(26)
        call make_model(model, TP_LOSS_CCE, TP_ACTIVATION_SOFTMAX)
        call ok(tp_model_save(model, path//'  '), 'save')
        call ok(tp_model_load(loaded, context, path), 'load')
        call ok(tp_model_get_parameters(model, a), 'parameters')
        call ok(tp_model_get_parameters(loaded, b), 'parameters that were loaded')
        call check(all(a == b), 'the same after loading')
        call ok(tp_model_describe(loaded, options), 'describe')
        layer => tp_model_layer(loaded, int(options%layer_count))
        call check(options%loss == TP_LOSS_CCE .and. layer%width == outputs, 'description')
        call check(.not. associated(tp_model_layer(loaded, 3)), 'no third layer')
        call ok(tp_output_create(output, context, path), 'output')
        call check(tp_output_is(output, path) .and. .not. tp_output_is(output, 'missing'), 'output is')
        call ok(tp_model_save_to(loaded, output), 'save to output')
        call tp_output_destroy(output)
        call test_memory(loaded, path)
        call ok(tp_model_describe_file(context, path, options, layers), 'describe file')
        call check(options%layer_count == 2 .and. layers(1)%activation == TP_ACTIVATION_TANH, 'description of the file')
        call test_exchange(loaded, path)
        call test_onnx(loaded, path)
        call ok(tp_output_create(output, context, path), 'output')
        call ok(tp_output_write(output, transfer('not a model', [0_int8])), 'write')
        call ok(tp_output_commit(output), 'commit')
        call check(tp_model_load(loaded, context, path) == TP_ERR_FORMAT, 'what was written is there')
        call check(tp_model_load(loaded, context, 'missing') == TP_ERR_IO, 'load what is not there')
        call ok(tp_idx_read(context, fashion//'t10k-labels-idx1-ubyte.gz', idx), 'read IDX')
        call c_f_pointer(idx%data, labels, [idx%dims(1)])
        call check(idx%type == TP_IDX_TYPE_U8 .and. size(labels) == 10000 .and. &
            all(labels >= 0 .and. labels < 10), 'IDX')
        call ok(tp_idx_to_samples(context, 'labels', idx), 'bytes stay bytes')
        call tp_idx_release(context, idx)
        call ok(tp_dataset_load(dataset, context, 'fashion-mnist', TP_SPLIT_TEST), 'data set')
        set = tp_dataset_data(dataset)
        call check(set%in_place%samples == 10000 .and. set%in_place%features == 784, 'its sizes')
        call tp_dataset_destroy(dataset)
        open (newunit=k, file=path)
        close (k, status='delete')
    end subroutine
end program
