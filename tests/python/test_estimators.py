# SPDX-License-Identifier: BSD-3-Clause
"""What the estimators have besides scikit-learn's parameters, and what is different inside."""

import copy
import os
import pickle
import signal
import threading
import time
import warnings

import numpy as np
import pytest
from conftest import in_parallel
from sklearn.base import clone
from sklearn.datasets import load_digits, make_regression
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.neural_network import MLPClassifier as Theirs

from tileprop import MLPClassifier, MLPRegressor, Model, Workspace
from tileprop._library import lib

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, Y = load_digits(return_X_y=True)
X = (X / 16).astype(np.float32)
SMALL = {"hidden_layer_sizes": 16, "max_iter": 3, "random_state": 1, "learning_rate_init": 0.01}


def test_the_loss_of_lbfgs_is_that_of_the_other_solvers():
    x, y = make_regression(50, 3, n_targets=2, random_state=1)
    model = MLPRegressor(4, solver="lbfgs", alpha=2.0, max_iter=10, random_state=1).fit(x, y)
    squares = sum((coef**2).sum() for coef in model.coefs_)
    expected = ((model.predict(x) - y) ** 2).mean() / 2 + squares * 2.0 / 2 / len(x)
    assert model.loss_ == pytest.approx(expected, rel=1e-5)


@pytest.fixture(scope="module")
def fitted():
    return MLPClassifier(max_iter=30, random_state=1).fit(X, Y)


def test_accuracy_is_that_of_scikit_learn(fitted):
    theirs = Theirs(max_iter=30, random_state=1).fit(X[:900], Y[:900])
    ours = clone(fitted).fit(X[:900], Y[:900])
    assert ours.score(X[900:], Y[900:]) > theirs.score(X[900:], Y[900:]) - 0.015
    assert abs(ours.loss_ - theirs.loss_) < 0.1 * theirs.loss_
    attributes = {name for name in vars(theirs) if name.endswith("_") and not name.startswith("_")}
    assert not attributes - set(vars(ours))


def test_the_first_weights_are_those_of_scikit_learn():
    options = {"learning_rate_init": 1e-30, "max_iter": 1, "random_state": 3, "alpha": 0}
    ours, theirs = (kind(**options).fit(X, Y) for kind in (MLPClassifier, Theirs))
    for a, b in zip(ours.coefs_ + ours.intercepts_, theirs.coefs_ + theirs.intercepts_):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-9)
    assert abs(ours.loss_ - theirs.loss_) < 1e-5


@pytest.mark.parametrize("solver", ["sgd", "adam"])
@pytest.mark.parametrize("outputs", [1, 3])
def test_steps_are_those_of_scikit_learn(solver, outputs):
    from sklearn.neural_network import MLPRegressor as TheirRegressor

    x, y = make_regression(60, 5, n_targets=outputs, random_state=0)
    options = {"solver": solver, "alpha": 1, "max_iter": 5, "shuffle": False, "batch_size": 20}
    ours, theirs = (kind(random_state=1, **options).fit(x, y / 100) for kind in (MLPRegressor, TheirRegressor))
    np.testing.assert_allclose(ours.predict(x), theirs.predict(x), rtol=2e-3, atol=2e-3)
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=5e-3)


def test_lbfgs_finds_the_minimum_of_scikit_learn():
    options = {"solver": "lbfgs", "alpha": 5, "activation": "tanh", "hidden_layer_sizes": 8, "random_state": 1}
    ours, theirs = (kind(**options).fit(X[:300], Y[:300]) for kind in (MLPClassifier, Theirs))
    assert abs(ours.loss_ - theirs.loss_) < 1e-3 * theirs.loss_


def test_results_do_not_depend_on_threads_or_the_run():
    fits = [MLPClassifier(threads=n, **SMALL).fit(X, Y) for n in (1, 2, None)]
    assert all((a == b).all() for f in fits[1:] for a, b in zip(f.coefs_, fits[0].coefs_))


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_inputs_are_used_in_place(dtype, recorded):
    calls = recorded("tp_trainer_create")
    x = (X * 16).astype(dtype)
    MLPClassifier(**SMALL).fit(x, Y)
    data = calls[0][1]
    field = {"uint8": "bytes", "float32": "floats", "float64": "doubles"}[np.dtype(dtype).name]
    assert getattr(data, field) == x.ctypes.data
    bytes_and_floats = [MLPClassifier(**SMALL).fit(v, Y).coefs_[0] for v in (x, x.astype(np.float32))]
    assert (bytes_and_floats[0] == bytes_and_floats[1]).all()


