# SPDX-License-Identifier: BSD-3-Clause
"""MLPRegressor with scikit-learn's interface."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils import column_or_1d
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metaestimators import available_if

from ._base import BaseMLP
from ._checks import CONSTRAINTS, DTYPES, validate_data
from ._network import Network
from ._solver import Problem
from .arrays import Array


class MLPRegressor(RegressorMixin, BaseMLP):  # type: ignore[misc]
    """A multilayer perceptron for numbers.

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
    loss : "squared_error", "absolute_error", "huber", "poisson"
    huber_delta : where "huber" becomes linear

    Attributes: coefs_, a list of (n_in, n_out), and intercepts_, a list of (n_out,), read-only arrays (assign others to
    change them); loss_, best_loss_, loss_curve_, validation_scores_, best_validation_score_, n_iter_, t_, n_layers_,
    n_outputs_, out_activation_, model_ (the library's Model, to save it), n_features_in_, feature_names_in_.

    >>> import numpy as np
    >>> X = np.linspace(-1, 1, 100)[:, None]
    >>> MLPRegressor(solver="lbfgs", random_state=1).fit(X, X[:, 0] ** 2).score(X, X[:, 0] ** 2) > 0.95
    True
    """

    _LOSSES = {"squared_error": "mse", "absolute_error": "mae", "huber": "huber", "poisson": "poisson"}
    _parameter_constraints = {
        **CONSTRAINTS,
        "loss": [StrOptions(set(_LOSSES))],
        "huber_delta": [Interval(Real, 0, None, closed="neither")],
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
        loss: Any = "squared_error",
        huber_delta: Any = 1.0,
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
        self.loss = loss
        self.huber_delta = huber_delta

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPRegressor:
        """Trains.

        X : (n_samples, n_features), array, DataFrame or sparse matrix, which is made dense
        y : (n_samples,) or (n_samples, n_outputs)
        sample_weight : (n_samples,)
        """
        self._validate_params()
        return self._fit(X, y, sample_weight)

    @available_if(BaseMLP._check_solver)  # type: ignore[misc]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPRegressor:
        """Trains one epoch more."""
        if not hasattr(self, "coefs_"):
            self._validate_params()
        return self._fit(X, y, sample_weight, incremental=True)

    def predict(self, X: Any) -> Array:
        """Predictions, (n_samples,) or (n_samples, n_outputs), for X, (n_samples, n_features)."""
        outputs = self._outputs(X)
        return outputs[:, 0] if self.n_outputs_ == 1 else outputs

    def _library_loss(self) -> str:
        return self._LOSSES[self.loss]

    def _gradient_scale(self) -> float:
        return self.n_outputs_ * self._loss_scale()

    def _loss_scale(self) -> float:
        return 0.5 if self.loss == "squared_error" else 1.0

    def _model_options(self) -> dict[str, Any]:
        return {"huber_delta": self.huber_delta}

    def _check_inputs(self, X: Any, y: Any, incremental: bool, reset: bool) -> tuple[Any, Array]:
        options = {"accept_sparse": ["csr", "csc"], "multi_output": True, "y_numeric": True, "dtype": DTYPES}
        X, y = validate_data(self, X, y, reset=reset, **options)
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        self.n_outputs_ = 1 if y.ndim == 1 else y.shape[1]
        self.out_activation_ = "exp" if self.loss == "poisson" else "identity"
        y = y if y.dtype == np.float32 else y.astype(np.float64, copy=False)
        return X, y.reshape(len(y), -1)

    def _validation_score(self, problem: Problem, network: Network) -> float:
        return float(r2_score(problem.y[problem.rows], network.outputs(problem.x[problem.rows])))

    def _more_tags(self) -> dict[str, Any]:
        return {"multioutput": True}

    def __sklearn_tags__(self) -> Any:
        """_more_tags as scikit-learn has it since version 1.6."""
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = tags.input_tags.sparse = True
        return tags
