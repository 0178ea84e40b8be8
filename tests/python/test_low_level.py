# SPDX-License-Identifier: BSD-3-Clause
"""Contexts, models, workspaces and optimisers."""

import ctypes
import gc
import logging
import pickle
import threading
import time
import weakref

import numpy as np
import pytest

from conftest import in_parallel

import tileprop
from tileprop import Context, Layer, Model, Optimizer, Predictor, Rule, Scaling, Workspace, sgemm
from tileprop._library import lib


def test_context():
    context = Context("scalar", threads=2)
    assert (context.isa, context.threads) == ("scalar", 2)
    context.threads = 1
    assert context.threads == 1
    assert context.machine.isa == "scalar" and context.machine.tile_rows > 0
    assert repr(context) == "Context(isa='scalar', threads=1)"


def test_errors_have_the_message_and_a_class_of_their_own(tmp_path):
    with pytest.raises(tileprop.UnsupportedError, match="pdp11.*usable: "):
        Context("pdp11")
    with pytest.raises(tileprop.ArgumentError, match="threads"):
        Context(threads=-1)
    with pytest.raises(tileprop.FileError, match="nowhere/model"):
        Model.load(tmp_path / "nowhere/model")
    with pytest.raises(tileprop.FormatError, match="the buffer"):
        Model.from_bytes(b"this is no model")
    for kind, base in [
        (tileprop.ArgumentError, ValueError),
        (tileprop.OutOfMemoryError, MemoryError),
        (tileprop.FileError, OSError),
        (tileprop.NonfiniteError, ArithmeticError),
    ]:
        assert issubclass(kind, base) and issubclass(kind, tileprop.TilepropError)
    classes = tileprop.errors._CLASSES
    assert sorted(classes) == list(range(1, 9)) and all(classes[s].status == s for s in classes)


def test_numbers_and_paths_that_c_would_cut_off(tmp_path):
    x, y = np.zeros((2, 4), np.float32), np.zeros(2, np.int32)
    for make, message in [
        (lambda: Model(4, [-1]), "width is -1; it must be 0.."),
        (lambda: Model(2**64 + 4, [1]), "inputs is 18446744073709551620; it must be 0.."),
        (lambda: tileprop.Trainer(Model(4, [2]), x, y, batch=-1), "batch is -1"),
        (lambda: Context(threads=2**32 + 1), "threads is 4294967297"),
        (lambda: Model(4, [2]).save(f"{tmp_path}/a\0b"), "path .* has a null byte"),
        (lambda: Model(4, [2]).notes.update({"note.a": "b\0c"}), "note 'note.a' has a null byte"),
    ]:
        with pytest.raises(ValueError, match=message):
            make()
    assert not list(tmp_path.iterdir())


def test_errors_of_threads_do_not_mix(monkeypatch):
    create, both = lib.tp_model_create, threading.Barrier(2)

    def fail_together(*arguments):
        status = create(*arguments)
        both.wait()
        return status

    monkeypatch.setattr(lib, "tp_model_create", fail_together)
    messages = {}

    def fail(layer):
        try:
            Model(1, [1] * layer + [0])
        except tileprop.ArgumentError as error:
            messages[layer] = str(error)

    in_parallel(fail, [0, 1])
    assert all(messages[layer].startswith(f"layer {layer}: width is 0") for layer in (0, 1))


def test_notes_of_the_library_go_to_the_logger(caplog):
    context = Context()
    with caplog.at_level(logging.INFO, "tileprop"):
        lib.tp_context_set_message(ctypes.c_void_p(context.pointer), 0, b"a note")
    assert caplog.messages == ["a note"]


@pytest.mark.parametrize("transpose_a", [False, True])
@pytest.mark.parametrize("transpose_b", [False, True])
def test_sgemm(transpose_a, transpose_b, rng, recorded):
    calls = recorded("tp_sgemm")
    a, b = rng.random((5, 7), dtype=np.float32), rng.random((7, 3), dtype=np.float32)
    c = np.ones((5, 3), np.float32)
    given_a, given_b = a.T.copy() if transpose_a else a, b.T.copy() if transpose_b else b
    result = sgemm(given_a, given_b, c, alpha=2, beta=3, transpose_a=transpose_a, transpose_b=transpose_b)
    assert result is c
    np.testing.assert_allclose(c, 2 * a @ b + 3, rtol=1e-6)
    assert calls[0][7] == given_a.ctypes.data
    assert (sgemm(given_a.T, given_b.T, transpose_a=not transpose_a, transpose_b=not transpose_b) == sgemm(a, b)).all()
    assert calls[1][7] == given_a.ctypes.data  # a transposed view is no copy
    with pytest.raises(ValueError, match=r"op\(a\) is 5 x 7 and op\(b\) is 5 x 7"):
        sgemm(a, a)
    with pytest.raises(ValueError, match="beta needs c"):
        sgemm(a, b, beta=1)


