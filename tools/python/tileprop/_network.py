# SPDX-License-Identifier: BSD-3-Clause
"""The library's model behind an estimator, which knows it as coefs_ and intercepts_."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ._library import lib
from .arrays import Array, address
from .model import Model
from .workspace import Score, Workspace

_FEW = 16  # rows that one thread computes sooner than it wakes up others
_MANY = 512


class _Slot:
    """A workspace for a few rows, with arrays whose addresses are known: it takes less time to copy a few rows into
    them than to ask numpy for an address."""

    def __init__(self, model: Model) -> None:
        self.workspace = Workspace(model, _FEW, threads=1)
        self.x = np.zeros((_FEW, model.inputs), dtype=np.float32)
        self.y = np.zeros((_FEW, model.outputs), dtype=np.float32)
        self.pointers = model.pointer, self.workspace.pointer
        self.places = address(self.x), model.inputs, address(self.y), model.outputs

    def outputs(self, x: Array) -> Array:
        n = len(x)
        self.x[:n] = x
        self.workspace.model.context.check(lib.tp_forward(*self.pointers, n, *self.places))
        return self.y[:n].copy()


class Network:
    """A model, the arrays that the estimator has of its parameters, and workspaces for prediction. Several threads may
    predict at the same time: each takes a workspace out of the lists."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._published: list[Array] = []
        self._slots: list[_Slot] = []
        self._workspaces: list[Workspace] = []

    def set_parameters(self, coefs: Sequence[Any], intercepts: Sequence[Any]) -> None:
        """Copies the arrays of an estimator into the model."""
        flat = np.empty(self.model.parameter_count, dtype=np.float32)
        with np.errstate(over="ignore"):
            for (weight, bias), coef, intercept in zip(self.model.split(flat), coefs, intercepts):
                weight[...], bias[...] = coef, intercept
        self.model.parameters = flat

    def publish(self, flat: Array, dtype: Any) -> tuple[list[Array], list[Array]]:
        """Parameters as coefs_ and intercepts_. They are read-only, so that nobody changes them without the model."""
        split = self.model.split(flat)
        coefs, intercepts = ([_read_only(pair[i].astype(dtype, copy=False)) for pair in split] for i in (0, 1))
        self._published = coefs + intercepts
        return coefs, intercepts

    def has_published(self, coefs: Sequence[Any], intercepts: Sequence[Any]) -> bool:
        """Whether these are the arrays of the last publish, so that the model has the same parameters."""
        published = self._published
        layers = len(coefs)
        if len(published) != layers + len(intercepts):
            return False
        for i in range(layers):
            if coefs[i] is not published[i] or intercepts[i] is not published[layers + i]:
                return False
        return True

    def outputs(self, x: Array) -> Array:
        """Outputs, (samples, outputs), for x, (samples, inputs), of uint8, float32 or float64: float32 for float32,
        else float64."""
        dtype = np.float32 if x.dtype == np.float32 else np.float64
        if len(x) <= _FEW:
            return self._few(x).astype(dtype, copy=False)
        with self._workspace() as workspace:
            return workspace.predict(x, dtype)

    def evaluate(self, x: Array, y: Array, rows: Array) -> Score:
        """Loss and correct predictions over the samples with these numbers, all of weight 1."""
        with self._workspace() as workspace:
            return workspace.evaluate(x, y, rows=rows)

    @contextmanager
    def _workspace(self) -> Iterator[Workspace]:
        try:
            workspace = self._workspaces.pop()
        except IndexError:
            workspace = Workspace(self.model, _MANY)
        try:
            yield workspace
        finally:
            self._workspaces.append(workspace)

    def _few(self, x: Array) -> Array:
        try:
            slot = self._slots.pop()
        except IndexError:
            slot = _Slot(self.model)
        try:
            return slot.outputs(x)
        finally:
            self._slots.append(slot)


def _read_only(array: Array) -> Array:
    array.flags.writeable = False
    return array
