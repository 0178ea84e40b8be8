# SPDX-License-Identifier: BSD-3-Clause
"""The types of tileprop.h. Names of enums are those of C without TP_ and the name of the enum; names and order of
fields are those of C."""

from __future__ import annotations

from ctypes import (
    CFUNCTYPE,
    POINTER,
    Structure,
    Union,
    c_bool,
    c_char,
    c_char_p,
    c_double,
    c_float,
    c_int,
    c_int32,
    c_size_t,
    c_ubyte,
    c_uint32,
    c_uint64,
    c_void_p,
    sizeof,
)
from enum import IntEnum
from typing import Any, TypeVar


class Status(IntEnum):
    """What functions of the library return."""

    OK = 0
    ERR_ARGUMENT = 1
    ERR_MEMORY = 2
    ERR_UNSUPPORTED = 3
    ERR_IO = 4
    ERR_MISSING = 5
    ERR_FORMAT = 6
    ERR_NONFINITE = 7
    ERR_STOPPED = 8


class Activation(IntEnum):
    """f(z) of a layer."""

    IDENTITY = 0
    RELU = 1
    LEAKY_RELU = 2
    SIGMOID = 3
    TANH = 4
    SOFTMAX = 5
    ELU = 6
    SOFTPLUS = 7
    SILU = 8
    GELU = 9
    EXP = 10


class Loss(IntEnum):
    """What training minimises."""

    MSE = 0
    BCE = 1
    CCE = 2
    MAE = 3
    HUBER = 4
    POISSON = 5


class Init(IntEnum):
    """Initial weights."""

    AUTO = 0
    HE_NORMAL = 1
    HE_UNIFORM = 2
    GLOROT_NORMAL = 3
    GLOROT_UNIFORM = 4
    ZERO = 5


class Precision(IntEnum):
    """Of products."""

    F32 = 0
    BF16 = 1


class Mode(IntEnum):
    """What a workspace is for."""

    INFERENCE = 0
    TRAINING = 1
    DERIVATIVES = 2


class OptimizerKind(IntEnum):
    """The update rule."""

    SGD = 0
    MOMENTUM = 1
    NESTEROV = 2
    ADAM = 3
    ADAMW = 4
    RMSPROP = 5
    ADAGRAD = 6


class Schedule(IntEnum):
    """How the learning rate changes."""

    AUTO = 0
    CONSTANT = 1
    STEP = 2
    COSINE = 3
    PLATEAU = 4
    EXPONENTIAL = 5


class Monitor(IntEnum):
    """What tells how good an epoch is."""

    LOSS = 0
    ACCURACY = 1


class Keep(IntEnum):
    """Which parameters a run leaves in the model."""

    LAST = 0
    BEST = 1


class Tune(IntEnum):
    """Whether a trainer tries out instruction sets and numbers of threads."""

    AUTO = 0
    OFF = 1


Enum = TypeVar("Enum", bound=IntEnum)


def enum_value(kind: type[Enum], value: "str | int | Enum", what: str) -> Enum:
    """A member of an enum by its name in lower case, as the program's options have it, or by its number."""
    try:
        return kind[value.upper()] if isinstance(value, str) else kind(value)
    except (KeyError, ValueError):
        names = ", ".join(member.name.lower() for member in kind)
        raise ValueError(f"{what} is {value!r}; it must be one of {names}") from None


MessageFn = CFUNCTYPE(None, c_void_p, c_int, c_char_p)


_SIGNED = {c_int, c_int32}
_INTEGERS = {c_size_t, c_uint32, c_uint64} | _SIGNED


class Struct(Structure):
    """A struct whose first field may be struct_size. Integers must fit: ctypes takes the lowest bits of others."""

    _ranges: dict[str, range] = {}

    def __init_subclass__(cls) -> None:
        cls._ranges = {field[0]: _range_of(field[1]) for field in cls._fields_ if field[1] in _INTEGERS}
        super().__init_subclass__()

    def __init__(self, *args: Any, **fields: Any) -> None:
        super().__init__(*args, **fields)
        if self._fields_[0][0] == "struct_size":
            self.struct_size = sizeof(self)

    def __setattr__(self, name: str, value: Any) -> None:
        fits = self._ranges.get(name)
        if fits is not None and not fits[0] <= value <= fits[-1]:
            raise ValueError(f"{name} is {value}; it must be {fits[0]}..{fits[-1]}")
        super().__setattr__(name, value)


