# SPDX-License-Identifier: BSD-3-Clause
"""Arrays are used where they are, if the library can; addresses tell."""

import array

import numpy as np
import pytest

from tileprop import ArgumentError, Model, Optimizer, Rule, Trainer, Workspace, sgemm
from tileprop.arrays import DataSet, address, as_array


def at(a):
    return a.__array_interface__["data"][0]


@pytest.fixture
def model():
    return Model(3, [4, 2])


def test_forward_reads_and_writes_in_place(model, rng, recorded):
    calls = recorded("tp_forward")
    x = rng.random((10, 3), dtype=np.float32)
    out = np.empty((10, 2), dtype=np.float32)
    assert Workspace(model, 10).forward(x, out) is out
    assert calls[0][3] == at(x) and calls[0][5] == at(out)


def test_rows_of_a_wider_matrix_are_no_copy(model, rng, recorded):
    calls = recorded("tp_forward")
    wide = rng.random((10, 8), dtype=np.float32)
    workspace = Workspace(model, 10)
    y = workspace.forward(wide[:, 2:5])
    assert calls[0][3] == at(wide) + 8 and calls[0][4] == 8
    every_second = workspace.forward(wide[::2, 2:5])
    assert calls[1][3] == at(wide) + 8 and calls[1][4] == 16
    assert (every_second == y[::2]).all()
    assert (y == workspace.forward(np.ascontiguousarray(wide[:, 2:5]))).all()


def test_what_the_library_cannot_walk_over_is_copied(model, rng, recorded):
    calls = recorded("tp_forward")
    x = rng.random((10, 3), dtype=np.float32)
    workspace = Workspace(model, 10)
    want = workspace.forward(x)
    for odd in (x.astype(np.float64), np.asfortranarray(x), x[::-1][::-1].tolist()):
        assert (workspace.forward(odd) == want).all()
    assert (workspace.forward(x[::-1]) == want[::-1]).all()
    assert at(x) not in [call[3] for call in calls[1:]]


def test_gradients_are_written_in_place(model, rng, recorded):
    calls = recorded("tp_backward")
    workspace = Workspace(model, 10, "training")
    workspace.forward(rng.random((10, 3), dtype=np.float32))
    gradients, dx = np.empty(model.parameter_count, np.float32), np.empty((10, 3), np.float32)
    y = np.zeros(10, np.int32)
    _, returned = workspace.backward(y, gradients=gradients, dx=dx)
    assert at(returned) == at(gradients) == calls[0][3] and calls[0][4] == at(dx)
    assert calls[0][2].classes == at(y)


@pytest.mark.parametrize(
    "out, problem",
    [
        (np.empty((10, 3), np.float32), "shape"),
        (np.empty((10, 2)), "float32"),
        (np.empty((2, 10), np.float32).T, "rows?|row"),
        (np.broadcast_to(np.float32(0), (10, 2)), "writeable"),
    ],
)
def test_outputs_are_never_copies(model, out, problem):
    with pytest.raises(ValueError, match=problem):
        Workspace(model, 10).forward(np.zeros((10, 3), np.float32), out)


