! SPDX-License-Identifier: BSD-3-Clause
! The functions of the C header, one by one, with C's arguments: pointers are type(c_ptr), sizes integer(c_size_t). Most
! programs want the module tileprop, whose procedures have the same names.
module tileprop_c
    use, intrinsic :: iso_c_binding
    implicit none
    public

    interface
        function tp_status_text(status) result(res) bind(c)
            import :: c_int, c_ptr
            integer(c_int), value :: status
            type(c_ptr) :: res
        end function
        function tp_version() result(res) bind(c)
            import :: c_ptr
            type(c_ptr) :: res
        end function
        subroutine tp_context_options_init(options, struct_size) bind(c)
            import :: c_ptr, c_size_t
            type(c_ptr), value :: options
            integer(c_size_t), value :: struct_size
        end subroutine
        function tp_context_create(options, context) result(status) bind(c)
            import :: c_int, c_ptr
            type(c_ptr), value :: options, context
            integer(c_int) :: status
        end function
        subroutine tp_context_destroy(context) bind(c)
            import :: c_ptr
            type(c_ptr), value :: context
        end subroutine
        function tp_context_isa(context) result(res) bind(c)
            import :: c_ptr
            type(c_ptr), value :: context
            type(c_ptr) :: res
        end function
        function tp_context_threads(context) result(res) bind(c)
            import :: c_int, c_ptr
            type(c_ptr), value :: context
            integer(c_int) :: res
        end function
        function tp_context_set_threads(context, threads) result(status) bind(c)
            import :: c_int, c_ptr
            type(c_ptr), value :: context
            integer(c_int), value :: threads
            integer(c_int) :: status
        end function
        function tp_context_message(context, buffer, size) result(res) bind(c)
            import :: c_ptr, c_size_t
            type(c_ptr), value :: context, buffer
            integer(c_size_t), value :: size
            integer(c_size_t) :: res
        end function
        function tp_context_set_message(context, status, message) result(res) bind(c)
            import :: c_int, c_ptr
            type(c_ptr), value :: context, message
            integer(c_int), value :: status
            integer(c_int) :: res
        end function
        function tp_context_machine(context) result(res) bind(c)
            import :: c_ptr
            type(c_ptr), value :: context
            type(c_ptr) :: res
        end function
        function tp_sgemm(context, transpose_a, transpose_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc, &
            workspace, workspace_size) result(status) bind(c)
            import :: c_float, c_int, c_ptr, c_size_t
            type(c_ptr), value :: context, a, b, c, workspace
            integer(c_int), value :: transpose_a, transpose_b
            integer(c_size_t), value :: m, n, k, lda, ldb, ldc, workspace_size
            real(c_float), value :: alpha, beta
            integer(c_int) :: status
        end function
        function tp_sgemm_workspace_size(context, m, n, k) result(res) bind(c)
            import :: c_ptr, c_size_t
            type(c_ptr), value :: context
            integer(c_size_t), value :: m, n, k
            integer(c_size_t) :: res
        end function
        function tp_bf16gemm(context, transpose_a, transpose_b, m, n, k, a_precision, a, lda, b_precision, b, ldb, &
            beta, c, ldc, workspace, workspace_size) result(status) bind(c)
            import :: c_float, c_int, c_ptr, c_size_t
            type(c_ptr), value :: context, a, b, c, workspace
            integer(c_int), value :: transpose_a, transpose_b, a_precision, b_precision
            integer(c_size_t), value :: m, n, k, lda, ldb, ldc, workspace_size
            real(c_float), value :: beta
            integer(c_int) :: status
        end function
        function tp_bf16gemm_workspace_size(context, m, n, k) result(res) bind(c)
            import :: c_ptr, c_size_t
            type(c_ptr), value :: context
            integer(c_size_t), value :: m, n, k
            integer(c_size_t) :: res
        end function
        function tp_context_bf16(context) result(res) bind(c)
            import :: c_ptr
            type(c_ptr), value :: context
            type(c_ptr) :: res
        end function
        function tp_bf16_from_f32(context, out, in, count) result(status) bind(c)
            import :: c_int, c_ptr, c_size_t
            type(c_ptr), value :: context, out, in
            integer(c_size_t), value :: count
            integer(c_int) :: status
        end function
        function tp_bf16_to_f32(context, out, in, count) result(status) bind(c)
            import :: c_int, c_ptr, c_size_t
            type(c_ptr), value :: context, out, in
            integer(c_size_t), value :: count
            integer(c_int) :: status
        end function
        function tp_precision_name(precision) result(res) bind(c)
            import :: c_int, c_ptr
            integer(c_int), value :: precision
            type(c_ptr) :: res
        end function
        function tp_packed_size(context, k, n) result(res) bind(c)
            import :: c_ptr, c_size_t
            type(c_ptr), value :: context
            integer(c_size_t), value :: k, n
            integer(c_size_t) :: res
        end function
        function tp_packed_create(context, transpose_b, k, n, b, ldb, memory, size, packed) result(status) bind(c)
            import :: c_int, c_ptr, c_size_t
            type(c_ptr), value :: context, b, memory, packed
            integer(c_int), value :: transpose_b
            integer(c_size_t), value :: k, n, ldb, size
            integer(c_int) :: status
        end function
        function tp_packed_update(packed, transpose_b, b, ldb) result(status) bind(c)
            import :: c_int, c_ptr, c_size_t
            type(c_ptr), value :: packed, b
            integer(c_int), value :: transpose_b
            integer(c_size_t), value :: ldb
            integer(c_int) :: status
        end function
        subroutine tp_packed_destroy(packed) bind(c)
            import :: c_ptr
            type(c_ptr), value :: packed
        end subroutine
        function tp_sgemm_packed(context, transpose_a, m, alpha, a, lda, b, beta, epilogue, c, ldc, workspace, &
            workspace_size) result(status) bind(c)
            import :: c_float, c_int, c_ptr, c_size_t
            type(c_ptr), value :: context, a, b, epilogue, c, workspace
            integer(c_int), value :: transpose_a
            integer(c_size_t), value :: m, lda, ldc, workspace_size
            real(c_float), value :: alpha, beta
            integer(c_int) :: status
        end function
        function tp_activation_name(activation) result(res) bind(c)
            import :: c_int, c_ptr
            integer(c_int), value :: activation
            type(c_ptr) :: res
        end function
        function tp_loss_name(loss) result(res) bind(c)
            import :: c_int, c_ptr
            integer(c_int), value :: loss
            type(c_ptr) :: res
        end function
        function tp_init_name(init) result(res) bind(c)
            import :: c_int, c_ptr
            integer(c_int), value :: init
            type(c_ptr) :: res
        end function
        subroutine tp_model_options_init(options, struct_size, layer_size) bind(c)
            import :: c_ptr, c_size_t
            type(c_ptr), value :: options
            integer(c_size_t), value :: struct_size, layer_size
        end subroutine
        function tp_model_create(context, options, model) result(status) bind(c)
            import :: c_int, c_ptr
            type(c_ptr), value :: context, options, model
            integer(c_int) :: status
        end function
        subroutine tp_model_destroy(model) bind(c)
            import :: c_ptr
            type(c_ptr), value :: model
        end subroutine
        function tp_model_get_options(model, options, struct_size) result(status) bind(c)
            import :: c_int, c_ptr, c_size_t
            type(c_ptr), value :: model, options
            integer(c_size_t), value :: struct_size
            integer(c_int) :: status
        end function
        function tp_model_layer(model, layer) result(res) bind(c)
            import :: c_ptr, c_size_t
            type(c_ptr), value :: model
            integer(c_size_t), value :: layer
            type(c_ptr) :: res
        end function
        function tp_model_parameter_count(model) result(res) bind(c)
            import :: c_ptr, c_size_t
            type(c_ptr), value :: model
            integer(c_size_t) :: res
        end function
        function tp_model_layer_offsets(model, layer, weight, bias) result(status) bind(c)
            import :: c_int, c_ptr, c_size_t
            type(c_ptr), value :: model, weight, bias
            integer(c_size_t), value :: layer
            integer(c_int) :: status
        end function
        function tp_model_get_parameters(model, parameters, count) result(status) bind(c)
            import :: c_int, c_ptr, c_size_t
            type(c_ptr), value :: model, parameters
            integer(c_size_t), value :: count
            integer(c_int) :: status
        end function
        function tp_model_set_parameters(model, parameters, count) result(status) bind(c)
            import :: c_int, c_ptr, c_size_t
            type(c_ptr), value :: model, parameters
            integer(c_size_t), value :: count
            integer(c_int) :: status
        end function
        function tp_output_create(context, path, output) result(status) bind(c)
            import :: c_int, c_ptr
            type(c_ptr), value :: context, path, output
            integer(c_int) :: status
        end function
        subroutine tp_output_destroy(output) bind(c)
            import :: c_ptr
            type(c_ptr), value :: output
        end subroutine
        function tp_output_write(output, data, size) result(status) bind(c)
            import :: c_int, c_ptr, c_size_t
            type(c_ptr), value :: output, data
            integer(c_size_t), value :: size
            integer(c_int) :: status
        end function
        function tp_output_commit(output) result(status) bind(c)
            import :: c_int, c_ptr
            type(c_ptr), value :: output
            integer(c_int) :: status
        end function
        function tp_output_is(output, path) result(res) bind(c)
            import :: c_bool, c_ptr
            type(c_ptr), value :: output, path
            logical(c_bool) :: res
        end function
        function tp_model_save_to(model, output) result(status) bind(c)
            import :: c_int, c_ptr
            type(c_ptr), value :: model, output
            integer(c_int) :: status
        end function
        function tp_model_save(model, path) result(status) bind(c)
            import :: c_int, c_ptr
            type(c_ptr), value :: model, path
            integer(c_int) :: status
        end function
        subroutine tp_exchange_options_init(options, struct_size) bind(c)
            import :: c_ptr, c_size_t
            type(c_ptr), value :: options
            integer(c_size_t), value :: struct_size
        end subroutine
        function tp_model_export_torch(model, output, options) result(status) bind(c)
            import :: c_int, c_ptr
            type(c_ptr), value :: model, output, options
            integer(c_int) :: status
        end function
        function tp_model_export_c(model, output, options) result(status) bind(c)
            import :: c_int, c_ptr
            type(c_ptr), value :: model, output, options
            integer(c_int) :: status
        end function
        function tp_model_import_torch(context, path, options, model) result(status) bind(c)
            import :: c_int, c_ptr
            type(c_ptr), value :: context, path, options, model
            integer(c_int) :: status
        end function
        function tp_model_export_onnx(model, output) result(status) bind(c)
            import :: c_int, c_ptr
            type(c_ptr), value :: model, output
            integer(c_int) :: status
        end function
        function tp_model_write_onnx(model, buffer, size, needed) result(status) bind(c)
            import :: c_int, c_ptr, c_size_t
            type(c_ptr), value :: model, buffer, needed
            integer(c_size_t), value :: size
            integer(c_int) :: status
        end function
        function tp_model_import_onnx(context, path, options, model) result(status) bind(c)
            import :: c_int, c_ptr
            type(c_ptr), value :: context, path, options, model
            integer(c_int) :: status
        end function
        function tp_model_read_onnx(context, buffer, size, options, model) result(status) bind(c)
            import :: c_int, c_ptr, c_size_t
            type(c_ptr), value :: context, buffer, options, model
            integer(c_size_t), value :: size
            integer(c_int) :: status
        end function
        function tp_model_load(context, path, model) result(status) bind(c)
            import :: c_int, c_ptr
            type(c_ptr), value :: context, path, model
            integer(c_int) :: status
        end function
        function tp_model_write(model, buffer, size, needed) result(status) bind(c)
            import :: c_int, c_ptr, c_size_t
            type(c_ptr), value :: model, buffer, needed
            integer(c_size_t), value :: size
            integer(c_int) :: status
        end function
        function tp_model_read(context, buffer, size, model) result(status) bind(c)
            import :: c_int, c_ptr, c_size_t
            type(c_ptr), value :: context, buffer, model
            integer(c_size_t), value :: size
            integer(c_int) :: status
        end function
        function tp_model_get_file_options(context, path, options, struct_size, layers, &
            layer_size) result(status) bind(c)
            import :: c_int, c_ptr, c_size_t
            type(c_ptr), value :: context, path, options, layers
            integer(c_size_t), value :: struct_size, layer_size
            integer(c_int) :: status
        end function
        subroutine tp_workspace_options_init(options, struct_size) bind(c)
            import :: c_ptr, c_size_t
            type(c_ptr), value :: options
            integer(c_size_t), value :: struct_size
        end subroutine
        function tp_workspace_size(model, options) result(res) bind(c)
            import :: c_ptr, c_size_t
            type(c_ptr), value :: model, options
            integer(c_size_t) :: res
        end function
        function tp_workspace_create(model, options, memory, size, workspace) result(status) bind(c)
            import :: c_int, c_ptr, c_size_t
            type(c_ptr), value :: model, options, memory, workspace
            integer(c_size_t), value :: size
            integer(c_int) :: status
        end function
        subroutine tp_workspace_destroy(workspace) bind(c)
            import :: c_ptr
            type(c_ptr), value :: workspace
        end subroutine
        function tp_workspace_set_dropout(workspace, seed, step) result(status) bind(c)
            import :: c_int, c_int64_t, c_ptr
            type(c_ptr), value :: workspace
            integer(c_int64_t), value :: seed, step
            integer(c_int) :: status
        end function
        function tp_forward(model, workspace, batch, x, ldx, y, ldy) result(status) bind(c)
            import :: c_int, c_ptr, c_size_t
            type(c_ptr), value :: model, workspace, x, y
            integer(c_size_t), value :: batch, ldx, ldy
            integer(c_int) :: status
        end function
        function tp_loss_value(model, workspace, targets, score) result(status) bind(c)
            import :: c_int, c_ptr
            type(c_ptr), value :: model, workspace, targets, score
            integer(c_int) :: status
        end function
        function tp_backward(model, workspace, targets, gradients, dx, lddx, score) result(status) bind(c)
            import :: c_int, c_ptr, c_size_t
            type(c_ptr), value :: model, workspace, targets, gradients, dx, score
            integer(c_size_t), value :: lddx
            integer(c_int) :: status
        end function
        function tp_backward_accumulate(model, workspace, targets, gradients, dx, lddx, score) result(status) bind(c)
            import :: c_int, c_ptr, c_size_t
            type(c_ptr), value :: model, workspace, targets, gradients, dx, score
            integer(c_size_t), value :: lddx
            integer(c_int) :: status
        end function
        function tp_backward_from(model, workspace, dy, lddy, gradients, dx, lddx) result(status) bind(c)
            import :: c_int, c_ptr, c_size_t
            type(c_ptr), value :: model, workspace, dy, gradients, dx
            integer(c_size_t), value :: lddy, lddx
            integer(c_int) :: status
        end function
        function tp_jacobian(model, workspace, batch, x, ldx, y, ldy, jacobian) result(status) bind(c)
            import :: c_int, c_ptr, c_size_t
            type(c_ptr), value :: model, workspace, x, y, jacobian
            integer(c_size_t), value :: batch, ldx, ldy
            integer(c_int) :: status
        end function
        function tp_jvp(model, workspace, batch, x, ldx, v, ldv, y, ldy, jv, ldjv) result(status) bind(c)
            import :: c_int, c_ptr, c_size_t
            type(c_ptr), value :: model, workspace, x, v, y, jv
            integer(c_size_t), value :: batch, ldx, ldv, ldy, ldjv
            integer(c_int) :: status
        end function
        function tp_optimizer_name(kind) result(res) bind(c)
            import :: c_int, c_ptr
            integer(c_int), value :: kind
            type(c_ptr) :: res
        end function
        function tp_schedule_name(schedule) result(res) bind(c)
            import :: c_int, c_ptr
            integer(c_int), value :: schedule
            type(c_ptr) :: res
        end function
        function tp_monitor_name(monitor) result(res) bind(c)
            import :: c_int, c_ptr
            integer(c_int), value :: monitor
            type(c_ptr) :: res
        end function
        function tp_keep_name(keep) result(res) bind(c)
            import :: c_int, c_ptr
            integer(c_int), value :: keep
            type(c_ptr) :: res
        end function
        subroutine tp_optimizer_options_init(options, struct_size) bind(c)
            import :: c_ptr, c_size_t
            type(c_ptr), value :: options
            integer(c_size_t), value :: struct_size
        end subroutine
        function tp_optimizer_size(model, options) result(res) bind(c)
            import :: c_ptr, c_size_t
            type(c_ptr), value :: model, options
            integer(c_size_t) :: res
        end function
        function tp_optimizer_create(model, options, memory, size, optimizer) result(status) bind(c)
            import :: c_int, c_ptr, c_size_t
            type(c_ptr), value :: model, options, memory, optimizer
            integer(c_size_t), value :: size
            integer(c_int) :: status
        end function
        subroutine tp_optimizer_destroy(optimizer) bind(c)
            import :: c_ptr
            type(c_ptr), value :: optimizer
        end subroutine
        function tp_optimizer_step(optimizer, model, gradients) result(status) bind(c)
            import :: c_int, c_ptr
            type(c_ptr), value :: optimizer, model, gradients
            integer(c_int) :: status
        end function
        function tp_train_step(model, workspace, optimizer, batch, x, ldx, targets, score) result(status) bind(c)
            import :: c_int, c_ptr, c_size_t
            type(c_ptr), value :: model, workspace, optimizer, x, targets, score
            integer(c_size_t), value :: batch, ldx
            integer(c_int) :: status
        end function
        function tp_optimizer_set_learning_rate(optimizer, learning_rate) result(status) bind(c)
            import :: c_float, c_int, c_ptr
            type(c_ptr), value :: optimizer
            real(c_float), value :: learning_rate
            integer(c_int) :: status
        end function
        function tp_optimizer_state_count(optimizer) result(res) bind(c)
            import :: c_ptr, c_size_t
            type(c_ptr), value :: optimizer
            integer(c_size_t) :: res
        end function
        function tp_optimizer_get_state(optimizer, which, values, count) result(status) bind(c)
            import :: c_int, c_ptr, c_size_t
            type(c_ptr), value :: optimizer, values
            integer(c_size_t), value :: which, count
            integer(c_int) :: status
        end function
        function tp_optimizer_set_state(optimizer, which, values, count) result(status) bind(c)
            import :: c_int, c_ptr, c_size_t
            type(c_ptr), value :: optimizer, values
            integer(c_size_t), value :: which, count
            integer(c_int) :: status
        end function
        function tp_optimizer_set_steps(optimizer, steps) result(status) bind(c)
            import :: c_int, c_int64_t, c_ptr
            type(c_ptr), value :: optimizer
            integer(c_int64_t), value :: steps
            integer(c_int) :: status
        end function
        function tp_optimizer_steps(optimizer) result(res) bind(c)
            import :: c_int64_t, c_ptr
            type(c_ptr), value :: optimizer
            integer(c_int64_t) :: res
        end function
        function tp_optimizer_learning_rate(optimizer, step) result(res) bind(c)
            import :: c_float, c_int64_t, c_ptr
            type(c_ptr), value :: optimizer
            integer(c_int64_t), value :: step
            real(c_float) :: res
        end function
        subroutine tp_train_options_init(options, struct_size, optimizer_size) bind(c)
            import :: c_ptr, c_size_t
            type(c_ptr), value :: options
            integer(c_size_t), value :: struct_size, optimizer_size
        end subroutine
        function tp_trainer_size(model, data, options) result(res) bind(c)
            import :: c_ptr, c_size_t
            type(c_ptr), value :: model, data, options
            integer(c_size_t) :: res
        end function
        function tp_trainer_create(model, data, options, memory, size, trainer) result(status) bind(c)
            import :: c_int, c_ptr, c_size_t
            type(c_ptr), value :: model, data, options, memory, trainer
            integer(c_size_t), value :: size
            integer(c_int) :: status
        end function
        subroutine tp_trainer_destroy(trainer) bind(c)
            import :: c_ptr
            type(c_ptr), value :: trainer
        end subroutine
        function tp_trainer_run(trainer) result(status) bind(c)
            import :: c_int, c_ptr
            type(c_ptr), value :: trainer
            integer(c_int) :: status
        end function
        function tp_trainer_epochs(trainer) result(res) bind(c)
            import :: c_ptr, c_size_t
            type(c_ptr), value :: trainer
            integer(c_size_t) :: res
        end function
        function tp_trainer_steps(trainer) result(res) bind(c)
            import :: c_int64_t, c_ptr
            type(c_ptr), value :: trainer
            integer(c_int64_t) :: res
        end function
        function tp_trainer_isa(trainer) result(res) bind(c)
            import :: c_ptr
            type(c_ptr), value :: trainer
            type(c_ptr) :: res
        end function
        function tp_trainer_threads(trainer) result(res) bind(c)
            import :: c_int, c_ptr
            type(c_ptr), value :: trainer
            integer(c_int) :: res
        end function
        function tp_trainer_best_epoch(trainer) result(res) bind(c)
            import :: c_ptr, c_size_t
            type(c_ptr), value :: trainer
            integer(c_size_t) :: res
        end function
        function tp_trainer_save(trainer, path) result(status) bind(c)
            import :: c_int, c_ptr
            type(c_ptr), value :: trainer, path
            integer(c_int) :: status
        end function
        function tp_trainer_resume(trainer, path) result(status) bind(c)
            import :: c_int, c_ptr
            type(c_ptr), value :: trainer, path
            integer(c_int) :: status
        end function
        function tp_snapshot_size(trainer) result(res) bind(c)
            import :: c_ptr, c_size_t
            type(c_ptr), value :: trainer
            integer(c_size_t) :: res
        end function
        function tp_snapshot_create(trainer, memory, size, snapshot) result(status) bind(c)
            import :: c_int, c_ptr, c_size_t
            type(c_ptr), value :: trainer, memory, snapshot
            integer(c_size_t), value :: size
            integer(c_int) :: status
        end function
        subroutine tp_snapshot_destroy(snapshot) bind(c)
            import :: c_ptr
            type(c_ptr), value :: snapshot
        end subroutine
        function tp_snapshot_take(snapshot) result(status) bind(c)
            import :: c_int, c_ptr
            type(c_ptr), value :: snapshot
            integer(c_int) :: status
        end function
        function tp_snapshot_save(snapshot, path) result(status) bind(c)
            import :: c_int, c_ptr
            type(c_ptr), value :: snapshot, path
            integer(c_int) :: status
        end function
        function tp_trainer_phases(trainer) result(res) bind(c)
            import :: c_ptr
            type(c_ptr), value :: trainer
            type(c_ptr) :: res
        end function
        function tp_evaluate(model, workspace, data, score, confusion) result(status) bind(c)
            import :: c_int, c_ptr
            type(c_ptr), value :: model, workspace, data, score, confusion
            integer(c_int) :: status
        end function
        function tp_metrics_compute(context, task, targets, outputs, predictions, ld, metrics, each, confusion) &
            result(status) bind(c)
            import :: c_int, c_ptr, c_size_t
            type(c_ptr), value :: context, targets, predictions, metrics, each, confusion
            integer(c_int), value :: task
            integer(c_size_t), value :: outputs, ld
            integer(c_int) :: status
        end function
        function tp_predict(model, workspace, data, y) result(status) bind(c)
            import :: c_int, c_ptr
            type(c_ptr), value :: model, workspace, data, y
            integer(c_int) :: status
        end function
        function tp_group_evaluate(model, workspace, data, group, score, confusion) result(status) bind(c)
            import :: c_int, c_ptr
            type(c_ptr), value :: model, workspace, data, group, score, confusion
            integer(c_int) :: status
        end function
        function tp_group_predict(model, workspace, data, group, y, first, count) result(status) bind(c)
            import :: c_int, c_ptr
            type(c_ptr), value :: model, workspace, data, group, y, first, count
            integer(c_int) :: status
        end function
        subroutine tp_predictor_options_init(options, struct_size) bind(c)
            import :: c_ptr, c_size_t
            type(c_ptr), value :: options
            integer(c_size_t), value :: struct_size
        end subroutine
        function tp_predictor_create(context, model, options, predictor) result(status) bind(c)
            import :: c_int, c_ptr
            type(c_ptr), value :: context, model, options, predictor
            integer(c_int) :: status
        end function
        subroutine tp_predictor_destroy(predictor) bind(c)
            import :: c_ptr
            type(c_ptr), value :: predictor
        end subroutine
        function tp_predictor_workspace_size(predictor, options) result(res) bind(c)
            import :: c_ptr, c_size_t
            type(c_ptr), value :: predictor, options
            integer(c_size_t) :: res
        end function
        function tp_predictor_workspace_create(predictor, options, memory, size, workspace) result(status) bind(c)
            import :: c_int, c_ptr, c_size_t
            type(c_ptr), value :: predictor, options, memory, workspace
            integer(c_size_t), value :: size
            integer(c_int) :: status
        end function
        function tp_predictor_run(predictor, workspace, batch, x, ldx, y, ldy) result(status) bind(c)
            import :: c_int, c_ptr, c_size_t
            type(c_ptr), value :: predictor, workspace, x, y
            integer(c_size_t), value :: batch, ldx, ldy
            integer(c_int) :: status
        end function
        function tp_predictor_evaluate(predictor, workspace, data, score, confusion) result(status) bind(c)
            import :: c_int, c_ptr
            type(c_ptr), value :: predictor, workspace, data, score, confusion
            integer(c_int) :: status
        end function
        function tp_predictor_predict(predictor, workspace, data, y) result(status) bind(c)
            import :: c_int, c_ptr
            type(c_ptr), value :: predictor, workspace, data, y
            integer(c_int) :: status
        end function
        function tp_idx_read(context, path, idx) result(status) bind(c)
            import :: c_int, c_ptr
            type(c_ptr), value :: context, path, idx
            integer(c_int) :: status
        end function
        function tp_idx_to_samples(context, path, idx) result(status) bind(c)
            import :: c_int, c_ptr
            type(c_ptr), value :: context, path, idx
            integer(c_int) :: status
        end function
        subroutine tp_idx_release(context, idx) bind(c)
            import :: c_ptr
            type(c_ptr), value :: context, idx
        end subroutine
        function tp_dataset_load(context, where, split, dataset) result(status) bind(c)
            import :: c_int, c_ptr
            type(c_ptr), value :: context, where, dataset
            integer(c_int), value :: split
            integer(c_int) :: status
        end function
        subroutine tp_dataset_destroy(dataset) bind(c)
            import :: c_ptr
            type(c_ptr), value :: dataset
        end subroutine
        function tp_dataset_data(dataset) result(res) bind(c)
            import :: c_ptr
            type(c_ptr), value :: dataset
            type(c_ptr) :: res
        end function
        function tp_task_name(task) result(res) bind(c)
            import :: c_int, c_ptr
            integer(c_int), value :: task
            type(c_ptr) :: res
        end function
        function tp_missing_name(missing) result(res) bind(c)
            import :: c_int, c_ptr
            integer(c_int), value :: missing
            type(c_ptr) :: res
        end function
        function tp_unknown_name(unknown) result(res) bind(c)
            import :: c_int, c_ptr
            integer(c_int), value :: unknown
            type(c_ptr) :: res
        end function
        function tp_input_scaling_name(scaling) result(res) bind(c)
            import :: c_int, c_ptr
            integer(c_int), value :: scaling
            type(c_ptr) :: res
        end function
        function tp_schema_task(schema) result(res) bind(c)
            import :: c_int, c_ptr
            type(c_ptr), value :: schema
            integer(c_int) :: res
        end function
        function tp_schema_feature_count(schema) result(res) bind(c)
            import :: c_ptr, c_size_t
            type(c_ptr), value :: schema
            integer(c_size_t) :: res
        end function
        function tp_schema_target_count(schema) result(res) bind(c)
            import :: c_ptr, c_size_t
            type(c_ptr), value :: schema
            integer(c_size_t) :: res
        end function
        function tp_schema_feature(schema, i) result(res) bind(c)
            import :: c_ptr, c_size_t
            type(c_ptr), value :: schema
            integer(c_size_t), value :: i
            type(c_ptr) :: res
        end function
        function tp_schema_target(schema, i) result(res) bind(c)
            import :: c_ptr, c_size_t
            type(c_ptr), value :: schema
            integer(c_size_t), value :: i
            type(c_ptr) :: res
        end function
        function tp_schema_inputs(schema) result(res) bind(c)
            import :: c_ptr, c_size_t
            type(c_ptr), value :: schema
            integer(c_size_t) :: res
        end function
        function tp_schema_outputs(schema) result(res) bind(c)
            import :: c_ptr, c_size_t
            type(c_ptr), value :: schema
            integer(c_size_t) :: res
        end function
        function tp_schema_apply(schema, options) result(status) bind(c)
            import :: c_int, c_ptr
            type(c_ptr), value :: schema, options
            integer(c_int) :: status
        end function
        function tp_model_schema(model) result(res) bind(c)
            import :: c_ptr
            type(c_ptr), value :: model
            type(c_ptr) :: res
        end function
        subroutine tp_dataset_options_init(options, struct_size) bind(c)
            import :: c_ptr, c_size_t
            type(c_ptr), value :: options
            integer(c_size_t), value :: struct_size
        end subroutine
        function tp_dataset_open(context, path, options, dataset) result(status) bind(c)
            import :: c_int, c_ptr
            type(c_ptr), value :: context, path, options, dataset
            integer(c_int) :: status
        end function
        function tp_dataset_schema(dataset) result(res) bind(c)
            import :: c_ptr
            type(c_ptr), value :: dataset
            type(c_ptr) :: res
        end function
        function tp_dataset_validation(dataset) result(res) bind(c)
            import :: c_ptr
            type(c_ptr), value :: dataset
            type(c_ptr) :: res
        end function
        function tp_dataset_id(dataset, i) result(res) bind(c)
            import :: c_ptr, c_size_t
            type(c_ptr), value :: dataset
            integer(c_size_t), value :: i
            type(c_ptr) :: res
        end function
        function tp_dataset_row(dataset, i) result(res) bind(c)
            import :: c_ptr, c_size_t
            type(c_ptr), value :: dataset
            integer(c_size_t), value :: i
            integer(c_size_t) :: res
        end function
        function tp_model_set_note(model, name, text) result(status) bind(c)
            import :: c_int, c_ptr
            type(c_ptr), value :: model, name, text
            integer(c_int) :: status
        end function
        function tp_model_note(model, name) result(res) bind(c)
            import :: c_ptr
            type(c_ptr), value :: model, name
            type(c_ptr) :: res
        end function
        function tp_model_note_name(model, i) result(res) bind(c)
            import :: c_ptr, c_size_t
            type(c_ptr), value :: model
            integer(c_size_t), value :: i
            type(c_ptr) :: res
        end function
        function tp_data_fingerprint(context, data, fingerprint) result(status) bind(c)
            import :: c_int, c_ptr
            type(c_ptr), value :: context, data, fingerprint
            integer(c_int) :: status
        end function
        function tp_model_fingerprint(model, fingerprint) result(status) bind(c)
            import :: c_int, c_ptr
            type(c_ptr), value :: model, fingerprint
            integer(c_int) :: status
        end function
    end interface
end module
