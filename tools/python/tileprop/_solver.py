# SPDX-License-Identifier: BSD-3-Clause
"""How the estimators train: the library's trainer, single steps, and L-BFGS."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .arrays import Array
from .model import Model
from .optimizer import Optimizer, Rule
from .trainer import Interrupt, Trainer
from .workspace import Workspace


@dataclass
class Problem:
    """What is to be trained: (samples, inputs), targets as DataSet has them, (samples,) weights or None, and the
    numbers of the samples that take part."""

    x: Array
    y: Array
    weights: Array | None
    rows: Array

    @property
    def weight(self) -> float:
        """Sum of the weights."""
        return float(len(self.rows) if self.weights is None else self.weights[self.rows].sum(dtype=np.float64))

    @property
    def whole(self) -> bool:
        """Whether all samples take part, in their order."""
        return len(self.rows) == len(self.x) and bool((self.rows == np.arange(len(self.x))).all())

    def sorted(self) -> Problem:
        """The same samples in an order that their values decide: where one step takes all samples, results do not
        depend on the order in which they came, as they would by rounding."""
        x = np.ascontiguousarray(self.x[self.rows])
        _, rank = np.unique(x.view(f"V{x.itemsize * x.shape[1]}").ravel(), return_inverse=True)
        y = self.y[self.rows].reshape(len(x), -1)
        keys = [rank, *y.T] if self.weights is None else [rank, *y.T, self.weights[self.rows]]
        return replace(self, rows=self.rows[np.lexsort(keys[::-1])])

    def batch(self, rows: Any) -> tuple[Array, Array, Array | None]:
        """Samples by numbers or a slice, as a step takes them."""
        with np.errstate(over="ignore"):
            x = np.ascontiguousarray(self.x[rows], dtype=np.float32)
            y = self.y[rows]
            y = y if y.dtype == np.int32 else y.astype(np.float32, copy=False)
        return x, y, None if self.weights is None else self.weights[rows]


class Solver:
    """An update rule with its state, which survives from one call of partial_fit to the next, and pickling."""

    def __init__(self, rule: Rule, learning_rate: float, gradient_scale: float) -> None:
        self.learning_rate = learning_rate
        self._rule = rule
        self._scale = gradient_scale
        self._steps = 0
        self._state: list[Array] | None = None
        self._native: Optimizer | None = None

    def set_learning_rate(self, learning_rate: float) -> None:
        """Changes it for the following steps."""
        self.learning_rate = learning_rate
        if self._native is not None:
            self._native.set_learning_rate(learning_rate * self._rate_scale)

    def set_weight_decay(self, weight_decay: float) -> None:
        """Changes it for the following steps: batches of another size have another share of alpha."""
        if weight_decay != self._rule.weight_decay:
            self._keep()
            self._rule, self._native = replace(self._rule, weight_decay=weight_decay), None

    @property
    def _rate_scale(self) -> float:
        return self._scale if self._rule.kind in ("sgd", "momentum", "nesterov") else 1.0

    def rule(self) -> Rule:
        """The rule for the library, whose gradients are 1 / gradient_scale of those that are meant."""
        rule, scale = self._rule, self._scale
        decay = rule.weight_decay if rule.kind == "adamw" else rule.weight_decay / scale
        rate = self.learning_rate * self._rate_scale
        clip = rule.clip_norm / scale
        return replace(rule, learning_rate=rate, weight_decay=decay, clip_norm=clip, epsilon=rule.epsilon / scale)

    def attach(self, model: Model) -> Optimizer:
        """The library's optimiser for the model; its state is that of the optimiser before."""
        if self._native is None or self._native.model is not model:
            self._keep()
            native = Optimizer(model, self.rule())
            if self._state is not None and all(len(array) == model.parameter_count for array in self._state):
                native.state, native.steps = self._state, self._steps
            self._native = native
        return self._native

    def _keep(self) -> None:
        if self._native is not None:
            self._state, self._steps = self._native.state, self._native.steps

    def __getstate__(self) -> dict[str, Any]:
        self._keep()
        return {**self.__dict__, "_native": None}


# on_epoch(loss) says whether training ends; the loss is the library's.
EpochEnd = Callable[[float], bool]


