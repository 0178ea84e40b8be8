! SPDX-License-Identifier: BSD-3-Clause
! The constants and structs of the C header, which is their manual. Pointers are for procedures of the module tileprop
! to fill in; everything else is the program's.
module tileprop_types
    use, intrinsic :: iso_c_binding, only: c_bool, c_char, c_double, c_float, c_funptr, c_int, c_int8_t, c_int32_t, &
        c_int64_t, c_null_char, c_null_funptr, c_null_ptr, c_ptr, c_size_t
    implicit none
    private :: c_ptr, c_funptr, c_null_ptr, c_null_funptr, c_null_char, c_bool, c_char, c_double, c_float, c_int, &
        c_int8_t, c_int32_t, c_int64_t, c_size_t

    integer, parameter :: TP_VERSION_MAJOR = 0, TP_VERSION_MINOR = 2, TP_VERSION_PATCH = 0
    integer, parameter :: TP_MAX_LAYERS = 64, TP_IDX_MAX_RANK = 8, TP_COLUMN_BINS = 16, &
        TP_FINGERPRINT_SIZE = 65, TP_GROUP_SLOTS = TP_MAX_LAYERS + 1

    enum, bind(c)
        enumerator :: TP_OK = 0
        enumerator :: TP_ERR_ARGUMENT
        enumerator :: TP_ERR_MEMORY
        enumerator :: TP_ERR_UNSUPPORTED
        enumerator :: TP_ERR_IO
        enumerator :: TP_ERR_MISSING
        enumerator :: TP_ERR_FORMAT
        enumerator :: TP_ERR_NONFINITE
        enumerator :: TP_ERR_STOPPED
    end enum

    enum, bind(c)
        enumerator :: TP_TRANSPOSE_NO = 0
        enumerator :: TP_TRANSPOSE_YES = 1
    end enum

    enum, bind(c)
        enumerator :: TP_PRECISION_F32 = 0
        enumerator :: TP_PRECISION_BF16
        enumerator :: TP_PRECISION_COUNT
    end enum

    enum, bind(c)
        enumerator :: TP_ACTIVATION_IDENTITY = 0
        enumerator :: TP_ACTIVATION_RELU
        enumerator :: TP_ACTIVATION_LEAKY_RELU
        enumerator :: TP_ACTIVATION_SIGMOID
        enumerator :: TP_ACTIVATION_TANH
        enumerator :: TP_ACTIVATION_SOFTMAX
        enumerator :: TP_ACTIVATION_ELU
        enumerator :: TP_ACTIVATION_SOFTPLUS
        enumerator :: TP_ACTIVATION_SILU
        enumerator :: TP_ACTIVATION_GELU
        enumerator :: TP_ACTIVATION_EXP
        enumerator :: TP_ACTIVATION_COUNT
    end enum

    enum, bind(c)
        enumerator :: TP_LOSS_MSE = 0
        enumerator :: TP_LOSS_BCE
        enumerator :: TP_LOSS_CCE
        enumerator :: TP_LOSS_MAE
        enumerator :: TP_LOSS_HUBER
        enumerator :: TP_LOSS_POISSON
        enumerator :: TP_LOSS_COUNT
    end enum

    enum, bind(c)
        enumerator :: TP_INIT_AUTO = 0
        enumerator :: TP_INIT_HE_NORMAL
        enumerator :: TP_INIT_HE_UNIFORM
        enumerator :: TP_INIT_GLOROT_NORMAL
        enumerator :: TP_INIT_GLOROT_UNIFORM
        enumerator :: TP_INIT_ZERO
        enumerator :: TP_INIT_COUNT
    end enum

    enum, bind(c)
        enumerator :: TP_MODE_INFERENCE = 0
        enumerator :: TP_MODE_TRAINING
        enumerator :: TP_MODE_DERIVATIVES
    end enum

    enum, bind(c)
        enumerator :: TP_OPTIMIZER_SGD = 0
        enumerator :: TP_OPTIMIZER_MOMENTUM
        enumerator :: TP_OPTIMIZER_NESTEROV
        enumerator :: TP_OPTIMIZER_ADAM
        enumerator :: TP_OPTIMIZER_ADAMW
        enumerator :: TP_OPTIMIZER_RMSPROP
        enumerator :: TP_OPTIMIZER_ADAGRAD
        enumerator :: TP_OPTIMIZER_COUNT
    end enum

    enum, bind(c)
        enumerator :: TP_SCHEDULE_AUTO = 0
        enumerator :: TP_SCHEDULE_CONSTANT
        enumerator :: TP_SCHEDULE_STEP
        enumerator :: TP_SCHEDULE_COSINE
        enumerator :: TP_SCHEDULE_PLATEAU
        enumerator :: TP_SCHEDULE_EXPONENTIAL
        enumerator :: TP_SCHEDULE_COUNT
    end enum

    enum, bind(c)
        enumerator :: TP_TUNE_AUTO = 0
        enumerator :: TP_TUNE_OFF
        enumerator :: TP_TUNE_COUNT
    end enum

    enum, bind(c)
        enumerator :: TP_MONITOR_LOSS = 0
        enumerator :: TP_MONITOR_ACCURACY
        enumerator :: TP_MONITOR_COUNT
    end enum

    enum, bind(c)
        enumerator :: TP_KEEP_LAST = 0
        enumerator :: TP_KEEP_BEST
        enumerator :: TP_KEEP_COUNT
    end enum

    enum, bind(c)
        enumerator :: TP_IDX_TYPE_U8 = 8
        enumerator :: TP_IDX_TYPE_I8 = 9
        enumerator :: TP_IDX_TYPE_I16 = 11
        enumerator :: TP_IDX_TYPE_I32 = 12
        enumerator :: TP_IDX_TYPE_F32 = 13
        enumerator :: TP_IDX_TYPE_F64 = 14
    end enum

    enum, bind(c)
        enumerator :: TP_SPLIT_TRAIN = 0
        enumerator :: TP_SPLIT_TEST
    end enum

    enum, bind(c)
        enumerator :: TP_TASK_AUTO = 0
        enumerator :: TP_TASK_BINARY
        enumerator :: TP_TASK_MULTICLASS
        enumerator :: TP_TASK_MULTILABEL
        enumerator :: TP_TASK_REGRESSION
        enumerator :: TP_TASK_COUNT
    end enum

    enum, bind(c)
        enumerator :: TP_MISSING_ERROR = 0
        enumerator :: TP_MISSING_MEAN
        enumerator :: TP_MISSING_DROP
        enumerator :: TP_MISSING_COUNT
    end enum

    enum, bind(c)
        enumerator :: TP_UNKNOWN_ERROR = 0
        enumerator :: TP_UNKNOWN_IGNORE
        enumerator :: TP_UNKNOWN_COUNT
    end enum

    enum, bind(c)
        enumerator :: TP_INPUT_SCALING_AUTO = 0
        enumerator :: TP_INPUT_SCALING_NONE
        enumerator :: TP_INPUT_SCALING_UNIT
        enumerator :: TP_INPUT_SCALING_STANDARD
        enumerator :: TP_INPUT_SCALING_COUNT
    end enum

    enum, bind(c)
        enumerator :: TP_COLUMN_NUMBER = 0
        enumerator :: TP_COLUMN_CATEGORY
    end enum

    type, bind(c) :: tp_allocator
        type(c_funptr) :: allocate = c_null_funptr
        type(c_funptr) :: release = c_null_funptr
        type(c_ptr) :: user = c_null_ptr
    end type

    type, bind(c) :: tp_context_options
        integer(c_size_t) :: struct_size = 0
        type(c_ptr) :: isa = c_null_ptr
        integer(c_int) :: threads = 0
        type(tp_allocator) :: allocator
        type(c_funptr) :: message = c_null_funptr
        type(c_ptr) :: message_user = c_null_ptr
    end type

    type, bind(c) :: tp_machine
        character(kind=c_char) :: vendor(16) = c_null_char
        character(kind=c_char) :: features(128) = c_null_char
        integer(c_size_t) :: l1d = 0
        integer(c_size_t) :: l2 = 0
        integer(c_size_t) :: l3 = 0
        integer(c_int) :: processors = 0
        type(c_ptr) :: isa = c_null_ptr
        integer(c_size_t) :: tile_rows = 0
        integer(c_size_t) :: tile_columns = 0
        integer(c_size_t) :: mc = 0
        integer(c_size_t) :: kc = 0
        integer(c_size_t) :: nc = 0
        character(kind=c_char) :: usable(64) = c_null_char
        type(c_ptr) :: sleef = c_null_ptr
        type(c_ptr) :: threading = c_null_ptr
        integer(c_int) :: quota = 0
        character(kind=c_char) :: floating_point(96) = c_null_char
        character(kind=c_char) :: bf16(64) = c_null_char
    end type

    type, bind(c) :: tp_epilogue
        integer(c_size_t) :: struct_size = 0
        type(c_ptr) :: bias = c_null_ptr
        integer(c_int) :: activation = 0
        real(c_float) :: slope = 0
        type(c_ptr) :: outputs = c_null_ptr
        integer(c_size_t) :: ld = 0
    end type

    type, bind(c) :: tp_layer
        integer(c_size_t) :: width = 0
        integer(c_int) :: activation = 0
        real(c_float) :: slope = 0
        real(c_float) :: dropout = 0
        integer(c_int32_t) :: reserved = 0
    end type

    type, bind(c) :: tp_scaling
        integer(c_size_t) :: count = 0
        type(c_ptr) :: mean = c_null_ptr
        type(c_ptr) :: deviation = c_null_ptr
    end type

    type, bind(c) :: tp_model_options
        integer(c_size_t) :: struct_size = 0
        integer(c_size_t) :: inputs = 0
        integer(c_size_t) :: layer_count = 0
        type(c_ptr) :: layers = c_null_ptr
        integer(c_size_t) :: layer_size = 0
        integer(c_int) :: loss = 0
        integer(c_int) :: init = 0
        integer(c_int64_t) :: seed = 0
        type(tp_scaling) :: inputs_scaled
        type(tp_scaling) :: outputs_scaled
        real(c_float) :: huber_delta = 0
        real(c_float) :: label_smoothing = 0
        type(c_ptr) :: schema = c_null_ptr
        integer(c_int) :: precision = TP_PRECISION_F32
        integer(c_int32_t) :: reserved = 0
    end type

    type, bind(c) :: tp_exchange_options
        integer(c_size_t) :: struct_size = 0
        type(c_ptr) :: pattern = c_null_ptr
        integer(c_size_t) :: name_count = 0
        type(c_ptr) :: weights = c_null_ptr
        type(c_ptr) :: biases = c_null_ptr
        type(c_ptr) :: like = c_null_ptr
        integer(c_size_t) :: activation_count = 0
        type(c_ptr) :: activations = c_null_ptr
        type(c_ptr) :: name = c_null_ptr
        real(c_float) :: slope = 0
        integer(c_int) :: loss = 0
    end type

    type, bind(c) :: tp_workspace_options
        integer(c_size_t) :: struct_size = 0
        integer(c_size_t) :: max_batch = 0
        integer(c_int) :: mode = 0
        integer(c_int) :: threads = 0
    end type

    type, bind(c) :: tp_predictor_options
        integer(c_size_t) :: struct_size = 0
        logical(c_bool) :: measure = .false.
        type(c_ptr) :: batches = c_null_ptr
        integer(c_size_t) :: batch_count = 0
    end type

    type, bind(c) :: tp_targets
        integer(c_size_t) :: struct_size = 0
        type(c_ptr) :: classes = c_null_ptr
        type(c_ptr) :: values = c_null_ptr
        integer(c_size_t) :: ld = 0
        type(c_ptr) :: weights = c_null_ptr
        type(c_ptr) :: class_weights = c_null_ptr
    end type

    type, bind(c) :: tp_score
        real(c_double) :: loss = 0
        integer(c_size_t) :: correct = 0
        integer(c_size_t) :: samples = 0
        real(c_double) :: weight = 0
    end type

    type, bind(c) :: tp_metrics
        integer(c_size_t) :: samples = 0
        real(c_double) :: weight = 0
        integer(c_size_t) :: correct = 0
        real(c_double) :: accuracy = 0
        real(c_double) :: macro_f1 = 0
        real(c_double) :: weighted_f1 = 0
        real(c_double) :: auc = 0
        real(c_double) :: log_loss = 0
        real(c_double) :: r2 = 0
        real(c_double) :: rmse = 0
        real(c_double) :: mae = 0
    end type

    type, bind(c) :: tp_output_metrics
        real(c_double) :: support = 0
        real(c_double) :: precision = 0
        real(c_double) :: recall = 0
        real(c_double) :: f1 = 0
        real(c_double) :: auc = 0
        real(c_double) :: accuracy = 0
        real(c_double) :: log_loss = 0
        real(c_double) :: r2 = 0
        real(c_double) :: rmse = 0
        real(c_double) :: mae = 0
    end type

    type, bind(c) :: tp_optimizer_options
        integer(c_size_t) :: struct_size = 0
        integer(c_int) :: kind = 0
        real(c_float) :: learning_rate = 0
        real(c_float) :: momentum = 0
        real(c_float) :: beta1 = 0
        real(c_float) :: beta2 = 0
        real(c_float) :: epsilon = 0
        real(c_float) :: weight_decay = 0
        real(c_float) :: clip_norm = 0
        integer(c_int) :: schedule = 0
        integer(c_int64_t) :: warmup_steps = 0
        integer(c_int64_t) :: total_steps = 0
        integer(c_int64_t) :: step_every = 0
        real(c_float) :: step_factor = 0
        real(c_float) :: final_factor = 0
        type(c_ptr) :: layer_rates = c_null_ptr
    end type

    type, bind(c) :: tp_data
        integer(c_size_t) :: struct_size = 0
        integer(c_size_t) :: samples = 0
        integer(c_size_t) :: features = 0
        type(c_ptr) :: bytes = c_null_ptr
        type(c_ptr) :: floats = c_null_ptr
        type(c_ptr) :: classes = c_null_ptr
        type(c_ptr) :: values = c_null_ptr
        integer(c_size_t) :: outputs = 0
        type(c_ptr) :: weights = c_null_ptr
        type(c_ptr) :: doubles = c_null_ptr
        type(c_ptr) :: double_values = c_null_ptr
        integer(c_size_t) :: sample_stride = 0
        integer(c_size_t) :: value_stride = 0
        integer(c_size_t) :: target_sample_stride = 0
        integer(c_size_t) :: target_stride = 0
        type(c_ptr) :: rows = c_null_ptr
    end type

    type, bind(c) :: tp_outputs
        integer(c_size_t) :: struct_size = 0
        type(c_ptr) :: floats = c_null_ptr
        type(c_ptr) :: doubles = c_null_ptr
        integer(c_size_t) :: sample_stride = 0
        integer(c_size_t) :: value_stride = 0
    end type

    type, bind(c) :: tp_epoch
        integer(c_size_t) :: epoch = 0
        integer(c_size_t) :: epochs = 0
        integer(c_int64_t) :: steps = 0
        real(c_double) :: learning_rate = 0
        type(tp_score) :: train
        type(tp_score) :: validation
        real(c_double) :: seconds = 0
        real(c_double) :: samples_per_second = 0
        integer(c_size_t) :: best_epoch = 0
    end type

    type, bind(c) :: tp_step
        integer(c_int64_t) :: step = 0
        integer(c_int64_t) :: steps_per_epoch = 0
        integer(c_size_t) :: epoch = 0
        integer(c_size_t) :: epochs = 0
        real(c_double) :: loss = 0
        real(c_double) :: seconds = 0
    end type

    type, bind(c) :: tp_phases
        real(c_double) :: data = 0
        real(c_double) :: forward = 0
        real(c_double) :: loss = 0
        real(c_double) :: backward = 0
        real(c_double) :: update = 0
        real(c_double) :: barrier = 0
    end type

    type, bind(c) :: tp_group
        integer(c_size_t) :: struct_size = 0
        integer(c_int32_t) :: rank = 0
        integer(c_int32_t) :: ranks = 0
        type(c_ptr) :: user = c_null_ptr
        type(c_funptr) :: start = c_null_funptr
        type(c_funptr) :: finish = c_null_funptr
        type(c_funptr) :: reason = c_null_funptr
    end type

    ! Room for the fields of later versions, of which C makes a union with the struct.
    integer, parameter, private :: optimizer_room = 256
    type(tp_optimizer_options), parameter, private :: optimizer_now = tp_optimizer_options()

    type, bind(c) :: tp_train_options
        integer(c_size_t) :: struct_size = 0
        integer(c_size_t) :: batch = 0
        integer(c_size_t) :: epochs = 0
        logical(c_bool) :: shuffle = .false.
        logical(c_bool) :: phases = .false.
        integer(c_int64_t) :: seed = 0
        real(c_double) :: validation_fraction = 0
        type(c_ptr) :: validation = c_null_ptr
        type(tp_optimizer_options) :: optimizer
        integer(c_int8_t) :: optimizer_later(optimizer_room - storage_size(optimizer_now) / 8) = 0
        type(c_funptr) :: on_epoch = c_null_funptr
        type(c_funptr) :: on_step = c_null_funptr
        type(c_ptr) :: user = c_null_ptr
        type(c_ptr) :: class_weights = c_null_ptr
        integer(c_int) :: monitor = 0
        integer(c_int) :: keep = 0
        integer(c_size_t) :: patience = 0
        real(c_double) :: min_delta = 0
        integer(c_size_t) :: plateau = 0
        real(c_double) :: average = 0
        integer(c_int) :: tune = 0
        integer(c_int32_t) :: reserved = 0
        type(c_ptr) :: fingerprint = c_null_ptr
        integer(c_size_t) :: parts = 0
        type(c_ptr) :: group = c_null_ptr
    end type

    type, bind(c) :: tp_idx
        integer(c_int) :: type = 0
        integer(c_size_t) :: rank = 0
        integer(c_size_t) :: dims(TP_IDX_MAX_RANK) = 0
        integer(c_size_t) :: elements = 0
        type(c_ptr) :: data = c_null_ptr
    end type

    type, bind(c) :: tp_column
        type(c_ptr) :: name = c_null_ptr
        integer(c_int) :: kind = 0
        integer(c_size_t) :: category_count = 0
        type(c_ptr) :: categories = c_null_ptr
        real(c_double) :: mean = 0
        real(c_double) :: deviation = 0
        real(c_double) :: minimum = 0
        real(c_double) :: maximum = 0
        integer(c_int64_t) :: missing = 0
        type(c_ptr) :: counts = c_null_ptr
    end type

    type, bind(c) :: tp_dataset_options
        integer(c_size_t) :: struct_size = 0
        type(c_ptr) :: schema = c_null_ptr
        type(c_ptr) :: target = c_null_ptr
        type(c_ptr) :: ignore = c_null_ptr
        type(c_ptr) :: categories = c_null_ptr
        type(c_ptr) :: weight = c_null_ptr
        type(c_ptr) :: id = c_null_ptr
        integer(c_int) :: task = 0
        integer(c_int) :: missing = 0
        integer(c_int) :: unknown = 0
        integer(c_int) :: scaling = 0
        logical(c_bool) :: no_header = .false.
        logical(c_bool) :: schema_only = .false.
        logical(c_bool) :: no_target = .false.
        logical(c_bool) :: keep_missing = .false.
        integer(c_int) :: split = 0
        type(c_ptr) :: inputs = c_null_ptr
        type(c_ptr) :: targets = c_null_ptr
        real(c_double) :: validation_fraction = 0
        integer(c_size_t) :: folds = 0
        integer(c_size_t) :: fold = 0
        integer(c_int64_t) :: seed = 0
        logical(c_bool) :: keep_order = .false.
        integer(c_size_t) :: memory = 0
    end type
end module
