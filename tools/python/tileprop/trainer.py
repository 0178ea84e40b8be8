# SPDX-License-Identifier: BSD-3-Clause
"""Mini-batches, shuffling, validation, epochs; callbacks and Ctrl-C."""

from __future__ import annotations

import ctypes
import os
import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, NamedTuple

import numpy as np

from . import _types as t
from ._library import Handle, encode_path, lib
from .arrays import DataSet, optional, vector
from .errors import StoppedError
from .model import Model
from .optimizer import Rule
from .workspace import Score


class Epoch(NamedTuple):
    """What on_epoch receives; fields as in tp_epoch. validation is None without validation."""

    epoch: int
    epochs: int
    steps: int
    learning_rate: float
    train: Score
    validation: Score | None
    seconds: float
    samples_per_second: float
    best_epoch: int

    @classmethod
    def of(cls, s: t.EpochStruct) -> Epoch:
        """A copy of the library's struct."""
        validation = Score.of(s.validation) if s.validation.samples else None
        rates = (s.seconds, s.samples_per_second, s.best_epoch)
        return cls(s.epoch, s.epochs, s.steps, s.learning_rate, Score.of(s.train), validation, *rates)


class Step(NamedTuple):
    """What on_step receives; fields as in tp_step."""

    step: int
    steps_per_epoch: int
    epoch: int
    epochs: int
    loss: float
    seconds: float

    @classmethod
    def of(cls, s: t.StepStruct) -> Step:
        """A copy of the library's struct."""
        return cls(s.step, s.steps_per_epoch, s.epoch, s.epochs, s.loss, s.seconds)


class Interrupt:
    """While a run lasts, SIGINT only notes that it came, so that the run can stop after a step. Then what would have
    happened happens: usually KeyboardInterrupt. Other threads than the main one get no signals."""

    def __init__(self) -> None:
        self.came: tuple[int, FrameType | None] | None = None
        self._previous: Any = None

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.came = (number, frame)

    def __enter__(self) -> Interrupt:
        if threading.current_thread() is threading.main_thread() and callable(signal.getsignal(signal.SIGINT)):
            self._previous = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        if self._previous is not None:
            signal.signal(signal.SIGINT, self._previous)
            if self.came:
                self._previous(*self.came)


class _Callbacks:
    """The functions that the library calls; what they raise stops the run and is raised after it. It knows the caller's
    functions only during a run, because it lives as long as the trainer, to which these often refer."""

    def __init__(self) -> None:
        self.on_epoch: Callable[[Epoch], Any] | None = None
        self.on_step: Callable[[Step], Any] | None = None
        self.interrupt = Interrupt()
        self.raised: BaseException | None = None
        self.epoch_fn = t.EpochFn(self._epoch)
        self.step_fn = t.StepFn(self._step)

    def _epoch(self, _user: object, struct: Any) -> int:
        return self._guard(self.on_epoch, Epoch.of, struct) if self.on_epoch else 0

    def _step(self, _user: object, struct: Any) -> int:
        if self.interrupt.came:
            return 1
        return self._guard(self.on_step, Step.of, struct) if self.on_step else 0

    def _guard(self, function: Callable[[Any], Any], convert: Callable[[Any], Any], struct: Any) -> int:
        try:
            return bool(function(convert(struct.contents)))
        except BaseException as error:
            self.raised = error
            return 1