def run_trainer(
    model: Model,
    problem: Problem,
    solver: Solver,
    *,
    batch: int,
    epochs: int,
    shuffle: bool,
    seed: int,
    average: float,
    on_epoch: EpochEnd,
) -> None:
    """Trains by the library's trainer, which takes samples where they are."""
    trainer = Trainer(
        model,
        problem.x,
        problem.y,
        weights=problem.weights,
        rows=None if problem.whole else problem.rows,
        batch=batch,
        epochs=epochs,
        shuffle=shuffle,
        seed=seed,
        rule=solver.rule(),
        average=average,
        on_epoch=lambda epoch: on_epoch(epoch.train.loss),
    )
    trainer.run()


def _batches(problem: Problem, batch: int, order: Any) -> Iterator[Any]:
    rows = problem.rows
    if order is None and problem.whole:
        yield from (slice(i, min(i + batch, len(rows))) for i in range(0, len(rows), batch))
        return
    rows = rows if order is None else rows[order.permutation(len(rows))]
    yield from (rows[i : i + batch] for i in range(0, len(rows), batch))


def run_steps(
    model: Model,
    problem: Problem,
    solver: Solver,
    *,
    batch: int,
    epochs: int,
    order: Any,
    seed: int,
    on_epoch: EpochEnd,
) -> None:
    """Trains step by step, where the trainer cannot: with the solver's state, and rates that epochs decide. order is a
    RandomState that shuffles, or None."""
    optimizer = solver.attach(model)
    workspace = Workspace(model, batch, "training")
    dropout = any(layer.dropout for layer in model.layers)
    with Interrupt() as interrupt:
        for _ in range(epochs):
            loss = weight = 0.0
            for rows in _batches(problem, batch, order):
                if dropout:
                    workspace.set_dropout(seed, optimizer.steps + 1)
                score = optimizer.train_step(workspace, *problem.batch(rows))
                loss += score.loss * score.weight
                weight += score.weight
                if interrupt.came:
                    return
            if on_epoch(loss / weight if weight else 0.0):
                return


class Objective:
    """Loss and gradient over all samples for scipy, in double where the library sums in single precision: the loss
    times scale, and alpha / 2 times the square of the weights over the sum of the samples' weights."""

    def __init__(self, model: Model, problem: Problem, alpha: float, scale: float) -> None:
        self.model, self.scale = model, scale
        self.x, self.y, self.weights = problem.batch(slice(None) if problem.whole else problem.rows)
        self.weight = problem.weight
        self.decay = alpha / self.weight * _weight_mask(model)
        self.workspace = Workspace(model, min(len(self.x), 4096), "training")

    def __call__(self, parameters: Array) -> tuple[float, Array]:
        with np.errstate(over="ignore"):
            self.model.parameters = parameters.astype(np.float32)
        gradients = np.zeros(self.model.parameter_count, dtype=np.float32)
        loss = sum(self._add(start, gradients) for start in range(0, len(self.x), self.workspace.max_batch))
        factor = self.scale / self.weight
        loss = factor * loss + self.penalty(parameters)
        return loss, factor * gradients.astype(np.float64) + self.decay * parameters

    def penalty(self, parameters: Array) -> float:
        """The part of the loss that the data do not decide."""
        return 0.5 * float((self.decay * parameters).dot(parameters))

    def _add(self, start: int, gradients: Array) -> float:
        part = slice(start, start + self.workspace.max_batch)
        self.workspace.forward(self.x[part])
        weights = None if self.weights is None else self.weights[part]
        score, _ = self.workspace.backward(self.y[part], weights, gradients=gradients, accumulate=True)
        return score.loss * score.weight


def _weight_mask(model: Model) -> Array:
    """1 for weights, 0 for biases, in the order of the parameters."""
    mask = np.zeros(model.parameter_count)
    for weight, _ in model.split(mask):
        weight[...] = 1
    return mask


def run_lbfgs(
    model: Model,
    problem: Problem,
    *,
    alpha: float,
    scale: float,
    max_iter: int,
    max_fun: int,
    tol: float,
    verbose: bool,
) -> Any:
    """Minimises by scipy's L-BFGS-B; returns its result, and in it penalty, what alpha adds to the loss. Where the line
    search finds nothing better, the loss has no more digits: that is the end, not a failure."""
    from scipy.optimize import minimize

    options = {"maxfun": max_fun, "maxiter": max_iter, "iprint": 1 if verbose else -1, "gtol": tol}
    objective = Objective(model, problem, alpha, scale)
    start = model.parameters.astype(np.float64)
    result = minimize(objective, start, method="L-BFGS-B", jac=True, options=options)
    with np.errstate(over="ignore"):
        model.parameters = result.x.astype(np.float32)
    result.penalty = objective.penalty(result.x)
    return result
