# SPDX-License-Identifier: BSD-3-Clause
"""MLPClassifier with scikit-learn's interface."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils import column_or_1d, compute_sample_weight
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import (
    _check_partial_fit_first_call,
    check_classification_targets,
    type_of_target,
    unique_labels,
)

from ._base import BaseMLP
from ._checks import CONSTRAINTS, DTYPES, validate_data
from ._network import Network
from ._solver import Problem
from .arrays import Array


class MLPClassifier(ClassifierMixin, BaseMLP):  # type: ignore[misc]
    """A multilayer perceptron that tells classes, or several labels, apart.

    Parameters, as those of scikit-learn's class of this name:

    hidden_layer_sizes : int or (n_layers - 2,) of ints : neurons of the hidden layers
    activation : of the hidden layers: "identity", "logistic", "tanh", "relu"; also "leaky_relu", "elu", "softplus",
        "silu", "gelu"
    solver : "lbfgs", "sgd", "adam"; also "adamw", "rmsprop", "adagrad"
    alpha : strength of the L2 term; with "adamw" its weight decay
    batch_size : samples of a step; "auto": min(200, n_samples)
    learning_rate : "constant"; with "sgd" also "invscaling" and "adaptive"; with every solver but "lbfgs" also
        "cosine", "step", "plateau" and "exponential"
    learning_rate_init : the learning rate at first
    power_t : exponent of "invscaling"
    max_iter : most epochs; of "lbfgs" iterations
    shuffle : whether each epoch has a new order of samples
    random_state : seed or RandomState of initial weights, order, dropout and the validation set
    tol : how much better an epoch must be to count; of "lbfgs" the limit of the gradient
    verbose : whether to print the loss of each epoch
    warm_start : whether fit goes on from the parameters that are there
    momentum : of "sgd", 0 to below 1
    nesterovs_momentum : its form
    early_stopping : whether a part of the data decides when to stop, and which epoch is kept
    validation_fraction : that part
    beta_1 : of "adam" and "adamw"
    beta_2 : of "adam", "adamw" and "rmsprop"
    epsilon : of all solvers with adaptive steps
    n_iter_no_change : epochs that are no better until training ends
    max_fun : most evaluations of "lbfgs"

    More parameters:

    dropout : float or (n_layers - 2,) of floats : part of the outputs of hidden layers that becomes 0 in a step
    activation_slope : slope of "leaky_relu"; alpha of "elu"
    init : initial weights: "auto", the numbers of scikit-learn; "he_normal", "he_uniform", "glorot_normal",
        "glorot_uniform"
    clip_norm : largest norm of the gradient; 0: any
    average : d > 0: the average of the weights with this decay is what is kept
    warmup_steps : steps in which the learning rate rises
    step_every : epochs from step to step of the schedule "step"
    step_factor : factor of the schedules "step" and "plateau"
    final_factor : factor at the end of the schedules "cosine" and "exponential"
    layer_rates : (n_layers - 1,) : a factor of the learning rate for each layer; 0 freezes it
    precision : of products, "f32" or "bf16"
    threads : most threads; None: as many as OpenMP would use
    label_smoothing : part of the targets that is shared by all classes
    class_weight : dict of classes, "balanced", or None: all 1

    Attributes: coefs_, a list of (n_in, n_out), and intercepts_, a list of (n_out,), read-only arrays (assign others to
    change them); loss_, best_loss_, loss_curve_, validation_scores_, best_validation_score_, n_iter_, t_, n_layers_,
    n_outputs_, out_activation_, model_ (the library's Model, to save it), n_features_in_, feature_names_in_, classes_.

    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> MLPClassifier(solver="lbfgs", random_state=1).fit(X, y).score(X, y) > 0.95
    True
    """

    _parameter_constraints = {
        **CONSTRAINTS,
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        solver: Any = "adam",
        alpha: Any = 0.0001,
        batch_size: Any = "auto",
        learning_rate: Any = "constant",
        learning_rate_init: Any = 0.001,
        power_t: Any = 0.5,
        max_iter: Any = 200,
        shuffle: Any = True,
        random_state: Any = None,
        tol: Any = 0.0001,
        verbose: Any = False,
        warm_start: Any = False,
        momentum: Any = 0.9,
        nesterovs_momentum: Any = True,
        early_stopping: Any = False,
        validation_fraction: Any = 0.1,
        beta_1: Any = 0.9,
        beta_2: Any = 0.999,
        epsilon: Any = 1e-8,
        n_iter_no_change: Any = 10,
        max_fun: Any = 15000,
        dropout: Any = 0.0,
        activation_slope: Any = 0.01,
        init: Any = "auto",
        clip_norm: Any = 0.0,
        average: Any = 0.0,
        warmup_steps: Any = 0,
        step_every: Any = 10,
        step_factor: Any = 0.1,
        final_factor: Any = 0.0,
        layer_rates: Any = None,
        precision: Any = "f32",
        threads: Any = None,
        label_smoothing: Any = 0.0,
        class_weight: Any = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.dropout = dropout
        self.activation_slope = activation_slope
        self.init = init
        self.clip_norm = clip_norm
        self.average = average
        self.warmup_steps = warmup_steps
        self.step_every = step_every
        self.step_factor = step_factor
        self.final_factor = final_factor
        self.layer_rates = layer_rates
        self.precision = precision
        self.threads = threads
        self.label_smoothing = label_smoothing
        self.class_weight = class_weight

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPClassifier:
        """Trains.

        X : (n_samples, n_features), array, DataFrame or sparse matrix, which is made dense
        y : (n_samples,) of classes, or (n_samples, n_labels) of 0 and 1
        sample_weight : (n_samples,)
        """
        self._validate_params()
        return self._fit(X, y, sample_weight)

    @available_if(BaseMLP._check_solver)  # type: ignore[misc]
    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> MLPClassifier:
        """Trains one epoch more. The first call needs classes, all that will come."""
        if not hasattr(self, "coefs_"):
            self._validate_params()
        if _check_partial_fit_first_call(self, classes) and type_of_target(y).startswith("multilabel"):
            self.classes_ = unique_labels(y)
        return self._fit(X, y, sample_weight, incremental=True)

    def predict(self, X: Any) -> Array:
        """The most probable class of each sample, (n_samples,), or its labels, (n_samples, n_labels). X : (n_samples,
        n_features)."""
        outputs = self._outputs(X)
        if self.out_activation_ == "softmax":
            return self.classes_.take(outputs.argmax(axis=1))
        if self.n_outputs_ > 1:
            return (outputs > 0.5).astype(int)
        return self.classes_.take((outputs[:, 0] > 0.5) & (len(self.classes_) > 1))

    def predict_proba(self, X: Any) -> Array:
        """Probabilities of classes, (n_samples, n_classes), in the order of classes_; or of labels. X : (n_samples,
        n_features)."""
        outputs = self._outputs(X)
        return np.hstack([1 - outputs, outputs]) if self.n_outputs_ == 1 else outputs

    def predict_log_proba(self, X: Any) -> Array:
        """Logarithms of predict_proba."""
        probabilities = self.predict_proba(X)
        with np.errstate(divide="ignore"):
            return np.log(probabilities, out=probabilities)

    def _library_loss(self) -> str:
        return "cce" if self.out_activation_ == "softmax" else "bce"

    def _model_options(self) -> dict[str, Any]:
        return {"label_smoothing": self.label_smoothing}

    def _check_inputs(self, X: Any, y: Any, incremental: bool, reset: bool) -> tuple[Any, Array]:
        options = {"accept_sparse": ["csr", "csc"], "multi_output": True, "dtype": DTYPES, "reset": reset}
        X, y = validate_data(self, X, y, **options)
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        check_classification_targets(y)
        if y.ndim == 2 and not type_of_target(y).startswith("multilabel"):
            raise ValueError("y has several columns, which must be labels of 0 and 1")
        if not hasattr(self, "classes_") or (not self.warm_start and not incremental):
            self.classes_ = unique_labels(y)
        else:
            self._check_classes(unique_labels(y))
        classes = len(self.classes_)
        self.n_outputs_ = y.shape[1] if y.ndim == 2 else (classes if classes > 2 else 1)
        self.out_activation_ = "softmax" if y.ndim == 1 and classes > 2 else "logistic"
        return X, y.astype(np.float32) if y.ndim == 2 else np.searchsorted(self.classes_, y).astype(np.int32)

    def _check_classes(self, classes: Array) -> None:
        if self.warm_start and set(classes) != set(self.classes_):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the previous call to fit."
                f" Previously got {self.classes_}, `y` has {classes}"
            )
        if len(np.setdiff1d(classes, self.classes_, assume_unique=True)):
            raise ValueError(
                f"`y` has classes not in `self.classes_`. `self.classes_` has {self.classes_}. 'y' has {classes}."
            )

    def _weights(self, y: Array, sample_weight: Array | None) -> Array | None:
        if self.class_weight is None:
            return sample_weight
        if y.ndim == 2:
            raise ValueError("class_weight needs classes, not labels")
        weights = compute_sample_weight(self.class_weight, self.classes_[y]).astype(np.float32)
        return weights if sample_weight is None else weights * sample_weight

    def _stratify(self, y: Array) -> Array | None:
        return y if self.n_outputs_ == 1 else None

    def _validation_score(self, problem: Problem, network: Network) -> float:
        score = network.evaluate(problem.x, problem.y, problem.rows)
        return score.correct / score.samples

    def _more_tags(self) -> dict[str, Any]:
        return {"multilabel": True}

    def __sklearn_tags__(self) -> Any:
        """_more_tags as scikit-learn has it since version 1.6."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = tags.input_tags.sparse = True
        return tags
