# SPDX-License-Identifier: BSD-3-Clause
"""Copies of models that are laid out for many predictions."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from . import _types as t
from ._library import Handle, lib
from .arrays import Array, DataSet, address, matrix, output
from .context import Context
from .model import Model
from .workspace import make_outputs


class Predictor:
    """A copy of a model for inference alone. Several threads may use it at the same time.

    batches : numbers of samples for which it will be fast; the largest is the most that run takes
    measure : whether it is tried out what is fastest
    threads : the most threads of a call; 0: those of the context

    >>> import numpy as np
    >>> model = Model(2, [1], loss="mse")
    >>> model.parameters = [1, 2, 3]
    >>> Predictor(model).run(np.float32([[1, 1]]))
    array([[6.]], dtype=float32)
    """

    def __init__(
        self,
        model: Model,
        batches: Sequence[int] = (1,),
        *,
        measure: bool = False,
        threads: int = 0,
        context: Context | None = None,
    ) -> None:
        options = t.PredictorOptions()
        lib.tp_predictor_options_init(options, ctypes.sizeof(options))
        options.measure, options.batch_count = measure, len(batches)
        options.batches = (ctypes.c_size_t * len(batches))(*batches)
        self.context = context or model.context
        self.inputs, self.outputs = model.inputs, model.outputs
        pointer = ctypes.c_void_p()
        self.context.check(lib.tp_predictor_create(self.context.pointer, model.pointer, options, pointer))
        self._handle = Handle(pointer.value or 0, lib.tp_predictor_destroy, self.context)
        self._room = t.WorkspaceOptions()
        lib.tp_workspace_options_init(self._room, ctypes.sizeof(self._room))
        self._room.max_batch, self._room.threads = max(batches, default=1), threads
        self._workspaces: list[Handle] = []

    @contextmanager
    def _workspace(self) -> Iterator[int]:
        """A workspace that no other thread uses meanwhile."""
        try:
            workspace = self._workspaces.pop()
        except IndexError:
            workspace = self._make_workspace()
        try:
            yield workspace.pointer
        finally:
            self._workspaces.append(workspace)

    def _make_workspace(self) -> Handle:
        pointer = ctypes.c_void_p()
        self.context.check(lib.tp_predictor_workspace_create(self._handle.pointer, self._room, None, 0, pointer))
        return Handle(pointer.value or 0, lib.tp_workspace_destroy, self._handle)

    def run(self, x: Any, out: Any = None) -> Array:
        """Outputs, (batch, outputs), for x, (batch, inputs), both as the network sees them, without scaling. float32
        rows are used in place."""
        x, ldx = matrix(x, self.inputs, "x")
        y, ldy = output(out, len(x), self.outputs, "out")
        with self._workspace() as workspace:
            arguments = (workspace, len(x), address(x), ldx, address(y), ldy)
            self.context.check(lib.tp_predictor_run(self._handle.pointer, *arguments))
        return y

    def predict(self, x: Any, dtype: Any = np.float32) -> Array:
        """Predictions, (samples, outputs), of any number of samples, in the units of the program. x may be uint8,
        float32 or float64 with any strides."""
        data = DataSet(x)
        y, outputs = make_outputs(data.struct.samples, self.outputs, dtype)
        with self._workspace() as workspace:
            self.context.check(lib.tp_predictor_predict(self._handle.pointer, workspace, data.struct, outputs))
        return y
