# SPDX-License-Identifier: BSD-3-Clause
"""Forward and backward passes, derivatives, evaluation and prediction."""

from __future__ import annotations

import ctypes
from typing import Any, NamedTuple

import numpy as np

from . import _types as t
from ._library import Handle, lib
from .arrays import Array, DataSet, address, as_array, classes_of, is_classes, matrix, optional, output, vector
from .model import Model


class Score(NamedTuple):
    """The weighted mean loss, and how many samples are predicted correctly."""

    loss: float
    correct: int
    samples: int
    weight: float

    @classmethod
    def of(cls, struct: t.ScoreStruct) -> Score:
        """A copy of the library's struct."""
        return cls(struct.loss, struct.correct, struct.samples, struct.weight)


class TargetSet:
    """Targets of a batch as tp_targets, together with the arrays that it points to: y is (batch,) of integers, which
    are classes, or (batch, outputs) of scaled numbers."""

    def __init__(self, y: Any, model: Model, weights: Any = None, class_weights: Any = None) -> None:
        self.struct = t.Targets()
        y = as_array(y)
        if is_classes(y, model.regression):
            self.y = classes_of(y)
            self.struct.classes = address(self.y)
        else:
            self.y, self.struct.ld = matrix(y.reshape(-1, 1) if y.ndim == 1 else y, model.outputs, "y")
            self.struct.values = address(self.y)
        self.weights = None if weights is None else vector(weights, np.float32, len(self.y), "weights")
        self.class_weights = None
        if class_weights is not None:
            self.class_weights = vector(class_weights, np.float32, model.classes, "class_weights")
        self.struct.weights = optional(self.weights)
        self.struct.class_weights = optional(self.class_weights)


def make_outputs(samples: int, outputs: int, dtype: Any) -> tuple[Array, t.Outputs]:
    """A new array for predictions, and the struct that points to it."""
    y: Array = np.empty((samples, outputs), dtype=dtype)
    if y.dtype.char not in "fd":
        raise ValueError(f"dtype is {y.dtype}; it must be float32 or float64")
    struct = t.Outputs()
    setattr(struct, "floats" if y.dtype == np.float32 else "doubles", address(y))
    return y, struct


