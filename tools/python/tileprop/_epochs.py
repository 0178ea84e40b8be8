# SPDX-License-Identifier: BSD-3-Clause
"""What the estimators do after each epoch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .arrays import Array
from .model import Model


class Epochs:
    """What happens after each epoch: the attributes of the estimator, and whether to stop."""

    def __init__(
        self,
        estimator: Any,
        model: Model,
        batch_weight: float,
        samples: int,
        score: Callable[[], float] | None,
        incremental: bool,
    ) -> None:
        self.estimator, self.model, self.samples, self.score = estimator, model, samples, score
        self.penalty = estimator.alpha / 2 / batch_weight
        self.incremental = incremental
        self.flat = np.empty(model.parameter_count, dtype=np.float32)
        self.best: Array | None = None
        self.unfinished = False

    def __call__(self, loss: float) -> bool:
        e = self.estimator
        e.n_iter_ += 1
        e.t_ += self.samples
        e.loss_ = e._loss_scale() * loss + self._decay()
        e.loss_curve_.append(e.loss_)
        if e.verbose:
            print(f"Iteration {e.n_iter_}, loss = {e.loss_:.8f}")
        self._count()
        stepped = e.solver == "sgd" and e.learning_rate == "invscaling"
        if stepped:
            e._optimizer.set_learning_rate(e.learning_rate_init / (e.t_ + 1) ** e.power_t)
        stop = e._no_improvement_count > e.n_iter_no_change and self._give_up()
        self.unfinished = not stop and not self.incremental and e.n_iter_ == e.max_iter
        return bool(stop)

    def _decay(self) -> float:
        if not self.penalty or self.estimator.solver == "adamw":
            return 0.0
        self.model.get_parameters(self.flat)
        squares = sum(float(w.ravel().dot(w.ravel())) for w, _ in self.model.split(self.flat))
        return self.penalty * squares

    def _count(self) -> None:
        """Counts epochs in a row that are not better by tol."""
        e = self.estimator
        if self.score is None:
            better = e.loss_ <= e.best_loss_ - e.tol if e.best_loss_ is not None else False
            e.best_loss_ = None if e.best_loss_ is None else min(e.best_loss_, e.loss_)
        else:
            score = self.score()
            e.validation_scores_.append(score)
            if e.verbose:
                print(f"Validation score: {score:f}")
            better = score >= e.best_validation_score_ + e.tol
            if score > e.best_validation_score_:
                e.best_validation_score_ = score
                self.best = self.model.get_parameters()
        e._no_improvement_count = 0 if better else e._no_improvement_count + 1

    def _give_up(self) -> bool:
        """What follows after too many epochs that are no better: an adaptive rate is divided by 5, until it is tiny."""
        e = self.estimator
        what = "Training loss" if self.score is None else "Validation score"
        message = f"{what} did not improve more than tol={e.tol:f} for {e.n_iter_no_change} consecutive epochs."
        adaptive = e.solver == "sgd" and e.learning_rate == "adaptive" and e._optimizer.learning_rate > 1e-6
        if adaptive:
            e._optimizer.set_learning_rate(e._optimizer.learning_rate / 5)
            e._no_improvement_count = 0
            message += f" Setting learning rate to {e._optimizer.learning_rate:f}"
        if e.verbose:
            print(message + ("" if adaptive else " Stopping."))
        return not adaptive
