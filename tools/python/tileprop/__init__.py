# SPDX-License-Identifier: BSD-3-Clause
"""tileprop: train multilayer perceptrons on CPUs, with the same bits everywhere.

MLPClassifier and MLPRegressor have scikit-learn's interface, and need it. Everything else needs numpy alone.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ._library import version
from .context import Context, Machine, default_context, sgemm
from .errors import (
    ArgumentError,
    FileError,
    FormatError,
    MissingError,
    NonfiniteError,
    OutOfMemoryError,
    StoppedError,
    TilepropError,
    UnsupportedError,
)
from .model import Layer, Model, Scaling
from .optimizer import Optimizer, Rule
from .predictor import Predictor
from .trainer import Epoch, Step, Trainer
from .workspace import Score, Workspace

if TYPE_CHECKING:
    from .classifier import MLPClassifier
    from .regressor import MLPRegressor

__version__ = version()
__all__ = [
    "ArgumentError",
    "Context",
    "Epoch",
    "FileError",
    "FormatError",
    "Layer",
    "MLPClassifier",
    "MLPRegressor",
    "Machine",
    "MissingError",
    "Model",
    "NonfiniteError",
    "Optimizer",
    "OutOfMemoryError",
    "Predictor",
    "Rule",
    "Scaling",
    "Score",
    "Step",
    "StoppedError",
    "TilepropError",
    "Trainer",
    "UnsupportedError",
    "Workspace",
    "default_context",
    "sgemm",
    "version",
]


_ESTIMATORS = {"MLPClassifier": "classifier", "MLPRegressor": "regressor"}


def __getattr__(name: str) -> Any:
    """The estimators, for which scikit-learn is imported when they are first asked for."""
    if name not in _ESTIMATORS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_ESTIMATORS[name]}", __name__), name)
