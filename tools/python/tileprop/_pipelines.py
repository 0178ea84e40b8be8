# SPDX-License-Identifier: BSD-3-Clause
"""What pipelines of scikit-learn do before and behind their estimator, as scaling of a model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler
from sklearn.utils.validation import check_is_fitted

from .model import Scaling

# Of each kind mean and deviation, by which (x - mean) / deviation is what it makes of x; None: there are none.
_SCALERS: dict[type, Callable[[Any], tuple[Any, Any] | None]] = {
    StandardScaler: lambda s: (s.mean_ if s.with_mean else 0.0, s.scale_ if s.with_std else 1.0),
    MinMaxScaler: lambda s: None if s.clip else (-s.min_ / s.scale_, 1 / s.scale_),
    MaxAbsScaler: lambda s: None if getattr(s, "clip", False) else (0.0, s.scale_),
    RobustScaler: lambda s: (s.center_ if s.with_centering else 0.0, s.scale_ if s.with_scaling else 1.0),
    FunctionTransformer: lambda s: (0.0, 1.0) if s.func is None and s.inverse_func is None else None,
}


def _pair(scaler: Any, name: str) -> tuple[Any, Any]:
    """Mean and deviation of a fitted scaler. A class that is derived from one of these may compute anything."""
    pair = None
    if type(scaler) in _SCALERS:
        check_is_fitted(scaler)
        pair = _SCALERS[type(scaler)](scaler)
    if pair is None:
        known = ", ".join(kind.__name__ for kind in _SCALERS if kind is not FunctionTransformer)
        raise ValueError(f"{name} is {scaler!r}; a model can only scale, as {known} without clip do")
    return pair


class Scaled:
    """The estimator at the end of pipelines, and what scales its inputs and outputs.

    >>> from sklearn.pipeline import make_pipeline
    >>> scalers = StandardScaler(), MaxAbsScaler()
    >>> pipeline = make_pipeline(*scalers, Pipeline([("none", "passthrough"), ("estimator", "E")]))
    >>> _ = [scaler.fit([[1.0], [5.0]]) for scaler in scalers]
    >>> scaled = Scaled(pipeline)
    >>> scaled.estimator, scaled.inputs(), scaled.outputs()
    ('E', Scaling(mean=array([3.]), deviation=array([10.])), None)
    >>> Scaled(make_pipeline(FunctionTransformer(), "E")).inputs() is None
    True
    """

    def __init__(self, estimator: Any) -> None:
        self._inputs: list[tuple[Any, Any]] = []
        self._outputs: list[tuple[Any, Any]] = []
        self.estimator = self._unwrap(estimator)

    def _unwrap(self, estimator: Any) -> Any:
        if isinstance(estimator, Pipeline):
            for name, step in estimator.steps[:-1]:
                self._add(step, f"step {name!r}")
            return self._unwrap(estimator.steps[-1][1])
        if isinstance(estimator, TransformedTargetRegressor):
            check_is_fitted(estimator)
            self._outputs.append(_pair(estimator.transformer_, "the transformer of targets"))
            return self._unwrap(estimator.regressor_)
        return estimator

    def _add(self, step: Any, name: str) -> None:
        if isinstance(step, Pipeline):
            for inner, part in step.steps:
                self._add(part, f"{name}, step {inner!r}")
        elif step is not None and step != "passthrough":
            self._inputs.append(_pair(step, name))

    def inputs(self) -> Scaling | None:
        """Scaling of the model's inputs."""
        return _compose(self._inputs)

    def outputs(self) -> Scaling | None:
        """Scaling of its outputs."""
        return _compose(self._outputs)


def _compose(pairs: list[tuple[Any, Any]]) -> Scaling | None:
    """One pair for several that change something, of which the first comes first."""
    mean, deviation = np.float64(0), np.float64(1)
    pairs = [(m, d) for m, d in pairs if np.any(m != 0) or np.any(d != 1)]
    for m, d in pairs:
        mean, deviation = mean + deviation * m, deviation * d
    return Scaling(mean, deviation) if pairs else None
