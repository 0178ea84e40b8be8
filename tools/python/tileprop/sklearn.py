# SPDX-License-Identifier: BSD-3-Clause
"""Fitted estimators from scikit-learn's, and back; models of pipelines.

What both know goes along: parameters of the constructor, coefs_ and intercepts_, classes, names of features, curves,
and what warm_start and partial_fit go on from, but for the state of the optimiser, which begins anew.
"""

from __future__ import annotations

import copy
import inspect
from typing import Any

import numpy as np
from sklearn.neural_network import MLPClassifier as TheirClassifier
from sklearn.neural_network import MLPRegressor as TheirRegressor
from sklearn.neural_network._base import ACTIVATIONS
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.validation import check_is_fitted

from ._pipelines import Scaled
from .classifier import MLPClassifier
from .context import Context
from .model import Model
from .regressor import MLPRegressor

__all__ = ["from_estimator", "to_estimator", "to_model"]

_PAIRS = ((MLPClassifier, TheirClassifier), (MLPRegressor, TheirRegressor))
_ATTRIBUTES = (
    "classes_",
    "n_features_in_",
    "feature_names_in_",
    "n_outputs_",
    "n_layers_",
    "out_activation_",
    "loss_",
    "best_loss_",
    "loss_curve_",
    "validation_scores_",
    "best_validation_score_",
    "n_iter_",
    "t_",
    "_no_improvement_count",
)
_THEIR_CHOICES = {
    "solver": ("lbfgs", "sgd", "adam"),
    "learning_rate": ("constant", "invscaling", "adaptive"),
}


def _counterpart(estimator: Any, column: int) -> Any:
    """The class of an estimator in the other column of _PAIRS."""
    for pair in _PAIRS:
        if isinstance(estimator, pair[column]):
            check_is_fitted(estimator)
            return pair[1 - column]
    owner = _PAIRS[0][column].__module__.split(".")[0]
    raise TypeError(f"estimator is {type(estimator).__name__}; it must be MLPClassifier or MLPRegressor of {owner}")


def _shared_parameters(estimator: Any, kind: Any) -> dict[str, Any]:
    known = inspect.signature(kind).parameters
    return {name: copy.deepcopy(v) for name, v in estimator.get_params(deep=False).items() if name in known}


def _copy_attributes(source: Any, target: Any) -> None:
    for name in _ATTRIBUTES:
        if name in vars(source):
            setattr(target, name, copy.deepcopy(vars(source)[name]))


def from_estimator(mlp: Any, **parameters: Any) -> Any:
    """tileprop's MLPClassifier or MLPRegressor for a fitted one of scikit-learn. It predicts the same, within 1e-5.

    parameters : of the constructor, in place of those of mlp, or of those that scikit-learn does not have

    coefs_ and intercepts_ keep their type, but are rounded to single precision. They are the same, bit for bit, if mlp
    was fitted on float32, or comes from to_estimator.

    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> theirs = TheirClassifier(8, solver="lbfgs", max_iter=20, random_state=1, tol=0.1).fit(X, y)
    >>> ours = from_estimator(theirs)
    >>> bool(abs(ours.predict_proba(X) - theirs.predict_proba(X)).max() < 1e-5)
    True
    """
    kind = _counterpart(mlp, 1)
    ours = kind(**{**_shared_parameters(mlp, kind), **parameters})
    _copy_attributes(mlp, ours)
    ours.coefs_, ours.intercepts_ = list(mlp.coefs_), list(mlp.intercepts_)
    ours._dtype = np.result_type(*ours.coefs_, *ours.intercepts_)
    ours._current_network()
    return ours


def to_estimator(ours: Any) -> Any:
    """scikit-learn's MLPClassifier or MLPRegressor for a fitted one of tileprop. It predicts the same, within 1e-5, if
    the precision is not "bf16". coefs_ and intercepts_ are the same, bit for bit.

    Parameters that scikit-learn does not have are left out, and a solver or learning_rate that it does not have becomes
    its default: they matter only if it is trained again. An activation that it does not have is a ValueError.
    """
    kind = _counterpart(ours, 0)
    for name, activation in (("activation", ours.activation), ("the last activation", ours.out_activation_)):
        if activation not in ACTIVATIONS:
            raise ValueError(f"{name} is {activation!r}; scikit-learn has {', '.join(sorted(ACTIVATIONS))}")
    parameters = _shared_parameters(ours, kind)
    for name, choices in _THEIR_CHOICES.items():
        if parameters[name] not in choices:
            del parameters[name]
    theirs = kind(**parameters)
    _copy_attributes(ours, theirs)
    for name in ("coefs_", "intercepts_"):
        setattr(theirs, name, [np.array(values) for values in getattr(ours, name)])
    if ours.early_stopping:
        theirs._best_coefs = [values.copy() for values in theirs.coefs_]
        theirs._best_intercepts = [values.copy() for values in theirs.intercepts_]
    if hasattr(ours, "classes_"):
        labels = ours.out_activation_ == "logistic" and ours.n_outputs_ > 1
        theirs._label_binarizer = LabelBinarizer().fit(np.eye(ours.n_outputs_, dtype=int) if labels else ours.classes_)
    return theirs


def to_model(estimator: Any, context: Context | None = None) -> Model:
    """The library's model for a fitted MLPClassifier or MLPRegressor, tileprop's or scikit-learn's, or for a Pipeline
    that ends with one, to be saved, exported or given to PyTorch. It predicts the same, within 1e-5.

    StandardScaler, MinMaxScaler, MaxAbsScaler and RobustScaler before the estimator become the model's scaling of
    inputs, and the transformer of a TransformedTargetRegressor, if it is one of them, that of outputs. Another step is
    a ValueError.

    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from tileprop import Workspace
    >>> X, y = load_iris(return_X_y=True)
    >>> pipeline = make_pipeline(StandardScaler(), MLPClassifier(8, max_iter=20, tol=0.1)).fit(X, y)
    >>> model = to_model(pipeline)
    >>> bool(abs(Workspace(model).predict(X) - pipeline.predict_proba(X)).max() < 1e-5)
    True
    """
    scaled = Scaled(estimator)
    ours = scaled.estimator
    if isinstance(ours, (TheirClassifier, TheirRegressor)):
        ours = from_estimator(ours)
    _counterpart(ours, 0)
    return ours.model_.with_scaling(scaled.inputs(), scaled.outputs(), context)