def test_early_stopping_takes_rows_and_no_copies(recorded):
    calls = recorded("tp_trainer_create")
    model = MLPClassifier(early_stopping=True, **SMALL).fit(X, Y)
    assert calls[0][1].floats == X.ctypes.data and calls[0][1].rows
    assert calls[0][1].samples == len(X) - 180 and len(model.validation_scores_) == 3


def test_one_row_takes_the_short_way(fitted, monkeypatch):
    wanted = fitted.predict_proba(X)
    monkeypatch.setattr(fitted, "_checked_outputs", lambda x: pytest.fail("the long way"))
    assert (fitted.predict_proba(X[7:8]) == wanted[7]).all()
    assert (fitted.predict_proba(X[7:12]) == wanted[7:12]).all()
    np.testing.assert_allclose(fitted.predict_proba(X[7:8].astype(float)), wanted[7:8], rtol=1e-6)
    assert (fitted.predict(X[:20]) == fitted.classes_[wanted[:20].argmax(1)]).all()


def test_what_is_wrong_is_refused_on_the_short_way_too(fitted):
    for bad in (np.nan, np.inf):
        x = X[:1].copy()
        x[0, 5] = bad
        with pytest.raises(ValueError, match="contains (NaN|infinity)"):
            fitted.predict(x)
    with pytest.raises(ValueError, match="X has 63 features, but MLPClassifier is expecting 64"):
        fitted.predict(X[:1, 1:])
    with pytest.raises(ValueError, match="1D array"):
        fitted.predict(X[0])


def test_one_row_is_fast(fitted):
    """The limit is 15 microseconds on a quiet machine for a larger network; tests run beside others."""
    row = X[:1]
    best = min(_time(lambda: fitted.predict(row)) for _ in range(300))
    assert best < 60e-6