def _range_of(kind: Any) -> range:
    count = 1 << 8 * sizeof(kind)
    return range(-count // 2, count // 2) if kind in _SIGNED else range(count)


class Allocator(Structure):
    _fields_ = [("allocate", c_void_p), ("release", c_void_p), ("user", c_void_p)]


class ContextOptions(Struct):
    _fields_ = [
        ("struct_size", c_size_t),
        ("isa", c_char_p),
        ("threads", c_int),
        ("allocator", Allocator),
        ("message", MessageFn),
        ("message_user", c_void_p),
    ]


class MachineStruct(Structure):
    _fields_ = [
        ("vendor", c_char * 16),
        ("features", c_char * 128),
        ("l1d", c_size_t),
        ("l2", c_size_t),
        ("l3", c_size_t),
        ("processors", c_int),
        ("isa", c_char_p),
        ("tile_rows", c_size_t),
        ("tile_columns", c_size_t),
        ("mc", c_size_t),
        ("kc", c_size_t),
        ("nc", c_size_t),
        ("usable", c_char * 64),
        ("sleef", c_char_p),
        ("threading", c_char_p),
        ("quota", c_int),
        ("floating_point", c_char * 96),
        ("bf16", c_char * 64),
    ]


class LayerStruct(Struct):
    _fields_ = [
        ("width", c_size_t),
        ("activation", c_int),
        ("slope", c_float),
        ("dropout", c_float),
        ("reserved", c_uint32),
    ]


class Scaling(Structure):
    _fields_ = [("count", c_size_t), ("mean", c_void_p), ("deviation", c_void_p)]


class ModelOptions(Struct):
    _fields_ = [
        ("struct_size", c_size_t),
        ("inputs", c_size_t),
        ("layer_count", c_size_t),
        ("layers", POINTER(LayerStruct)),
        ("layer_size", c_size_t),
        ("loss", c_int),
        ("init", c_int),
        ("seed", c_uint64),
        ("inputs_scaled", Scaling),
        ("outputs_scaled", Scaling),
        ("huber_delta", c_float),
        ("label_smoothing", c_float),
        ("schema", c_void_p),
        ("precision", c_int),
        ("reserved", c_uint32),
    ]


class ExchangeOptions(Struct):
    _fields_ = [
        ("struct_size", c_size_t),
        ("pattern", c_char_p),
        ("name_count", c_size_t),
        ("weights", POINTER(c_char_p)),
        ("biases", POINTER(c_char_p)),
        ("like", c_void_p),
        ("activation_count", c_size_t),
        ("activations", POINTER(c_int)),
        ("name", c_char_p),
        ("slope", c_float),
        ("loss", c_int),
    ]


class WorkspaceOptions(Struct):
    _fields_ = [("struct_size", c_size_t), ("max_batch", c_size_t), ("mode", c_int), ("threads", c_int)]


class PredictorOptions(Struct):
    _fields_ = [
        ("struct_size", c_size_t),
        ("measure", c_bool),
        ("batches", POINTER(c_size_t)),
        ("batch_count", c_size_t),
    ]


class Targets(Struct):
    _fields_ = [
        ("struct_size", c_size_t),
        ("classes", c_void_p),
        ("values", c_void_p),
        ("ld", c_size_t),
        ("weights", c_void_p),
        ("class_weights", c_void_p),
    ]


class ScoreStruct(Structure):
    _fields_ = [("loss", c_double), ("correct", c_size_t), ("samples", c_size_t), ("weight", c_double)]


class OptimizerOptions(Struct):
    _fields_ = [
        ("struct_size", c_size_t),
        ("kind", c_int),
        ("learning_rate", c_float),
        ("momentum", c_float),
        ("beta1", c_float),
        ("beta2", c_float),
        ("epsilon", c_float),
        ("weight_decay", c_float),
        ("clip_norm", c_float),
        ("schedule", c_int),
        ("warmup_steps", c_uint64),
        ("total_steps", c_uint64),
        ("step_every", c_uint64),
        ("step_factor", c_float),
        ("final_factor", c_float),
        ("layer_rates", c_void_p),
    ]


class Data(Struct):
    _fields_ = [
        ("struct_size", c_size_t),
        ("samples", c_size_t),
        ("features", c_size_t),
        ("bytes", c_void_p),
        ("floats", c_void_p),
        ("classes", c_void_p),
        ("values", c_void_p),
        ("outputs", c_size_t),
        ("weights", c_void_p),
        ("doubles", c_void_p),
        ("double_values", c_void_p),
        ("sample_stride", c_size_t),
        ("value_stride", c_size_t),
        ("target_sample_stride", c_size_t),
        ("target_stride", c_size_t),
        ("rows", c_void_p),
    ]


class EpochStruct(Structure):
    _fields_ = [
        ("epoch", c_size_t),
        ("epochs", c_size_t),
        ("steps", c_uint64),
        ("learning_rate", c_double),
        ("train", ScoreStruct),
        ("validation", ScoreStruct),
        ("seconds", c_double),
        ("samples_per_second", c_double),
        ("best_epoch", c_size_t),
    ]


class StepStruct(Structure):
    _fields_ = [
        ("step", c_uint64),
        ("steps_per_epoch", c_uint64),
        ("epoch", c_size_t),
        ("epochs", c_size_t),
        ("loss", c_double),
        ("seconds", c_double),
    ]


class PhasesStruct(Structure):
    _fields_ = [
        ("data", c_double),
        ("forward", c_double),
        ("loss", c_double),
        ("backward", c_double),
        ("update", c_double),
        ("barrier", c_double),
    ]


EpochFn = CFUNCTYPE(c_int, c_void_p, POINTER(EpochStruct))
StepFn = CFUNCTYPE(c_int, c_void_p, POINTER(StepStruct))


class OptimizerRoom(Union):
    _fields_ = [("optimizer", OptimizerOptions), ("optimizer_room", c_ubyte * 256)]


class TrainOptions(Struct):
    _anonymous_ = ("room",)
    _fields_ = [
        ("struct_size", c_size_t),
        ("batch", c_size_t),
        ("epochs", c_size_t),
        ("shuffle", c_bool),
        ("phases", c_bool),
        ("seed", c_uint64),
        ("validation_fraction", c_double),
        ("validation", POINTER(Data)),
        ("room", OptimizerRoom),
        ("on_epoch", EpochFn),
        ("on_step", StepFn),
        ("user", c_void_p),
        ("class_weights", c_void_p),
        ("monitor", c_int),
        ("keep", c_int),
        ("patience", c_size_t),
        ("min_delta", c_double),
        ("plateau", c_size_t),
        ("average", c_double),
        ("tune", c_int),
        ("reserved", c_int32),
        ("fingerprint", c_char_p),
        ("parts", c_size_t),
        ("group", c_void_p),
    ]


class Outputs(Struct):
    _fields_ = [
        ("struct_size", c_size_t),
        ("floats", c_void_p),
        ("doubles", c_void_p),
        ("sample_stride", c_size_t),
        ("value_stride", c_size_t),
    ]


# What a test compares with the header: the name there, and whether a COUNT closes the enum.
STRUCTS: dict[str, type[Structure]] = {
    "tp_allocator": Allocator,
    "tp_context_options": ContextOptions,
    "tp_machine": MachineStruct,
    "tp_layer": LayerStruct,
    "tp_scaling": Scaling,
    "tp_model_options": ModelOptions,
    "tp_exchange_options": ExchangeOptions,
    "tp_workspace_options": WorkspaceOptions,
    "tp_predictor_options": PredictorOptions,
    "tp_targets": Targets,
    "tp_score": ScoreStruct,
    "tp_optimizer_options": OptimizerOptions,
    "tp_data": Data,
    "tp_epoch": EpochStruct,
    "tp_step": StepStruct,
    "tp_phases": PhasesStruct,
    "tp_train_options": TrainOptions,
    "tp_outputs": Outputs,
}
ENUMS: dict[str, type[IntEnum]] = {
    "TP": Status,
    "TP_ACTIVATION": Activation,
    "TP_LOSS": Loss,
    "TP_INIT": Init,
    "TP_PRECISION": Precision,
    "TP_MODE": Mode,
    "TP_OPTIMIZER": OptimizerKind,
    "TP_SCHEDULE": Schedule,
    "TP_MONITOR": Monitor,
    "TP_KEEP": Keep,
    "TP_TUNE": Tune,
}