def test_python_runs_during_a_call(rng):
    a = rng.random((2000, 2000), dtype=np.float32)
    ticks, done = [], threading.Event()

    def tick():
        while not done.wait(0.001):
            ticks.append(time.perf_counter())

    thread = threading.Thread(target=tick)
    thread.start()
    start = time.perf_counter()
    sgemm(a, a, context=Context(threads=1))
    end = time.perf_counter()
    done.set()
    thread.join()
    inside = [t for t in ticks if start + 0.1 * (end - start) < t < end - 0.1 * (end - start)]
    assert len(inside) >= 3


def test_model_description():
    layers = [Layer(4, "leaky_relu", slope=0.25, dropout=0.5), Layer(2, "softmax")]
    model = Model(3, layers, seed=5)
    assert model.layers == layers and (model.inputs, model.outputs, model.loss) == (3, 2, "cce")
    assert repr(model) == "<Model 3-4-2, loss cce>"
    assert Model(3, [4, 2], loss="bce").layers[-1].activation == "sigmoid"
    assert (Model(3, [4], seed=5).parameters != Model(3, [4], seed=6).parameters).any()
    with pytest.raises(ValueError, match="loss is 'mee'; it must be one of mse, bce"):
        Model(3, [4], loss="mee")


def test_parameters(rng):
    model = Model(3, [4, 2])
    flat = rng.random(model.parameter_count, dtype=np.float32)
    model.parameters = flat
    assert (model.parameters == flat).all()
    (w1, b1), (w2, b2) = model.split(flat)
    assert [a.shape for a in (w1, b1, w2, b2)] == [(3, 4), (4,), (4, 2), (2,)]
    assert (np.concatenate([w1.ravel(), b1, w2.ravel(), b2]) == flat).all() and w2.base is not None
    with pytest.raises(ValueError, match="parameters has shape"):
        model.parameters = flat[1:]


def test_models_travel(tmp_path):
    model = Model(2, [3, 1], loss="mse", inputs_scaled=Scaling([1, 2], 3), outputs_scaled=Scaling(0.5, 2))
    model.notes["note.author"] = "me"
    model.save(tmp_path / "m")
    x = np.float32([[1, 2], [3, 4]])
    want = Workspace(model).predict(x)
    for other in (Model.load(tmp_path / "m"), pickle.loads(pickle.dumps(model)), Model.from_bytes(model.to_bytes())):
        assert (Workspace(other).predict(x) == want).all()
        assert dict(other.notes) == {"note.author": "me"} and other.fingerprint == model.fingerprint
        assert other.layers == model.layers
    del model.notes["note.author"]
    assert len(model.notes) == 0
    with pytest.raises(KeyError):
        del model.notes["note.author"]


def test_gradients_are_derivatives(rng):
    model = Model(3, [Layer(5, "tanh"), Layer(2, "identity")], loss="mse")
    x, y = rng.random((6, 3), dtype=np.float32), rng.random((6, 2), dtype=np.float32)
    workspace = Workspace(model, 6, "training")
    out = workspace.forward(x)
    dx = np.empty_like(x)
    score, gradients = workspace.backward(y, dx=dx)
    assert score == workspace.loss(y) and score.samples == 6
    np.testing.assert_allclose(score.loss, ((out - y) ** 2).mean(), rtol=1e-6)
    base, step = model.parameters, np.float32(1e-2)
    for i in range(len(base)):
        losses = []
        for sign in (1, -1):
            moved = base.copy()
            moved[i] += sign * step
            model.parameters = moved
            workspace.forward(x)
            losses.append(workspace.loss(y).loss)
        assert abs((losses[0] - losses[1]) / (2 * step) - gradients[i]) < 2e-3
    model.parameters = base
    workspace.forward(x)
    from_ = workspace.backward_from(2 * (out - y) / 12, dx=np.empty_like(x))
    np.testing.assert_allclose(from_, gradients, rtol=1e-5, atol=1e-7)
    sums = np.zeros_like(gradients)
    for part in (slice(0, 4), slice(4, 6)):
        workspace.forward(x[part])
        workspace.backward(y[part], gradients=sums, accumulate=True)
    np.testing.assert_allclose(sums / 6, gradients, rtol=1e-5, atol=1e-7)


