# SPDX-License-Identifier: BSD-3-Clause
"""Architecture and parameters."""

from __future__ import annotations

import ctypes
import os
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import _exchange
from . import _types as t
from ._library import Handle, encode_path, lib
from ._notes import Notes
from .arrays import Array, address, vector
from .context import Context, default_context


@dataclass(frozen=True)
class Layer:
    """width outputs of f(x W + b).

    activation : "identity", "relu", "leaky_relu", "sigmoid", "tanh", "softmax" (last layer only), "elu", "softplus",
        "silu", "gelu", "exp"
    slope : of leaky ReLU, 0 to 1; of ELU its alpha, 0 means 1
    dropout : the part of the outputs that becomes 0 in each step of training; not in the last layer
    """

    width: int
    activation: str | int = "relu"
    slope: float = 0.0
    dropout: float = 0.0


@dataclass(frozen=True)
class Scaling:
    """scaled = (value - mean) / deviation; one pair for all values, or arrays with one for each."""

    mean: Any
    deviation: Any

    def arrays(self, count: int) -> list[Array]:
        """Means and deviations of so many values."""
        return [np.broadcast_to(np.asarray(v, dtype=np.float64), (count,)) for v in (self.mean, self.deviation)]

    def struct(self) -> tuple[t.Scaling, list[Array]]:
        """The struct, and the arrays that it points to."""
        pair = [np.atleast_1d(np.asarray(v, dtype=np.float64)) for v in (self.mean, self.deviation)]
        pair = [np.ascontiguousarray(v) for v in np.broadcast_arrays(*pair)]
        return t.Scaling(len(pair[0]), address(pair[0]), address(pair[1])), pair

    @staticmethod
    def from_struct(struct: t.Scaling) -> Scaling | None:
        """A copy of what the struct points to; one pair as floats."""
        if not struct.count:
            return None
        room = ctypes.c_double * struct.count
        pair = [np.array(room.from_address(values)) for values in (struct.mean, struct.deviation)]
        return Scaling(*(float(v[0]) if struct.count == 1 else v for v in pair))


