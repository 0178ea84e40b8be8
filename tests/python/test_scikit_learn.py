# SPDX-License-Identifier: BSD-3-Clause
"""scikit-learn's own checks of estimators, its own tests of MLPs with our classes in place of its own, and its tools
around our estimators."""

import importlib

import numpy as np
import pytest
import sklearn.neural_network
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

import tileprop

pytestmark = pytest.mark.filterwarnings("ignore")
THEIR_TESTS = "sklearn.neural_network.tests.test_mlp"

# Their tests that ours cannot pass, and why; at most 5.
DEVIATIONS = {
    "test_gradient": "calls the private function _loss_grad_lbfgs and needs its gradients in double precision; ours"
    " are in single precision, and test_low_level.py compares them with differences",
}


def their_tests():
    """The test functions of scikit-learn, in a module that has our classes for scikit-learn's."""
    ours = {name: getattr(tileprop, name) for name in ("MLPClassifier", "MLPRegressor")}
    theirs = {name: getattr(sklearn.neural_network, name) for name in ours}
    try:
        vars(sklearn.neural_network).update(ours)
        module = importlib.import_module(THEIR_TESTS)
    except ModuleNotFoundError as error:
        pytest.skip(f"scikit-learn was installed without its tests: {error}", allow_module_level=True)
    finally:
        vars(sklearn.neural_network).update(theirs)
    return {name: value for name, value in vars(module).items() if name.startswith("test_")}


THEIRS = their_tests()
for name, reason in DEVIATIONS.items():
    THEIRS[name] = pytest.mark.xfail(reason=reason, strict=True)(THEIRS[name])
globals().update(THEIRS)


def test_their_tests_are_there_and_test_our_classes():
    module = importlib.import_module(THEIR_TESTS)
    assert len(THEIRS) >= 30 and len(DEVIATIONS) <= 5
    assert module.MLPClassifier is tileprop.MLPClassifier and module.MLPRegressor is tileprop.MLPRegressor


@pytest.mark.parametrize("estimator", [tileprop.MLPClassifier(), tileprop.MLPRegressor()], ids=type)
def test_check_estimator(estimator):
    assert not estimator._more_tags().get("_xfail_checks")
    check_estimator(estimator)


X, Y = load_iris(return_X_y=True)
FAST = tileprop.MLPClassifier(solver="lbfgs", hidden_layer_sizes=5, max_iter=50, random_state=1)


def test_pipeline_and_cross_val_score():
    assert cross_val_score(make_pipeline(StandardScaler(), FAST), X, Y, cv=3).mean() > 0.9


def test_grid_search_with_processes():
    search = GridSearchCV(FAST, {"alpha": [1e-4, 1e-1]}, cv=3, n_jobs=2).fit(X, Y)
    assert search.best_score_ > 0.9 and np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.predict(X[:3]).tolist() == [0, 0, 0]


def test_calibrated_classifier():
    calibrated = CalibratedClassifierCV(FAST, cv=3).fit(X, Y)
    np.testing.assert_allclose(calibrated.predict_proba(X).sum(axis=1), 1)
    assert calibrated.score(X, Y) > 0.9