@pytest.mark.parametrize("dtype, field", [(np.uint8, "bytes"), (np.float32, "floats"), (np.float64, "doubles")])
def test_data_sets_point_to_the_arrays(dtype, field, rng):
    x = rng.integers(0, 9, (20, 6)).astype(dtype)
    y = np.zeros((20, 2), np.float64)
    weights, rows = np.ones(20, np.float32), np.arange(5, dtype=np.uint32)
    struct = DataSet(x, y, weights, rows).struct
    assert getattr(struct, field) == at(x) and struct.double_values == at(y)
    assert struct.weights == at(weights) and struct.rows == at(rows) and struct.samples == 5
    for view in (x[::2, 1::2], np.asfortranarray(x), x.T[:4].T):
        struct = DataSet(view).struct
        assert getattr(struct, field) == at(view)
        assert (struct.sample_stride, struct.value_stride) == tuple(s // x.itemsize for s in view.strides)


def test_strided_data_give_the_same_predictions(model, rng):
    x = rng.random((50, 9))
    workspace = Workspace(model, 8)
    want = workspace.predict(np.ascontiguousarray(x[:, ::3]))
    for view in (x[:, ::3], np.asfortranarray(x[:, ::3]), x[::-1, ::3][::-1]):
        assert (workspace.predict(view) == want).all()
    assert (workspace.predict(x[::-1, ::3]) == want[::-1]).all()


def test_buffers(rng):
    values = array.array("f", [1, 2, 3])
    assert at(as_array(values)) == values.buffer_info()[0]
    assert sgemm(memoryview(np.eye(2, dtype=np.float32)), [[1, 2], [3, 4]]).tolist() == [[1, 2], [3, 4]]


class OnlyDlpack:
    """An array of another library that has nothing but DLPack."""

    def __init__(self, a):
        self.a = a

    def __dlpack__(self, **options):
        return self.a.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.a.__dlpack_device__()


def test_dlpack(model, rng, recorded):
    calls = recorded("tp_forward")
    x = rng.random((4, 3), dtype=np.float32)
    Workspace(model, 4).forward(OnlyDlpack(x))
    assert calls[0][3] == at(x)


def test_torch_tensors(model, recorded):
    torch = pytest.importorskip("torch")
    calls = recorded("tp_forward")
    x, out = torch.rand(4, 3), torch.zeros(4, 2)
    workspace = Workspace(model, 4)
    workspace.forward(x, out)
    assert calls[0][3] == x.data_ptr() and calls[0][5] == out.data_ptr()
    assert torch.allclose(out.sum(dim=1), torch.ones(4))
    trainer = Trainer(model, x, torch.tensor([0, 1, 1, 0]), epochs=1)
    assert address(trainer.data.x) == x.data_ptr() and trainer.run()
    c = torch.zeros(4, 4)
    assert sgemm(x, x, c, transpose_b=True).ctypes.data == c.data_ptr()
    assert torch.allclose(c, x @ x.T)


def test_the_trainer_keeps_its_arrays(rng):
    model = Model(3, [2])
    trainer = Trainer(model, rng.random((200, 3)), rng.integers(0, 2, 200), epochs=2, weights=np.ones(200))
    np.full((200, 3), np.nan)  # takes memory that was released
    assert trainer.run() and np.isfinite(model.parameters).all()


def test_wrong_shapes_are_named(model, rng):
    workspace = Workspace(model, 10, "training")
    with pytest.raises(ValueError, match=r"x has shape \(10, 2\); it must be \(n, 3\)"):
        workspace.forward(np.zeros((10, 2)))
    with pytest.raises(ValueError, match="last forward pass had no samples"):
        workspace.backward([0])
    workspace.forward(np.zeros((10, 3)))
    with pytest.raises(ValueError, match="y has 9 samples; the last forward pass had 10"):
        workspace.loss(np.zeros(9, np.int32))
    with pytest.raises(ValueError, match="rows contains 10; x has 10 samples"):
        DataSet(np.zeros((10, 3)), rows=[0, 10])
    with pytest.raises(ValueError, match="y has 9 samples; x has 10"):
        DataSet(np.zeros((10, 3)), np.zeros(9))
    with pytest.raises(ValueError, match=r"weights has shape \(3,\); it must be \(10,\)"):
        DataSet(np.zeros((10, 3)), weights=[1, 1, 1])
    with pytest.raises(ValueError, match="y has 3 samples; x has 2"):
        Optimizer(model, Rule()).train_step(workspace, np.zeros((2, 3)), np.zeros(3, np.int32))
    with pytest.raises(ArgumentError, match="batch"):
        workspace.forward(np.zeros((11, 3)))


def test_integers_are_classes_or_numbers_as_the_loss_says(rng):
    x, y = np.float32([[0], [1], [2], [3]]), np.array([0, 10, 20, 30])
    model = Model(1, [1], loss="mse")
    trainer = Trainer(model, x, y, batch=4, epochs=500, rule=Rule(learning_rate=0.5), validation=(x, y))
    assert trainer.run() and Workspace(model).evaluate(x, y).loss < 0.1
    with pytest.raises(ArgumentError, match="class"):
        Trainer(Model(1, [2]), x, y)
    for wrong in (y + 2**32, y - 2**32, y - 1):
        with pytest.raises(ValueError, match="classes are at least 0 and less than"):
            DataSet(x, wrong)


def test_there_is_a_weight_for_each_class(model, rng):
    x, y = rng.random((4, 3), dtype=np.float32), np.array([0, 1, 1, 0])
    workspace = Workspace(model, 4, "training")
    workspace.forward(x)
    assert workspace.loss(y, class_weights=[1, 3]).weight == 8
    for wrong in ([1], [1, 2, 3]):
        with pytest.raises(ValueError, match=r"class_weights has shape .*; it must be \(2,\)"):
            workspace.loss(y, class_weights=wrong)
        with pytest.raises(ValueError, match=r"class_weights has shape .*; it must be \(2,\)"):
            Trainer(model, x, y, class_weights=wrong)
    assert [Model(1, [width], loss="bce").classes for width in (1, 3)] == [2, 3]


def test_predictions_are_floats_or_doubles(model):
    workspace = Workspace(model)
    assert [workspace.predict(np.zeros((2, 3)), kind).dtype for kind in ("f4", "f8")] == [np.float32, np.float64]
    with pytest.raises(ValueError, match="dtype is int64"):
        workspace.predict(np.zeros((2, 3)), int)
