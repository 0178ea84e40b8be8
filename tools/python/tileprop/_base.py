# SPDX-License-Identifier: BSD-3-Clause
"""What the classifier and the regressor share."""

from __future__ import annotations

import operator
import warnings
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight

from ._checks import CONSTRAINTS, ENDING, SCHEDULES, STEPPED
from ._epochs import Epochs
from ._network import Network
from ._prediction import Prediction
from ._solver import Problem, Solver, run_lbfgs, run_steps, run_trainer
from .arrays import Array
from .context import default_context
from .errors import NonfiniteError
from .model import Layer, Model
from .optimizer import Rule

_ACTIVATIONS = {"logistic": "sigmoid"}  # scikit-learn's name and ours, where they differ
_NONFINITE = (
    "Solver produced non-finite parameter weights. The input data may contain large values and need to be"
    " preprocessed."
)


class BaseMLP(Prediction, BaseEstimator):  # type: ignore[misc]
    """Parameters, training and prediction of both estimators."""

    _parameter_constraints = CONSTRAINTS

    # ------------------------------------------------------------------------------------------- given by subclasses

    def _library_loss(self) -> str:
        """Name of the loss in the library."""
        raise NotImplementedError

    def _gradient_scale(self) -> float:
        """What the library's gradients are multiplied by to be those of scikit-learn."""
        return 1.0

    def _loss_scale(self) -> float:
        """The same for the loss that is reported."""
        return 1.0

    def _model_options(self) -> dict[str, Any]:
        """More options of the model."""
        return {}

    def _check_inputs(self, X: Any, y: Any, incremental: bool, reset: bool) -> tuple[Any, Array]:
        """Validated X, and y as the library takes it; sets n_outputs_ and out_activation_."""
        raise NotImplementedError

    def _weights(self, y: Array, sample_weight: Array | None) -> Array | None:
        """Weights of samples, with those of their classes."""
        return sample_weight

    def _validation_score(self, problem: Problem, network: Network) -> float:
        raise NotImplementedError

    def _stratify(self, y: Array) -> Array | None:
        return None

    # ----------------------------------------------------------------------------------------------------- training

    def _widths(self) -> list[int]:
        sizes = self.hidden_layer_sizes
        widths = list(sizes) if hasattr(sizes, "__iter__") else [sizes]
        if any(width <= 0 for width in widths):
            raise ValueError(f"hidden_layer_sizes must be > 0, got {widths}.")
        return [operator.index(width) for width in widths]

    def _make_network(self, inputs: int, widths: list[int], seed: int = 1) -> Network:
        rates = np.asarray(self.dropout, dtype=float)
        if rates.size != 1 and rates.shape != (len(widths),):
            raise ValueError(f"dropout has shape {rates.shape}; it must be a number or ({len(widths)},)")
        rates = np.broadcast_to(rates.ravel(), (len(widths),))
        activation = _ACTIVATIONS.get(self.activation, self.activation)
        slope = self.activation_slope if self.activation in ("leaky_relu", "elu") else 0.0
        layers = [Layer(width, activation, slope, float(rate)) for width, rate in zip(widths, rates)]
        layers.append(Layer(self.n_outputs_, _ACTIVATIONS.get(self.out_activation_, self.out_activation_)))
        model = Model(
            inputs,
            layers,
            loss=self._library_loss(),
            init=self.init,
            seed=seed,
            precision=self.precision,
            context=default_context(self.threads or 0),
            **self._model_options(),
        )
        return Network(model)

    def _initialize(self, dtype: Any) -> None:
        """Attributes of an estimator before its first epoch, as scikit-learn has them."""
        self._dtype = np.dtype(np.float32 if dtype == np.float32 else np.float64)
        self.n_iter_ = 0
        self.t_ = 0
        self.n_layers_ = len(self._widths()) + 2
        if self.solver == "lbfgs":
            return
        self.loss_curve_: list[float] = []
        self._no_improvement_count = 0
        self.validation_scores_: list[float] | None = [] if self.early_stopping else None
        self.best_validation_score_ = -np.inf if self.early_stopping else None
        self.best_loss_ = None if self.early_stopping else np.inf

    def _draw_parameters(self, network: Network) -> None:
        """The numbers that scikit-learn would start with."""
        flat = np.empty(network.model.parameter_count, dtype=np.float32)
        factor = 2.0 if self.activation == "logistic" else 6.0
        for weight, bias in network.model.split(flat):
            bound = np.sqrt(factor / sum(weight.shape))
            weight[...] = self._random_state.uniform(-bound, bound, weight.shape)
            bias[...] = self._random_state.uniform(-bound, bound, bias.shape)
        network.model.parameters = flat

    def _start(self, x: Array, first: bool) -> Network:
        """The network that training begins with."""
        if first:
            widths = self._widths()
            self._initialize(x.dtype)
            if self.init != "auto":
                return self._make_network(x.shape[1], widths, int(self._random_state.randint(2**31 - 1)))
            network = self._make_network(x.shape[1], widths)
            self._draw_parameters(network)
            return network
        known = self.__dict__.get("_network")
        if known is not None and known.has_published(self.coefs_, self.intercepts_) and not self.warm_start:
            return known
        network = self._make_network(x.shape[1], [coef.shape[1] for coef in self.coefs_[:-1]])
        network.set_parameters(self.coefs_, self.intercepts_)
        return network

    def _fit(self, X: Any, y: Any, sample_weight: Any = None, incremental: bool = False) -> Any:
        first = not hasattr(self, "coefs_") or (not self.warm_start and not incremental)
        X, y = self._check_inputs(X, y, incremental, first)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X, dtype=np.float32)
            if (sample_weight < 0).any():
                raise ValueError("Negative values in data passed to `sample_weight`")
        self._random_state = check_random_state(self.random_state)
        x = X.toarray() if issparse(X) else X
        weights = self._weights(y, sample_weight)
        rows = np.arange(len(x), dtype=np.uint32) if weights is None else np.flatnonzero(weights).astype(np.uint32)
        if not len(rows):
            raise ValueError("sample_weight is 0 for all samples")
        network = self._start(x, first)
        try:
            self._train(network, Problem(x, y, weights, rows), incremental)
        except NonfiniteError as error:
            raise ValueError(f"{_NONFINITE} ({error})") from error
        return self

    def _train(self, network: Network, problem: Problem, incremental: bool) -> None:
        best = None
        if self.solver == "lbfgs":
            self._fit_lbfgs(network, problem)
        else:
            best = self._fit_stochastic(network, problem, incremental)
        flat = network.model.get_parameters() if best is None else best
        if not np.isfinite(flat).all():
            raise ValueError(_NONFINITE)
        if best is not None:
            network.model.parameters = best
        dtype = self.__dict__.get("_dtype", np.dtype(np.float64))
        self.coefs_, self.intercepts_ = network.publish(flat, dtype)
        self._network = network

    def _fit_lbfgs(self, network: Network, problem: Problem) -> None:
        result = run_lbfgs(
            network.model,
            problem,
            alpha=self.alpha,
            scale=self._gradient_scale(),
            max_iter=self.max_iter,
            max_fun=self.max_fun,
            tol=self.tol,
            verbose=self.verbose is True or self.verbose >= 1,
        )
        self.n_iter_ = min(result.nit, self.max_iter)
        of_data = (result.fun - result.penalty) / self._gradient_scale() * self._loss_scale()
        self.loss_ = float(of_data + result.penalty)
        if result.status == 1:
            warnings.warn(f"lbfgs failed to converge: {result.message}", ConvergenceWarning, stacklevel=5)

    def _rule(self, batch: int, problem: Problem) -> Rule:
        kind = self.solver
        if kind == "sgd" and self.momentum > 0:
            kind = "nesterov" if self.nesterovs_momentum else "momentum"
        mean_weight = problem.weight / len(problem.rows)
        steps = -(-len(problem.rows) // batch)
        return Rule(
            kind=kind,
            momentum=self.momentum,
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            weight_decay=self.alpha if kind == "adamw" else self.alpha / (batch * mean_weight),
            clip_norm=self.clip_norm,
            schedule=self.learning_rate if self.learning_rate in SCHEDULES else "constant",
            warmup_steps=self.warmup_steps,
            step_every=self.step_every * steps,
            step_factor=self.step_factor,
            final_factor=self.final_factor,
            layer_rates=self.layer_rates,
        )

    def _batch(self, samples: int) -> int:
        if self.batch_size == "auto":
            return min(200, samples)
        if self.batch_size > samples:
            warnings.warn(
                "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped", stacklevel=5
            )
        return int(min(self.batch_size, samples))

    def _hold_out(self, problem: Problem) -> tuple[Problem, Problem]:
        rows, held_out = train_test_split(
            problem.rows,
            random_state=self._random_state,
            test_size=self.validation_fraction,
            stratify=self._stratify(problem.y[problem.rows]),
        )
        return replace(problem, rows=rows), replace(problem, rows=held_out)

    def _fit_stochastic(self, network: Network, problem: Problem, incremental: bool) -> Array | None:
        """Trains; the best parameters if a validation set decides, else None."""
        score = None
        if incremental and self.learning_rate in ENDING:
            raise ValueError(f"learning_rate is {self.learning_rate!r}, which needs an end; partial_fit has none")
        if self.early_stopping and not incremental:
            problem, held_out = self._hold_out(problem)
            score = lambda: self._validation_score(held_out, network)  # noqa: E731
        samples = len(problem.rows)
        batch = self._batch(samples)
        rule = self._rule(batch, problem)
        if not incremental or not hasattr(self, "_optimizer"):
            self._optimizer = Solver(rule, self.learning_rate_init, self._gradient_scale())
        self._optimizer.set_weight_decay(rule.weight_decay)
        epochs = Epochs(self, network.model, batch * problem.weight / samples, samples, score, incremental)
        shuffle = self.shuffle and batch < samples
        if self.shuffle and not shuffle:
            problem = problem.sorted()
        seed = int(self._random_state.randint(2**31 - 1))
        arguments = {"batch": batch, "epochs": 1 if incremental else self.max_iter, "seed": seed, "on_epoch": epochs}
        try:
            if incremental or (self.solver == "sgd" and self.learning_rate in STEPPED):
                order = self._random_state if shuffle else None
                run_steps(network.model, problem, self._optimizer, order=order, **arguments)
            else:
                arguments["average"] = self.average
                run_trainer(network.model, problem, self._optimizer, shuffle=shuffle, **arguments)
        except KeyboardInterrupt:
            warnings.warn("Training interrupted by user.", stacklevel=5)
        if epochs.unfinished:
            warnings.warn(
                f"Stochastic Optimizer: Maximum iterations ({self.max_iter}) reached and the optimization hasn't"
                " converged yet.",
                ConvergenceWarning,
                stacklevel=5,
            )
        return epochs.best

    def _check_solver(self) -> bool:
        if self.solver == "lbfgs":
            raise AttributeError("partial_fit is only available for stochastic optimizers. lbfgs is not stochastic.")
        return True
