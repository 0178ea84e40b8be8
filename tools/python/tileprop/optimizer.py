# SPDX-License-Identifier: BSD-3-Clause
"""Update rules."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from . import _types as t
from ._library import Handle, lib
from .arrays import Array, address, matrix, vector
from .model import Model
from .workspace import Score, TargetSet, Workspace


@dataclass
class Rule:
    """An update rule and its learning rate; fields as in tp_optimizer_options.

    kind : "sgd", "momentum", "nesterov", "adam", "adamw", "rmsprop", "adagrad"
    schedule : "auto" (cosine where the number of steps is known), "constant", "step", "cosine", "plateau",
        "exponential"
    layer_rates : a factor of the learning rate for each layer; 0 freezes it
    """

    kind: str | int = "adam"
    learning_rate: float = 1e-3
    momentum: float = 0.9
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.0
    clip_norm: float = 0.0
    schedule: str | int = "auto"
    warmup_steps: int = 0
    total_steps: int = 0
    step_every: int = 1
    step_factor: float = 0.1
    final_factor: float = 0.0
    layer_rates: Sequence[float] | None = field(default=None)

    def fill(self, options: t.OptimizerOptions, layers: int) -> Array | None:
        """Sets the fields of the library's struct; returns the array that it points to."""
        for name in self.__dataclass_fields__.keys() - {"kind", "schedule", "layer_rates"}:
            setattr(options, name, getattr(self, name))
        options.kind = t.enum_value(t.OptimizerKind, self.kind, "kind")
        options.schedule = t.enum_value(t.Schedule, self.schedule, "schedule")
        if self.layer_rates is None:
            return None
        rates = vector(self.layer_rates, np.float32, layers, "layer_rates")
        options.layer_rates = address(rates)
        return rates


class Optimizer(Handle):
    """The state of an update rule for one model.

    >>> model = Model(1, [1], loss="mse")
    >>> model.parameters = [1, 0]
    >>> optimizer = Optimizer(model, Rule("sgd", learning_rate=0.5))
    >>> optimizer.step([1, 1])
    >>> model.parameters
    array([ 0.5, -0.5], dtype=float32)
    """

    def __init__(self, model: Model, rule: Rule | None = None) -> None:
        options = t.OptimizerOptions()
        lib.tp_optimizer_options_init(options, ctypes.sizeof(options))
        rule = rule or Rule()
        rates = rule.fill(options, len(model.layers))
        pointer = ctypes.c_void_p()
        model.context.check(lib.tp_optimizer_create(model.pointer, options, None, 0, pointer))
        super().__init__(pointer.value or 0, lib.tp_optimizer_destroy, model, rates)
        self.model = model
        self._check = model.context.check

    def step(self, gradients: Any) -> None:
        """One update of the model by gradients, (parameter_count,)."""
        flat = vector(gradients, np.float32, self.model.parameter_count, "gradients")
        self._check(lib.tp_optimizer_step(self.pointer, self.model.pointer, address(flat)))

    def train_step(self, workspace: Workspace, x: Any, y: Any, weights: Any = None, class_weights: Any = None) -> Score:
        """Forward pass, backward pass and update in one call, with a training workspace; the loss before the update.

        x : (batch, inputs), scaled; y : (batch,) of classes or (batch, outputs) of scaled values
        """
        x, ldx = matrix(x, self.model.inputs, "x")
        targets = TargetSet(y, self.model, weights, class_weights)
        if len(targets.y) != len(x):
            raise ValueError(f"y has {len(targets.y)} samples; x has {len(x)}")
        score = t.ScoreStruct()
        arguments = (self.pointer, len(x), address(x), ldx, targets.struct, score)
        self._check(lib.tp_train_step(self.model.pointer, workspace.pointer, *arguments))
        return Score.of(score)

    def set_learning_rate(self, learning_rate: float) -> None:
        """Changes the learning rate of the following steps; the schedule still multiplies it."""
        self._check(lib.tp_optimizer_set_learning_rate(self.pointer, learning_rate))

    def learning_rate(self, step: int) -> float:
        """Learning rate of a step, counted from 1."""
        return float(lib.tp_optimizer_learning_rate(self.pointer, step))

    @property
    def steps(self) -> int:
        """Number of steps done so far. It may be set."""
        return int(lib.tp_optimizer_steps(self.pointer))

    @steps.setter
    def steps(self, steps: int) -> None:
        self._check(lib.tp_optimizer_set_steps(self.pointer, steps))

    @property
    def state(self) -> list[Array]:
        """Copies of the arrays of the state, each (parameter_count,): m and s of Adam, for example. It may be set."""
        arrays = []
        for which in range(lib.tp_optimizer_state_count(self.pointer)):
            values = np.empty(self.model.parameter_count, dtype=np.float32)
            self._check(lib.tp_optimizer_get_state(self.pointer, which, address(values), len(values)))
            arrays.append(values)
        return arrays

    @state.setter
    def state(self, arrays: Sequence[Any]) -> None:
        count = lib.tp_optimizer_state_count(self.pointer)
        if len(arrays) != count:
            raise ValueError(f"state has {len(arrays)} arrays; it must have {count}")
        for which, array in enumerate(arrays):
            values = vector(array, np.float32, self.model.parameter_count, "state")
            self._check(lib.tp_optimizer_set_state(self.pointer, which, address(values), len(values)))