def test_jacobian_and_jvp(rng):
    model = Model(3, [Layer(5, "tanh"), Layer(2, "identity")], loss="mse")
    workspace = Workspace(model, 6, "derivatives")
    x, v = rng.random((6, 3), dtype=np.float32), rng.random((6, 3), dtype=np.float32)
    jacobian = workspace.jacobian(x)
    assert jacobian.shape == (6, 2, 3)
    np.testing.assert_allclose(workspace.jvp(x, v), np.einsum("ijk,ik->ij", jacobian, v), rtol=1e-5)


def test_evaluate(rng):
    model = Model(3, [2])
    x, y = rng.random((30, 3), dtype=np.float32), rng.integers(0, 2, 30)
    workspace = Workspace(model, 8)
    score = workspace.evaluate(x, y)
    assert score.correct == (workspace.predict(x).argmax(1) == y).sum()
    assert workspace.evaluate(x, y, rows=[3, 4]).samples == 2


def test_optimizer_state_continues_elsewhere(rng):
    x, y = rng.random((20, 3), dtype=np.float32), rng.integers(0, 2, 20)
    one, two = Model(3, [4, 2]), Model(3, [4, 2])
    workspaces = [Workspace(m, 20, "training") for m in (one, two)]
    first = Optimizer(one, Rule("adam", layer_rates=[1, 0.5]))
    for _ in range(3):
        first.train_step(workspaces[0], x, y)
    second = Optimizer(two, Rule("adam", layer_rates=[1, 0.5]))
    two.parameters, second.state, second.steps = one.parameters, first.state, first.steps
    scores = [o.train_step(w, x, y) for o, w in zip((first, second), workspaces)]
    assert scores[0] == scores[1] and (one.parameters == two.parameters).all() and second.steps == 4
    with pytest.raises(ValueError, match="state has 1 arrays; it must have 2"):
        second.state = first.state[:1]
    second.set_learning_rate(0.5)
    assert second.learning_rate(9) == 0.5


def test_objects_are_released():
    model = Model(3, [4, 2])

    def on_epoch(epoch):
        return on_epoch.trainer.steps > 0

    trainer = on_epoch.trainer = tileprop.Trainer(model, np.zeros((4, 3)), [0, 1, 0, 1], on_epoch=on_epoch)
    trainer.run()
    objects = [weakref.ref(o) for o in (model, trainer)]
    del model, trainer, on_epoch
    gc.collect()
    assert [o() for o in objects] == [None, None]


def test_predictors(rng, recorded, monkeypatch):
    calls = recorded("tp_predictor_run")
    model = Model(5, [40, 3], inputs_scaled=Scaling(1, 2))
    x, out = rng.random((4, 5), dtype=np.float32), np.empty((4, 3), np.float32)
    predictor = Predictor(model, [1, 4], threads=1)
    assert predictor.run(x, out) is out and (out == Workspace(model, 4).forward(x)).all()
    assert calls[0][3] == x.ctypes.data and calls[0][5] == out.ctypes.data
    many = rng.random((50, 5))
    want = Workspace(model, 4).predict(many, np.float64)
    model.parameters = np.zeros(model.parameter_count)
    assert (predictor.predict(many, np.float64) == want).all()
    run, both, given = lib.tp_predictor_run, threading.Barrier(2), {}

    def run_together(*arguments):
        both.wait()
        return run(*arguments)

    monkeypatch.setattr(lib, "tp_predictor_run", run_together)
    in_parallel(lambda i: given.update({i: predictor.run(x[i : i + 1])}), [0, 1])
    assert all((given[i] == out[i]).all() for i in (0, 1)) and len(predictor._workspaces) == 2
    known = weakref.ref(predictor)
    del predictor
    gc.collect()
    assert known() is None


def test_bf16(rng):
    x = rng.random((4, 5), dtype=np.float32)
    full, half = (Workspace(Model(5, [16, 3], precision=p), 4) for p in ("f32", "bf16"))
    assert half.model.precision == "bf16" and isinstance(Context().machine.bf16, str)
    assert (full.forward(x) != half.forward(x)).any()
    np.testing.assert_allclose(full.forward(x), half.forward(x), atol=0.02)
