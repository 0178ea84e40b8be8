# SPDX-License-Identifier: BSD-3-Clause
"""What parameters and arrays of the estimators may be, as scikit-learn checks them."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils._param_validation import Interval, Options, StrOptions

try:
    from sklearn.utils.validation import validate_data as validate_data
except ImportError:  # before version 1.6

    def validate_data(estimator: Any, *arguments: Any, **options: Any) -> Any:
        """scikit-learn's check of X and y, at that time a method of the estimator."""
        return estimator._validate_data(*arguments, **options)


STEPPED = ("invscaling", "adaptive")  # rates that epochs decide
ENDING = ("cosine", "exponential")  # schedules over all steps
SCHEDULES = ("step", "plateau", *ENDING)
DTYPES = (np.float64, np.float32, np.uint8)


def _at_least(kind: type, least: float, closed: str = "left") -> Interval:
    return Interval(kind, least, None, closed=closed)


CONSTRAINTS: dict[str, list[Any]] = {
    "hidden_layer_sizes": ["array-like", _at_least(Integral, 1)],
    "activation": [
        StrOptions(
            {"identity", "logistic", "tanh", "relu", "leaky_relu", "elu", "softplus", "silu", "gelu"},
        )
    ],
    "solver": [StrOptions({"lbfgs", "sgd", "adam", "adamw", "rmsprop", "adagrad"})],
    "alpha": [_at_least(Real, 0)],
    "batch_size": [StrOptions({"auto"}), _at_least(Integral, 1)],
    "learning_rate": [StrOptions({"constant", *STEPPED, *SCHEDULES})],
    "learning_rate_init": [_at_least(Real, 0, "neither")],
    "power_t": [_at_least(Real, 0)],
    "max_iter": [_at_least(Integral, 1)],
    "shuffle": ["boolean"],
    "random_state": ["random_state"],
    "tol": [_at_least(Real, 0)],
    "verbose": ["verbose"],
    "warm_start": ["boolean"],
    "momentum": [Interval(Real, 0, 1, closed="left")],
    "nesterovs_momentum": ["boolean"],
    "early_stopping": ["boolean"],
    "validation_fraction": [Interval(Real, 0, 1, closed="left")],
    "beta_1": [Interval(Real, 0, 1, closed="left")],
    "beta_2": [Interval(Real, 0, 1, closed="left")],
    "epsilon": [_at_least(Real, 0, "neither")],
    "n_iter_no_change": [_at_least(Integral, 1), Options(Real, {np.inf})],
    "max_fun": [_at_least(Integral, 1)],
    "dropout": ["array-like", Interval(Real, 0, 1, closed="left")],
    "activation_slope": [_at_least(Real, 0)],
    "init": [StrOptions({"auto", "he_normal", "he_uniform", "glorot_normal", "glorot_uniform"})],
    "clip_norm": [_at_least(Real, 0)],
    "average": [Interval(Real, 0, 1, closed="left")],
    "warmup_steps": [_at_least(Integral, 0)],
    "step_every": [_at_least(Integral, 1)],
    "step_factor": [_at_least(Real, 0, "neither")],
    "final_factor": [_at_least(Real, 0)],
    "layer_rates": ["array-like", None],
    "precision": [StrOptions({"f32", "bf16"})],
    "threads": [Interval(Integral, 1, 4096, closed="both"), None],
}