class Trainer(Handle):
    """Trains a model on arrays, which are used in place and must stay unchanged meanwhile.

    x : (samples, inputs), uint8, float32 or float64, any strides
    y : (samples,) of integers (classes, with "cce" and "bce"), or (samples,) or (samples, outputs) of numbers
    weights : (samples,); class_weights : one for each class
    rows : numbers of the samples to train on; None: all
    validation : (x, y), or (x, y, weights), or (x, y, weights, rows); or a fraction as validation_fraction
    rule : the update rule
    on_epoch, on_step : functions of an Epoch and a Step; if one returns something true, the run stops
    monitor, keep, patience, min_delta, plateau, average, parts : as in tp_train_options
    tune : whether the run may try out instruction sets and numbers of threads, which all give the same bits

    >>> import numpy as np
    >>> model = Model(1, [1], loss="mse", init="zero")
    >>> x = np.float32([[0], [1], [2]])
    >>> trainer = Trainer(model, x, 2 * x + 1, epochs=500, rule=Rule(learning_rate=0.1))
    >>> trainer.run()
    True
    >>> model.parameters.round(2)
    array([2., 1.], dtype=float32)
    """

    def __init__(
        self,
        model: Model,
        x: Any,
        y: Any,
        *,
        weights: Any = None,
        class_weights: Any = None,
        rows: Any = None,
        batch: int = 128,
        epochs: int = 10,
        shuffle: bool = True,
        seed: int = 1,
        rule: Rule | None = None,
        validation: Any = None,
        validation_fraction: float = 0.0,
        on_epoch: Callable[[Epoch], Any] | None = None,
        on_step: Callable[[Step], Any] | None = None,
        monitor: str | int = "loss",
        keep: str | int = "last",
        patience: int = 0,
        min_delta: float = 0.0,
        plateau: int = 5,
        average: float = 0.0,
        parts: int = 1,
        tune: bool = True,
        phases: bool = False,
    ) -> None:
        options = t.TrainOptions()
        lib.tp_train_options_init(options, ctypes.sizeof(options), ctypes.sizeof(t.OptimizerOptions))
        options.batch, options.epochs, options.shuffle, options.seed = batch, epochs, shuffle, seed
        options.validation_fraction, options.phases = validation_fraction, phases
        options.patience, options.min_delta, options.plateau, options.average = patience, min_delta, plateau, average
        options.monitor = t.enum_value(t.Monitor, monitor, "monitor")
        options.keep = t.enum_value(t.Keep, keep, "keep")
        options.parts = parts
        options.tune = t.Tune.AUTO if tune else t.Tune.OFF
        rates = (rule or Rule()).fill(options.optimizer, len(model.layers))
        if class_weights is not None:
            class_weights = vector(class_weights, np.float32, model.classes, "class_weights")
        options.class_weights = optional(class_weights)
        self.model = model
        self.data = DataSet(x, y, weights, rows, model.regression)
        self.validation = None if validation is None else self._validation_set(*validation)
        if self.validation:
            options.validation = ctypes.pointer(self.validation.struct)
        self._on_epoch, self._on_step = on_epoch, on_step
        self._callbacks = _Callbacks()
        options.on_epoch = self._callbacks.epoch_fn
        if on_step or threading.current_thread() is threading.main_thread():  # where Ctrl-C arrives
            options.on_step = self._callbacks.step_fn
        pointer = ctypes.c_void_p()
        model.context.check(lib.tp_trainer_create(model.pointer, self.data.struct, options, None, 0, pointer))
        kept = (model, self.data, self.validation, self._callbacks, rates, class_weights)
        super().__init__(pointer.value or 0, lib.tp_trainer_destroy, *kept)

    def _validation_set(self, x: Any, y: Any, weights: Any = None, rows: Any = None) -> DataSet:
        return DataSet(x, y, weights, rows, self.model.regression)

    def run(self) -> bool:
        """Trains until all epochs are done or patience ends: True; or until a callback stops it: False. Ctrl-C stops
        after the step that is going on. Called again, it goes on with the next step."""
        callbacks = self._callbacks
        callbacks.on_epoch, callbacks.on_step = self._on_epoch, self._on_step
        try:
            with Interrupt() as callbacks.interrupt:
                status = lib.tp_trainer_run(self.pointer)
        finally:
            callbacks.on_epoch = callbacks.on_step = None
        if callbacks.raised is not None:
            raised, callbacks.raised = callbacks.raised, None
            raise raised
        try:
            self.model.context.check(status)
        except StoppedError:
            return False
        return True

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes a checkpoint: where the run is."""
        self.model.context.check(lib.tp_trainer_save(self.pointer, encode_path(path)))

    def resume(self, path: str | os.PathLike[str]) -> None:
        """Takes the run to where the checkpoint was saved."""
        self.model.context.check(lib.tp_trainer_resume(self.pointer, encode_path(path)))

    @property
    def epochs(self) -> int:
        """Number of epochs that are done."""
        return int(lib.tp_trainer_epochs(self.pointer))

    @property
    def steps(self) -> int:
        """Number of steps that are done."""
        return int(lib.tp_trainer_steps(self.pointer))

    @property
    def best_epoch(self) -> int:
        """Number of the best epoch so far, from 1; 0: none yet."""
        return int(lib.tp_trainer_best_epoch(self.pointer))

    @property
    def isa(self) -> str:
        """The instruction set of the next step."""
        return str(lib.tp_trainer_isa(self.pointer).decode())

    @property
    def threads(self) -> int:
        """The number of threads of the next step."""
        return int(lib.tp_trainer_threads(self.pointer))

    @property
    def phases(self) -> dict[str, float]:
        """Seconds that the run has spent on each part, with the option phases."""
        struct = lib.tp_trainer_phases(self.pointer).contents
        return {name: getattr(struct, name) for name, _ in t.PhasesStruct._fields_}