class Model(Handle):
    """A multilayer perceptron.

    inputs : number of inputs
    layers : one Layer, or one width (ReLU), for each layer. The last of widths has the activation that the loss needs:
        softmax, sigmoid, exp or identity.
    loss : "mse", "bce", "cce", "mae", "huber", "poisson"
    init : initial weights: "auto", "he_normal", "he_uniform", "glorot_normal", "glorot_uniform", "zero"
    seed : of the initial weights
    precision : of products, "f32" or "bf16"
    inputs_scaled, outputs_scaled : Scaling of samples and targets by Trainer, evaluate and predict

    >>> model = Model(784, [128, 10])
    >>> model.parameters.shape
    (101770,)
    >>> model.layers[1]
    Layer(width=10, activation='softmax', slope=0.0, dropout=0.0)
    """

    _OUTPUT = {t.Loss.CCE: "softmax", t.Loss.BCE: "sigmoid", t.Loss.POISSON: "exp"}

    def __init__(
        self,
        inputs: int,
        layers: Iterable[Layer | int],
        *,
        loss: str | int = "cce",
        init: str | int = "auto",
        seed: int = 1,
        inputs_scaled: Scaling | None = None,
        outputs_scaled: Scaling | None = None,
        huber_delta: float = 1.0,
        label_smoothing: float = 0.0,
        precision: str | int = "f32",
        context: Context | None = None,
    ) -> None:
        options = t.ModelOptions()
        lib.tp_model_options_init(options, ctypes.sizeof(options), ctypes.sizeof(t.LayerStruct))
        options.loss = t.enum_value(t.Loss, loss, "loss")
        structs = self._layer_structs(list(layers), self.last_activation(loss))
        options.inputs, options.layer_count, options.layers = inputs, len(structs), structs
        options.precision = t.enum_value(t.Precision, precision, "precision")
        options.init = t.enum_value(t.Init, init, "init")
        options.seed, options.huber_delta, options.label_smoothing = seed, huber_delta, label_smoothing
        kept = [self._set_scaling(options, "inputs_scaled", inputs_scaled)]
        kept.append(self._set_scaling(options, "outputs_scaled", outputs_scaled))
        context = context or default_context()
        pointer = ctypes.c_void_p()
        context.check(lib.tp_model_create(context.pointer, options, pointer))
        self._adopt(pointer, context)

    @classmethod
    def last_activation(cls, loss: str | int) -> str:
        """The last activation that a loss needs; identity if it takes any."""
        return cls._OUTPUT.get(t.enum_value(t.Loss, loss, "loss"), "identity")

    @staticmethod
    def _layer_structs(layers: list[Layer | int], last: str) -> Any:
        full = [layer if isinstance(layer, Layer) else Layer(layer) for layer in layers]
        if layers and not isinstance(layers[-1], Layer):
            full[-1] = Layer(layers[-1], last)
        structs = (t.LayerStruct * len(full))()
        for struct, layer in zip(structs, full):
            struct.width, struct.slope, struct.dropout = layer.width, layer.slope, layer.dropout
            struct.activation = t.enum_value(t.Activation, layer.activation, "activation")
        return structs

    @staticmethod
    def _set_scaling(options: t.ModelOptions, name: str, scaling: Scaling | None) -> list[Array]:
        if scaling is None:
            return []
        struct, kept = scaling.struct()
        setattr(options, name, struct)
        return kept

    def _adopt(self, pointer: ctypes.c_void_p, context: Context) -> None:
        self.context = context
        Handle.__init__(self, pointer.value or 0, lib.tp_model_destroy, context)
        options = t.ModelOptions()
        context.check(lib.tp_model_get_options(self.pointer, options, ctypes.sizeof(options)))
        self.inputs: int = options.inputs
        self.loss: str = t.Loss(options.loss).name.lower()
        self.precision: str = t.Precision(options.precision).name.lower()
        self.huber_delta: float = options.huber_delta
        self.label_smoothing: float = options.label_smoothing
        self.inputs_scaled = Scaling.from_struct(options.inputs_scaled)
        self.outputs_scaled = Scaling.from_struct(options.outputs_scaled)
        self.layers = [self._layer(i) for i in range(options.layer_count)]
        self.outputs: int = self.layers[-1].width
        self.parameter_count: int = lib.tp_model_parameter_count(self.pointer)

    def _layer(self, i: int) -> Layer:
        struct = lib.tp_model_layer(self.pointer, i).contents
        activation = t.Activation(struct.activation).name.lower()
        return Layer(struct.width, activation, struct.slope, struct.dropout)

    @property
    def regression(self) -> bool:
        """Whether targets are numbers, even if they are integers."""
        return self.loss not in ("cce", "bce")

    @property
    def classes(self) -> int:
        """How many classes targets may contain."""
        return 2 if self.loss == "bce" and self.outputs == 1 else self.outputs

    @classmethod
    def load(cls, path: str | os.PathLike[str], context: Context | None = None) -> Model:
        """Reads a model's file."""
        context = context or default_context()
        pointer = ctypes.c_void_p()
        context.check(lib.tp_model_load(context.pointer, encode_path(path), pointer))
        return cls._made(pointer, context)

    @classmethod
    def from_bytes(cls, data: Any, context: Context | None = None) -> Model:
        """Reads the bytes of a model's file."""
        context = context or default_context()
        array = np.frombuffer(data, dtype=np.uint8)
        pointer = ctypes.c_void_p()
        context.check(lib.tp_model_read(context.pointer, address(array), array.nbytes, pointer))
        return cls._made(pointer, context)

    @classmethod
    def import_(
        cls,
        path: str | os.PathLike[str],
        format: str | None = None,
        *,
        activations: Iterable[str | int] = (),
        slope: float = 0.0,
        loss: str | int | None = None,
        like: Model | None = None,
        pattern: str | None = None,
        weights: Iterable[str] = (),
        biases: Iterable[str | None] | None = None,
        context: Context | None = None,
    ) -> Model:
        """Reads a file of another program: "torch", a safetensors file of a PyTorch state_dict, or "onnx"; None: by the
        ending of path. tp_exchange_options in the header says what the others mean; ONNX files take loss alone.

        activations : one for each layer; or two, of all layers but the last and of the last
        slope : of those that have one
        loss : None: the one that fits the last activation
        like : a model that says everything but the parameters
        pattern : name of the weights with {} for the layer's number, as "fc{}.weight"
        weights, biases : names of all layers; a bias that is None is 0
        """
        context = context or default_context()
        options = _exchange.options(pattern, weights, biases)
        given = [t.enum_value(t.Activation, activation, "activations") for activation in activations]
        options.activation_count, options.activations = len(given), (ctypes.c_int * len(given))(*given)
        options.like, options.slope = like.pointer if like else None, slope
        options.loss = len(t.Loss) if loss is None else t.enum_value(t.Loss, loss, "loss")
        return cls._made(_exchange.read(context, path, format, options), context)

    @classmethod
    def _made(cls, pointer: ctypes.c_void_p, context: Context) -> Model:
        model = cls.__new__(cls)
        model._adopt(pointer, context)
        return model

    def export(
        self,
        path: str | os.PathLike[str],
        format: str | None = None,
        *,
        pattern: str | None = None,
        weights: Iterable[str] = (),
        biases: Iterable[str | None] | None = None,
        name: str | None = None,
    ) -> None:
        """Writes a file for another program, completely or not at all. The arguments are those of import_, and:

        format : also "c", C source with a function that predicts one sample
        name : what the names of that function and its arrays begin with; None: "model"

        Files of PyTorch have layers, which do not scale inputs and outputs: fold_scaling() has layers that do.
        """
        format = _exchange.written_format(path, format)
        if format == "torch" and (self.inputs_scaled or self.outputs_scaled):
            why = "the layers in the file do not scale inputs and outputs as the model does; those of fold_scaling() do"
            warnings.warn(why, stacklevel=2)
        options = _exchange.options(pattern, weights, biases)
        options.name = None if name is None else name.encode()
        _exchange.write(self.context, self.pointer, path, format, options)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the model's file, completely or not at all."""
        self.context.check(lib.tp_model_save(self.pointer, encode_path(path)))

    def to_bytes(self) -> bytes:
        """The bytes of the model's file."""
        needed = ctypes.c_size_t()
        self.context.check(lib.tp_model_write(self.pointer, None, 0, needed))
        buffer = ctypes.create_string_buffer(needed.value)
        self.context.check(lib.tp_model_write(self.pointer, buffer, needed, needed))
        return buffer.raw

    def __reduce__(self) -> Any:
        return _restore, (self.to_bytes(),)

    @property
    def parameters(self) -> Array:
        """A copy of all parameters, (parameter_count,), float32: W_1 by rows, b_1, W_2, ... It may be set."""
        return self.get_parameters()

    @parameters.setter
    def parameters(self, values: Any) -> None:
        flat = vector(values, np.float32, self.parameter_count, "parameters")
        self.context.check(lib.tp_model_set_parameters(self.pointer, address(flat), len(flat)))

    def get_parameters(self, out: Array | None = None) -> Array:
        """parameters, in an array of the caller if out is one."""
        flat = np.empty(self.parameter_count, dtype=np.float32) if out is None else out
        if flat.dtype != np.float32 or not (flat.flags.c_contiguous and flat.flags.writeable):
            raise ValueError("out must be writeable contiguous float32")
        self.context.check(lib.tp_model_get_parameters(self.pointer, address(flat), flat.size))
        return flat

    def split(self, flat: Array) -> list[tuple[Array, Array]]:
        """Views of W_l, (n_{l-1}, n_l), and b_l, (n_l,), in parameters or gradients, for each layer."""
        views = []
        weight, bias = ctypes.c_size_t(), ctypes.c_size_t()
        for i, layer in enumerate(self.layers):
            self.context.check(lib.tp_model_layer_offsets(self.pointer, i, weight, bias))
            end = bias.value + layer.width
            views.append((flat[weight.value : bias.value].reshape(-1, layer.width), flat[bias.value : end]))
        return views

    def fold_scaling(self) -> Model:
        """A model without scaling, whose first and last layers scale instead: for what takes layers alone. It predicts
        the same but for rounding, of which there is more where means are far larger than deviations."""
        made = self.with_scaling(None, None)
        layers = [(weight.astype(np.float64), bias.astype(np.float64)) for weight, bias in self.split(self.parameters)]
        if self.inputs_scaled:
            mean, deviation = self.inputs_scaled.arrays(self.inputs)
            weight, bias = layers[0]
            weight /= deviation[:, None]
            bias -= mean @ weight
        if self.outputs_scaled:
            if self.layers[-1].activation != "identity":
                raise ValueError(
                    f"the last activation is {self.layers[-1].activation}; outputs can be scaled by an identity alone"
                )
            mean, deviation = self.outputs_scaled.arrays(self.outputs)
            weight, bias = layers[-1]
            weight *= deviation
            bias *= deviation
            bias += mean
        made.parameters = np.concatenate([values.ravel() for pair in layers for values in pair])
        return made

    def with_scaling(self, inputs: Scaling | None, outputs: Scaling | None, context: Context | None = None) -> Model:
        """A copy with this scaling, without names of columns and notes."""
        made = Model(
            self.inputs,
            self.layers,
            loss=self.loss,
            inputs_scaled=inputs,
            outputs_scaled=outputs,
            huber_delta=self.huber_delta,
            label_smoothing=self.label_smoothing,
            precision=self.precision,
            context=context or self.context,
        )
        made.parameters = self.parameters
        return made

    @property
    def notes(self) -> Notes:
        """Texts that the model's file keeps."""
        return Notes(self)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the parameters as 64 digits."""
        buffer = ctypes.create_string_buffer(65)
        self.context.check(lib.tp_model_fingerprint(self.pointer, buffer))
        return buffer.value.decode()

    def __repr__(self) -> str:
        widths = "-".join(str(n) for n in [self.inputs] + [layer.width for layer in self.layers])
        return f"<Model {widths}, loss {self.loss}>"


def _restore(data: bytes) -> Model:
    return Model.from_bytes(data)
