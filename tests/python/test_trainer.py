# SPDX-License-Identifier: BSD-3-Clause
"""Callbacks, stops and checkpoints."""

import os
import signal
import threading

import numpy as np
import pytest

from tileprop import ArgumentError, Model, NonfiniteError, Rule, Trainer


@pytest.fixture
def data(rng):
    x = rng.random((300, 4), dtype=np.float32)
    return x, (x[:, 0] > x[:, 1]).astype(np.int64)


def test_callbacks(data):
    epochs, steps = [], []
    trainer = Trainer(
        Model(4, [8, 2]), *data, batch=100, epochs=4, validation=data, on_epoch=epochs.append, on_step=steps.append
    )
    assert trainer.run()
    assert [e.epoch for e in epochs] == [1, 2, 3, 4] and epochs[0].epochs == 4
    assert [s.step for s in steps] == list(range(1, 13)) and steps[0].steps_per_epoch == 3
    assert epochs[-1].validation.samples == 300 and epochs[-1].train.loss < epochs[0].train.loss
    assert (trainer.epochs, trainer.steps) == (4, 12)
    assert trainer.threads >= 1 and trainer.isa and trainer.best_epoch == epochs[-1].best_epoch


def test_a_callback_stops_and_the_run_goes_on(data):
    whole, parts = Model(4, [8, 2]), Model(4, [8, 2])
    assert Trainer(whole, *data, batch=100, epochs=4).run()
    trainer = Trainer(parts, *data, batch=100, epochs=4, on_step=lambda step: step.step == 5)
    assert not trainer.run() and trainer.steps == 5
    assert trainer.run() and (parts.parameters == whole.parameters).all()


@pytest.mark.parametrize("when", ["on_epoch", "on_step"])
def test_what_a_callback_raises_is_raised(data, when):
    def fail(_):
        raise LookupError("mine")

    trainer = Trainer(Model(4, [8, 2]), *data, batch=100, epochs=4, **{when: fail})
    with pytest.raises(LookupError, match="mine"):
        trainer.run()
    assert trainer.steps == (3 if when == "on_epoch" else 1)


def interrupt_after(seconds):
    timer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    return timer


def test_ctrl_c_stops_after_the_step(data):
    model = Model(4, [8, 2])
    trainer = Trainer(model, *data, batch=1, epochs=10**6, tune=False)
    handler = signal.getsignal(signal.SIGINT)
    timer = interrupt_after(0.1)
    with pytest.raises(KeyboardInterrupt):
        trainer.run()
    timer.join()
    assert trainer.steps > 0 and np.isfinite(model.parameters).all()
    assert signal.getsignal(signal.SIGINT) is handler
    again = Trainer(Model(4, [8, 2]), *data, batch=1, epochs=10**6, tune=False, on_step=lambda s: s.step == 7)
    assert not again.run() and again.steps == 7


def test_another_handler_gets_the_signal(data):
    seen = []
    before = signal.signal(signal.SIGINT, lambda number, frame: seen.append(number))
    try:
        timer = interrupt_after(0.1)
        assert not Trainer(Model(4, [8, 2]), *data, batch=1, epochs=10**6, tune=False).run()
        timer.join()
    finally:
        signal.signal(signal.SIGINT, before)
    assert seen == [signal.SIGINT]


def test_a_thread_trains(data):
    results = []
    thread = threading.Thread(target=lambda: results.append(Trainer(Model(4, [8, 2]), *data, epochs=2).run()))
    thread.start()
    thread.join()
    assert results == [True]


def test_checkpoints(data, tmp_path):
    whole, parts = Model(4, [8, 2]), Model(4, [8, 2], seed=3)
    assert Trainer(whole, *data, epochs=4).run()
    first = Trainer(Model(4, [8, 2]), *data, epochs=4, on_step=lambda step: step.step == 5)
    first.run()
    first.save(tmp_path / "c")
    second = Trainer(parts, *data, epochs=4)
    second.resume(tmp_path / "c")
    assert second.steps == 5 and second.run()
    assert (parts.parameters == whole.parameters).all()
    with pytest.raises(ArgumentError, match="epochs"):
        Trainer(parts, *data, epochs=5).resume(tmp_path / "c")


def test_losses_that_are_not_finite(data):
    x = data[0].copy()
    x[17, 2] = np.nan
    with pytest.raises(NonfiniteError, match="17"):
        Trainer(Model(4, [8, 2]), x, data[1]).run()


def test_phases_and_rules(data):
    trainer = Trainer(Model(4, [8, 2]), *data, phases=True, rule=Rule("nesterov", 0.1, schedule="constant"))
    trainer.run()
    assert trainer.phases["forward"] > 0 and set(trainer.phases) >= {"data", "update", "barrier"}
    with pytest.raises(ValueError, match="kind is 'adm'"):
        Trainer(Model(4, [8, 2]), *data, rule=Rule("adm"))