def _time(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


@pytest.mark.parametrize("rows, name", [(1, "tp_forward"), (100, "tp_predict")])
def test_threads_predict_at_the_same_time(fitted, monkeypatch, rows, name):
    parts = [X[i : i + rows] for i in (0, 500)]
    wanted, given = [fitted.predict_proba(part) for part in parts], {}
    function, both = getattr(lib, name), threading.Barrier(2)

    def predict_together(*arguments):
        both.wait()
        return function(*arguments)

    monkeypatch.setattr(lib, name, predict_together)
    in_parallel(lambda i: given.update({i: fitted.predict_proba(parts[i])}), [0, 1])
    assert all((given[i] == wanted[i]).all() for i in (0, 1))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_coefs_can_be_assigned_but_not_changed_unnoticed(dtype):
    fitted = MLPClassifier(**SMALL).fit(X.astype(dtype), Y)
    model = copy.deepcopy(fitted)
    wanted = model.predict_proba(X[:5])
    for changed in (model, fitted):
        with pytest.raises(ValueError, match="read-only"):
            changed.coefs_[0][0, 0] = 1
    model.intercepts_[-1] = model.intercepts_[-1] + np.arange(10, dtype=np.float32)
    changed = model.predict_proba(X[:5])
    assert (changed[:, 9] > wanted[:, 9]).all()
    model.coefs_ = [np.zeros_like(c) for c in model.coefs_]
    assert len(np.unique(model.predict(X))) == 1
    assert (fitted.predict_proba(X[:5]) == wanted).all()


def test_pickles_predict_and_train_on():
    model = MLPClassifier(**SMALL).partial_fit(X, Y, classes=np.arange(10))
    model.predict(X[:1])
    other = pickle.loads(pickle.dumps(model))
    assert (other.predict_proba(X) == model.predict_proba(X)).all()
    for m in (model, other, model, other):
        m.partial_fit(X, Y)
    assert all((a == b).all() for a, b in zip(model.coefs_, other.coefs_))
    assert len(pickle.dumps(model)) < 5 * sum(c.nbytes for c in model.coefs_)


def test_fit_and_partial_fit_do_the_same_steps():
    options = {"hidden_layer_sizes": 8, "batch_size": len(X), "random_state": 1, "dropout": 0}
    whole = MLPClassifier(max_iter=4, **options).fit(X, Y)
    parts = MLPClassifier(**options)
    for _ in range(4):
        parts.partial_fit(X, Y, classes=np.unique(Y))
    assert all((a == b).all() for a, b in zip(whole.coefs_, parts.coefs_))
    assert whole.loss_curve_ == parts.loss_curve_


def test_where_one_step_takes_all_the_order_of_samples_does_not_matter(rng):
    order = rng.permutation(100)
    one, two = MLPClassifier(**SMALL).fit(X[:100], Y[:100]), MLPClassifier(**SMALL).fit(X[order], Y[order])
    assert (one.coefs_[0] == two.coefs_[0]).all()
    kept = MLPClassifier(shuffle=False, **SMALL).fit(X[:100], Y[:100])
    moved = MLPClassifier(shuffle=False, **SMALL).fit(X[order], Y[order])
    assert (kept.coefs_[0] != moved.coefs_[0]).any()


def test_weights_are_repetitions(rng):
    times = rng.integers(0, 3, 150)
    options = {"hidden_layer_sizes": 8, "solver": "lbfgs", "max_iter": 20, "random_state": 1, "alpha": 0.1}
    weighted = MLPClassifier(**options).fit(X[:150], Y[:150], times)
    repeated = MLPClassifier(**options).fit(np.repeat(X[:150], times, axis=0), np.repeat(Y[:150], times))
    np.testing.assert_allclose(weighted.loss_, repeated.loss_, rtol=1e-2)
    full = {"batch_size": 1000, "max_iter": 5, "hidden_layer_sizes": 8, "random_state": 1, "alpha": 5}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        weighted = MLPClassifier(**full).fit(X[:150], Y[:150], times)
        repeated = MLPClassifier(**full).fit(np.repeat(X[:150], times, axis=0), np.repeat(Y[:150], times))
    np.testing.assert_allclose(weighted.coefs_[0], repeated.coefs_[0], rtol=1e-3, atol=1e-4)


def test_class_weight(rng):
    y = (Y == 3).astype(int)
    recall = {}
    for weight in (None, "balanced", {0: 1, 1: 1000}):
        model = MLPClassifier(class_weight=weight, **SMALL).fit(X, y)
        recall[str(weight)] = model.predict(X)[y == 1].mean()
    assert recall["None"] < recall["balanced"] <= recall["{0: 1, 1: 1000}"] == 1
    with pytest.raises(ValueError, match="class_weight needs classes"):
        MLPClassifier(class_weight="balanced", **SMALL).fit(X, np.eye(10)[Y])


@pytest.mark.parametrize("activation", ["leaky_relu", "elu", "softplus", "silu", "gelu", "tanh"])
@pytest.mark.parametrize("solver", ["adamw", "rmsprop", "adagrad"])
def test_more_activations_and_solvers(activation, solver):
    rate = 0.03 if solver == "adagrad" else 0.003
    options = {"activation": activation, "solver": solver, "learning_rate_init": rate, "init": "he_normal"}
    model = MLPClassifier(max_iter=6, random_state=1, **options).fit(X, Y)
    assert model.score(X, Y) > 0.8


@pytest.mark.parametrize("schedule", ["cosine", "step", "plateau", "exponential"])
def test_schedules(schedule):
    options = {"learning_rate": schedule, "final_factor": 0.1, "step_every": 2, "warmup_steps": 5, "clip_norm": 10}
    plain = MLPClassifier(**SMALL).fit(X, Y)
    model = MLPClassifier(**SMALL, **options).fit(X, Y)
    assert model.score(X, Y) > 0.4 and (model.coefs_[0] != plain.coefs_[0]).any()


def test_regularisation():
    plain = MLPClassifier(**SMALL).fit(X, Y)
    for options in (
        {"dropout": 0.5},
        {"dropout": [0.5]},
        {"label_smoothing": 0.2},
        {"average": 0.9},
        {"precision": "bf16"},
    ):
        model = MLPClassifier(**SMALL, **options).fit(X, Y)
        assert model.loss_ > plain.loss_ or {"average", "precision"} & set(options)
        assert (model.coefs_[0] != plain.coefs_[0]).any() and model.score(X, Y) > 0.3
    frozen = MLPClassifier(layer_rates=[0, 1], **SMALL).fit(X, Y)
    start = MLPClassifier(**{**SMALL, "max_iter": 1, "learning_rate_init": 1e-30}).fit(X, Y)
    np.testing.assert_allclose(frozen.coefs_[0], start.coefs_[0], rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "huber", "poisson"])
