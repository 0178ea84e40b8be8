# SPDX-License-Identifier: BSD-3-Clause
"""Training that goes on: what counts then is what is there, and what the parameters are now."""

import pickle

import numpy as np
import pytest
from sklearn.datasets import load_digits

from tileprop import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, Y = load_digits(return_X_y=True)
X, Y = (X[:300] / 16).astype(np.float32), Y[:300]
SMALL = {"hidden_layer_sizes": 16, "max_iter": 2, "random_state": 1}


def test_the_layers_are_those_that_are_there():
    model = MLPClassifier(warm_start=True, **SMALL).fit(X, Y).set_params(hidden_layer_sizes=8)
    assert model.fit(X, Y).coefs_[0].shape == (64, 16)
    again = pickle.loads(pickle.dumps(model))
    assert again.partial_fit(X, Y).coefs_[0].shape == (64, 16)


def test_alpha_belongs_to_the_batch():
    """A first call with few samples does not change how much later ones decay: once the weights are set back, they
    become those of a model that never had the few."""
    options = {"solver": "sgd", "momentum": 0, "alpha": 5.0, "shuffle": False, **SMALL}
    y = Y.astype(float)
    few, none = MLPRegressor(**options), MLPRegressor(**options)
    few.partial_fit(X[:10], y[:10])
    none.partial_fit(X, y)
    few.coefs_, few.intercepts_ = list(none.coefs_), list(none.intercepts_)
    np.testing.assert_array_equal(few.partial_fit(X, y).coefs_[0], none.partial_fit(X, y).coefs_[0])


@pytest.mark.parametrize("schedule", ["cosine", "exponential"])
def test_schedules_that_need_an_end(schedule):
    with pytest.raises(ValueError, match=f"learning_rate is '{schedule}', which needs an end"):
        MLPClassifier(learning_rate=schedule, **SMALL).partial_fit(X, Y, np.unique(Y))
    MLPClassifier(learning_rate="step", **SMALL).partial_fit(X, Y, np.unique(Y))


def test_widths_are_integers():
    with pytest.raises(TypeError, match="integer"):
        MLPClassifier(hidden_layer_sizes=(2.5,)).fit(X, Y)


def test_dropout_is_one_for_all_hidden_layers_or_one_for_each():
    with pytest.raises(ValueError, match=r"dropout has shape \(2,\); it must be a number or \(1,\)"):
        MLPClassifier(dropout=[0.1, 0.2], **SMALL).fit(X, Y)
    assert MLPClassifier(dropout=[0.1], **SMALL).fit(X, Y).model_.layers[0].dropout == np.float32(0.1)