class Workspace(Handle):
    """Every buffer that passes over at most max_batch samples need.

    mode : "inference", "training" (also loss and backward) or "derivatives" (also jacobian and jvp)
    threads : the most threads that work with it; 0: those of the context; 1 never enters OpenMP

    Only one thread may use it at a time.

    >>> import numpy as np
    >>> model = Model(2, [1], loss="mse")
    >>> model.parameters = [1, 2, 3]
    >>> Workspace(model).forward(np.float32([[1, 1]]))
    array([[6.]], dtype=float32)
    """

    def __init__(self, model: Model, max_batch: int = 1, mode: str | int = "inference", threads: int = 0) -> None:
        options = t.WorkspaceOptions()
        lib.tp_workspace_options_init(options, ctypes.sizeof(options))
        options.max_batch, options.threads = max_batch, threads
        options.mode = t.enum_value(t.Mode, mode, "mode")
        pointer = ctypes.c_void_p()
        model.context.check(lib.tp_workspace_create(model.pointer, options, None, 0, pointer))
        super().__init__(pointer.value or 0, lib.tp_workspace_destroy, model)
        self.model = model
        self.max_batch = max_batch
        self._check = model.context.check
        self._batch: Array | None = None

    def forward(self, x: Any, out: Any = None) -> Array:
        """Outputs, (batch, outputs), for x, (batch, inputs), both as the network sees them, without scaling. float32
        rows are used in place, and must stay unchanged until backward."""
        x, ldx = matrix(x, self.model.inputs, "x")
        y, ldy = output(out, len(x), self.model.outputs, "out")
        arguments = (len(x), address(x), ldx, address(y), ldy)
        self._check(lib.tp_forward(self.model.pointer, self.pointer, *arguments))
        self._batch = x
        return y

    def set_dropout(self, seed: int, step: int) -> None:
        """Dropout in the next forward passes, step = 1, 2, ...; 0 switches it off."""
        self._check(lib.tp_workspace_set_dropout(self.pointer, seed, step))

    def _targets(self, y: Any, weights: Any, class_weights: Any) -> TargetSet:
        targets = TargetSet(y, self.model, weights, class_weights)
        if self._batch is None or len(targets.y) != len(self._batch):
            passed = "no samples" if self._batch is None else f"{len(self._batch)} samples"
            raise ValueError(f"y has {len(targets.y)} samples; the last forward pass had {passed}")
        return targets

    def loss(self, y: Any, weights: Any = None, class_weights: Any = None) -> Score:
        """Loss of the last forward pass."""
        targets = self._targets(y, weights, class_weights)
        score = t.ScoreStruct()
        self._check(lib.tp_loss_value(self.model.pointer, self.pointer, targets.struct, score))
        return Score.of(score)

    def backward(
        self,
        y: Any,
        weights: Any = None,
        class_weights: Any = None,
        *,
        gradients: Any = None,
        dx: Any = None,
        accumulate: bool = False,
    ) -> tuple[Score, Array]:
        """Score and gradients, (parameter_count,), of the last forward pass.

        gradients : where to put them; None: a new array. With accumulate, those of the sum of losses are added to it.
        dx : where to put the derivatives by the inputs, (batch, inputs); None: they are not computed
        """
        targets = self._targets(y, weights, class_weights)
        flat = self._gradients(gradients)
        dx, lddx = self._input_gradients(dx)
        score = t.ScoreStruct()
        function = lib.tp_backward_accumulate if accumulate else lib.tp_backward
        arguments = (targets.struct, address(flat), optional(dx), lddx, score)
        self._check(function(self.model.pointer, self.pointer, *arguments))
        return Score.of(score), flat

    def backward_from(self, dy: Any, *, gradients: Any = None, dx: Any = None) -> Array:
        """Gradients for a loss of your own, whose derivatives by the outputs are dy, (batch, outputs)."""
        if self._batch is None:
            raise ValueError("backward_from needs a forward pass")
        dy, lddy = matrix(dy, self.model.outputs, "dy", len(self._batch))
        flat = self._gradients(gradients)
        dx, lddx = self._input_gradients(dx)
        arguments = (address(dy), lddy, address(flat), optional(dx), lddx)
        self._check(lib.tp_backward_from(self.model.pointer, self.pointer, *arguments))
        return flat

    def _gradients(self, given: Any) -> Array:
        count = self.model.parameter_count
        if given is None:
            return np.zeros(count, dtype=np.float32)
        array = as_array(given)
        return output(array.reshape(1, -1) if array.ndim == 1 else array, 1, count, "gradients")[0][0]

    def _input_gradients(self, given: Any) -> tuple[Array | None, int]:
        if given is None or self._batch is None:
            return None, 0
        return output(given, len(self._batch), self.model.inputs, "dx")

    def jacobian(self, x: Any) -> Array:
        """Derivatives of the outputs by the inputs, (batch, outputs, inputs)."""
        x, ldx = matrix(x, self.model.inputs, "x")
        shape = (len(x), self.model.outputs, self.model.inputs)
        result: Array = np.empty(shape, dtype=np.float32)
        arguments = (len(x), address(x), ldx, None, 0, address(result))
        self._check(lib.tp_jacobian(self.model.pointer, self.pointer, *arguments))
        return result

    def jvp(self, x: Any, v: Any) -> Array:
        """Derivatives of the outputs along v, (batch, inputs): (batch, outputs)."""
        x, ldx = matrix(x, self.model.inputs, "x")
        v, ldv = matrix(v, self.model.inputs, "v", len(x))
        result, ld = output(None, len(x), self.model.outputs, "jv")
        arguments = (len(x), address(x), ldx, address(v), ldv, None, 0, address(result), ld)
        self._check(lib.tp_jvp(self.model.pointer, self.pointer, *arguments))
        return result

    def predict(self, x: Any, dtype: Any = np.float32) -> Array:
        """Predictions, (samples, outputs), of any number of samples, in the units of the program. x may be uint8,
        float32 or float64 with any strides."""
        data = DataSet(x)
        y, outputs = make_outputs(data.struct.samples, self.model.outputs, dtype)
        self._check(lib.tp_predict(self.model.pointer, self.pointer, data.struct, outputs))
        return y

    def evaluate(self, x: Any, y: Any, weights: Any = None, rows: Any = None) -> Score:
        """Loss and correct predictions over a data set, or the samples with the numbers rows, in the units of the
        program."""
        score = t.ScoreStruct()
        data = DataSet(x, y, weights, rows, self.model.regression)
        self._check(lib.tp_evaluate(self.model.pointer, self.pointer, data.struct, score, None))
        return Score.of(score)