def test_losses(loss, rng):
    x = rng.random((300, 3))
    y = np.exp(x @ [1, 2, -1])
    options = {"loss": loss, "solver": "lbfgs", "max_iter": 100, "random_state": 1}
    assert MLPRegressor(**options).fit(x, y).score(x, y) > 0.9
    stepped = MLPRegressor(loss=loss, learning_rate_init=0.01, max_iter=100, random_state=1, huber_delta=2).fit(x, y)
    assert stepped.score(x, y) > 0.9 and stepped.predict(x).dtype == np.float64


def test_labels_and_strings():
    labels = np.stack([Y % 2, Y > 4], axis=1).astype(int)
    model = MLPClassifier(max_iter=20, random_state=1).fit(X, labels)
    assert model.score(X, labels) > 0.8 and model.predict_proba(X).shape == (len(X), 2)
    names = np.array(["even", "odd"])[Y % 2]
    model = MLPClassifier(max_iter=20, random_state=1).fit(X, names)
    assert model.score(X, names) > 0.9 and list(model.classes_) == ["even", "odd"]
    assert model.predict(X[:1]).dtype == names.dtype and model.predict_proba(X[:1]).shape == (1, 2)


def test_pandas():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=[f"pixel{i}" for i in range(64)])
    model = MLPClassifier(**SMALL).fit(frame, pandas.Series(Y, dtype="category"))
    assert list(model.feature_names_in_) == list(frame.columns)
    assert (model.predict(frame) == MLPClassifier(**SMALL).fit(X, Y).predict(X)).all()
    with pytest.warns(UserWarning, match="valid feature names"):
        model.predict(X[:1])
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame.rename(columns={"pixel0": "other"}))


def test_ctrl_c_keeps_what_was_trained():
    for options in ({"learning_rate": "invscaling", "solver": "sgd"}, {}):
        model = MLPClassifier(hidden_layer_sizes=8, max_iter=10**7, tol=0, n_iter_no_change=np.inf, **options)
        timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        with pytest.warns(UserWarning, match="interrupted by user"):
            model.fit(X, Y)
        timer.join()
        assert 0 < model.n_iter_ < 10**7 and model.predict(X).shape == Y.shape


def test_bad_parameters_are_named():
    for name, value in [("momentum", 1.5), ("dropout", 1.0), ("solver", "newton"), ("threads", 0), ("loss", "x")]:
        with pytest.raises(ValueError, match=f"'{name}' parameter of MLPRegressor"):
            MLPRegressor(**{name: value}).fit(X, Y)
    with pytest.raises(ValueError, match="hidden_layer_sizes must be > 0"):
        MLPClassifier(hidden_layer_sizes=(5, 0)).fit(X, Y)
    with pytest.raises(ValueError, match="sample_weight is 0"):
        MLPClassifier(**SMALL).fit(X, Y, np.zeros(len(X)))


def test_convergence_warning_points_to_the_caller():
    with pytest.warns(ConvergenceWarning) as record:
        MLPClassifier(**SMALL).fit(X, Y)
    assert record[0].filename == __file__


def test_the_model_can_be_saved(fitted, tmp_path):
    copied = pickle.loads(pickle.dumps(fitted))
    copied.model_.save(tmp_path / "m")
    assert (Workspace(Model.load(tmp_path / "m"), 100).predict(X) == fitted.predict_proba(X)).all()
    with pytest.raises(NotFittedError):
        MLPClassifier().model_
