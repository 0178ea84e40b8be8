# SPDX-License-Identifier: BSD-3-Clause
"""Models and estimators from other programs, and back."""

import os
import re
import warnings

import numpy as np
import pytest
import sklearn.neural_network
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_iris, make_multilabel_classification, make_regression
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, PolynomialFeatures, RobustScaler, StandardScaler

import tileprop
from tileprop import Layer, Model, Scaling, Workspace

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

from tileprop.sklearn import from_estimator, to_estimator, to_model  # noqa: E402
from tileprop.torch import Exp, Scale, Unscale, from_module, to_module  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, Y = load_iris(return_X_y=True)
SHORT = {"hidden_layer_sizes": (8, 5), "max_iter": 30, "random_state": 1, "learning_rate_init": 0.01}


def scaled_model():
    """A model with every activation that is not last only."""
    names = ["relu", "leaky_relu", "sigmoid", "tanh", "elu", "softplus", "silu", "gelu", "identity"]
    slopes = {"leaky_relu": 0.3, "elu": 0.7}
    layers = [Layer(6 + i, name, slopes.get(name, 0), 0.25 * (i % 2)) for i, name in enumerate(names)]
    scalings = {"inputs_scaled": Scaling([1, 2, 3, 4], 0.3), "outputs_scaled": Scaling(5, 0.1)}
    return Model(4, [*layers, Layer(2, "identity")], loss="mse", **scalings)


def predict(model, x):
    return Workspace(model).predict(x)


def apply(module, x):
    with torch.no_grad():
        return module(torch.from_numpy(x)).numpy()


@pytest.mark.parametrize("loss", ["mse", "cce", "bce", "poisson"])
def test_modules_of_models(loss, rng):
    model = scaled_model() if loss == "mse" else Model(4, [Layer(9, "tanh"), 3], loss=loss)
    x = rng.random((20, 4), dtype=np.float32)
    module = to_module(model)
    assert not module.training
    np.testing.assert_allclose(apply(module, x), predict(model, x), atol=1e-5)
    assert from_module(module).to_bytes() == model.to_bytes()


def test_random_numbers_of_torch_stay():
    torch.manual_seed(3)
    wanted = torch.rand(2)
    torch.manual_seed(3)
    to_module(Model(4, [3]))
    assert (torch.rand(2) == wanted).all()


def test_scaling_is_exact(rng):
    model = scaled_model()
    x = 1000 * rng.random((20, 4), dtype=np.float32)
    scale, unscale = to_module(model)[0], to_module(model)[-1]
    one = [Layer(4, "identity")]
    only = Model(4, one, loss="mse", init="zero", inputs_scaled=model.inputs_scaled)
    only.split(flat := only.parameters)[0][0][...] = np.eye(4)
    only.parameters = flat
    assert (apply(scale, x) == predict(only, x)).all()
    back = Model(4, one, loss="mse", outputs_scaled=model.outputs_scaled)
    back.parameters = flat
    assert (apply(unscale, x) == predict(back, x)).all()


def test_models_of_modules(rng):
    shared = nn.Tanh()
    inner = nn.Sequential(nn.Linear(8, 6, bias=False), shared, nn.Dropout(0.0))
    first = [nn.Flatten(), nn.Dropout(0), nn.Linear(6, 8), shared, nn.Dropout(0.5)]
    net = nn.Sequential(*first, inner, nn.Identity(), nn.Linear(6, 3))
    x = rng.random((10, 2, 3), dtype=np.float32)
    for dtype in (torch.float64, torch.bfloat16, torch.float32):
        net.to(dtype).float()
        model = from_module(net.eval())
        np.testing.assert_allclose(predict(model, x.reshape(10, 6)), apply(net, x), atol=1e-5)
    assert model.layers == [Layer(8, "tanh", dropout=0.5), Layer(6, "tanh"), Layer(3, "identity")]
    assert (model.loss, model.inputs) == ("mse", 6)
    probable = from_module(net, "cce", label_smoothing=0.25)
    assert (probable.layers[2].activation, probable.label_smoothing) == ("softmax", 0.25)
    np.testing.assert_allclose(predict(probable, x.reshape(10, 6)), apply(nn.Softmax(1), apply(net, x)), atol=1e-5)
    assert isinstance(to_module(probable, logits=True)[-1], nn.Linear)
    assert from_module(to_module(probable, logits=True), like=probable).to_bytes() == probable.to_bytes()
    assert from_module(net.half()).parameters.dtype == np.float32


def test_like_says_what_a_module_does_not():
    model = Model(4, [Layer(3, "elu", dropout=0.5), 2], loss="bce", label_smoothing=0.1, inputs_scaled=Scaling(1, 2))
    model.notes["note.who"] = "me"
    module = to_module(model)
    assert from_module(module, like=model).to_bytes() == model.to_bytes()
    assert from_module(module[1:], like=model).to_bytes() == model.to_bytes()
    with torch.no_grad():
        module[1].weight += 1
    assert from_module(module, like=model).fingerprint != model.fingerprint
    for other, message in [
        (Model(4, [5, 2], loss="bce"), r"widths \(4, 3, 2\); they must be \(4, 5, 2\)"),
        (Model(4, [3, 2], loss="bce"), "layer 0 of the module has elu, slope 1; it must have relu"),
        (Model(4, [Layer(3, "elu"), 2], loss="bce"), "inputs_scaled of the module is not that of like"),
    ]:
        with pytest.raises(ValueError, match=message):
            from_module(module, like=other)
    with pytest.raises(ValueError, match="like says everything"):
        from_module(module, "bce", like=model)


class Own(nn.Linear):
    def forward(self, x):
        return super().forward(x) + x


A, B = nn.Linear(3, 4), nn.Linear(4, 2)


@pytest.mark.parametrize(
    "modules, message",
    [
        ([A, nn.BatchNorm1d(4), B], r"module 1 is BatchNorm1d\(4.*it must be one of Sequential, Linear.*ReLU.*Exp"),
        ([A, nn.Sequential(nn.ReLU(), nn.Hardtanh())], "module 1.1 is Hardtanh"),
        ([Own(3, 3)], "module 0 is Own.*with the forward of that class"),
        ([nn.Transformer(8, 2, 1, 1, 8)], "module 0 is Transformer; it must be one of"),
        ([A, A], r"module 1 is Linear\(.*in_features must be 4"),
        ([A, nn.Softmax(1), B], "module 2 .*Softmax must be the last"),
        ([A, nn.Softmax(0)], "module 1 .*dim must be 1 or -1"),
        ([A, nn.GELU("tanh")], "approximate must be 'none'"),
        ([A, nn.Softplus(2)], "beta must be 1"),
        ([A, nn.LeakyReLU(2)], "negative_slope must be from 0 to 1"),
        ([A, nn.ELU(-1)], "alpha must be positive"),
        ([nn.ReLU(), A], "module 0 .*directly after a Linear"),
        ([A, nn.ReLU(), nn.Tanh()], "module 2 .*directly after a Linear"),
        ([A, nn.Dropout(0.5), nn.ReLU()], "module 2 .*directly after a Linear"),
        ([nn.Dropout(0.5), A], "module 0 .*must come after the activation"),
        ([A, nn.Dropout(1), B], "module 1 .*p below 1"),
        ([A, nn.ReLU(), nn.Dropout(0.5)], "module 2, .*after the last Linear"),
        ([nn.Flatten(0), A], r"module 0 .*Flatten\(start_dim=1, end_dim=-1\)"),
        ([A, Scale(0, 1), B], "module 1 .*before the first Linear"),
        ([Scale(0, 1), Scale(0, 1), A], "module 1 .*only one"),
        ([Unscale(0, 1), A], "module 0 .*Unscale last"),
        ([A, Unscale(0, 1), B], "module 2 .*nothing must come after Unscale"),
        ([], "no Linear"),
    ],
)
def test_modules_that_do_not_fit(modules, message):
    with pytest.raises(ValueError, match=re.compile(message, re.DOTALL)):
        from_module(nn.Sequential(*modules))


def test_numbers_beyond_floats():
    net = nn.Sequential(nn.Linear(3, 2), nn.ReLU(), nn.Linear(2, 1)).double()
    with torch.no_grad():
        net[2].bias[0] = 1e300
    with pytest.raises(ValueError, match="bias of module 2 has a number that is beyond the largest float"):
        from_module(net)
    with torch.no_grad():
        net[2].bias[0] = np.inf
    assert np.isinf(from_module(net).parameters[-1])


def test_what_pytorch_exports_as_onnx(tmp_path):
    net = nn.Sequential(nn.Flatten(), nn.Linear(3, 4), nn.GELU(), nn.Linear(4, 4), nn.SiLU(), nn.Linear(4, 4))
    for linear in (net[3], net[5]):
        nn.init.zeros_(linear.bias)  # which are in the file once
    x = torch.linspace(-2, 2, 30).reshape(10, 3)
    torch.onnx.export(net.eval(), x, str(tmp_path / "net.onnx"), opset_version=13)
    model = Model.import_(tmp_path / "net.onnx")
    assert model.fingerprint == from_module(net).fingerprint
    assert [layer.activation for layer in model.layers] == ["gelu", "silu", "identity"]


def test_modules_of_ours_are_pickled(tmp_path):
    torch.save(nn.Sequential(Scale(1, 2), Exp(), Unscale(1, 2)), tmp_path / "m")
    assert str(torch.load(tmp_path / "m")[0]) == "Scale(mean=1.0, deviation=2.0)"


@pytest.mark.parametrize("format, name", [("torch", "m.safetensors"), ("onnx", "m.onnx")])
@pytest.mark.filterwarnings("ignore:the layers in the file")
def test_files(format, name, tmp_path):
    model = scaled_model()
    model.export(tmp_path / name)
    assert Model.import_(tmp_path / name).to_bytes() == model.to_bytes()
    model.export(str(tmp_path / "other"), format)
    assert (tmp_path / "other").read_bytes() == (tmp_path / name).read_bytes()
    again = Model.import_(tmp_path / "other", format, loss="mae")
    assert again.loss == "mae" and again.fingerprint == model.fingerprint
    if format == "onnx":
        for option in ({"activations": ["relu"]}, {"slope": 0.5}, {"like": model}, {"pattern": "{}.weight"}):
            with pytest.raises(ValueError, match="onnx takes loss alone"):
                Model.import_(tmp_path / "other", format, **option)
    with pytest.raises(tileprop.FileError, match="nowhere"):
        model.export(tmp_path / "nowhere" / name)
    assert sorted(os.listdir(tmp_path)) == sorted([name, "other"])


def test_names_in_files(tmp_path):
    model = Model(4, [Layer(3, "leaky_relu", slope=0.25), Layer(5, "leaky_relu", slope=0.25), 2])
    path = tmp_path / "m.safetensors"
    model.export(path, pattern="fc{}.weight")
    said = {"activations": ["leaky_relu", "softmax"], "slope": 0.25}
    assert Model.import_(path, pattern="fc{}.weight", **said).layers == model.layers
    weights, biases = ["a", "b", "c"], ["x", "y", "z"]
    model.export(path, weights=weights, biases=biases)
    assert b'"a"' in path.read_bytes() and b'"z"' in path.read_bytes()
    assert Model.import_(path, weights=weights, biases=biases, like=model).to_bytes() == model.to_bytes()
    without = Model.import_(path, weights=weights, biases=["x", None, "z"], like=model)
    assert (without.split(without.parameters)[1][1] == 0).all()
    with pytest.raises(tileprop.FormatError, match="d"):
        Model.import_(path, weights=["a", "b", "d"], like=model)
    with pytest.raises(ValueError, match="biases has 1 names; it must have 3"):
        model.export(path, weights=weights, biases=["x"])
    with pytest.raises(ValueError, match="m.bin has none of the endings .safetensors, .onnx, .h, .c; format"):
        model.export(tmp_path / "m.bin")
    with pytest.raises(ValueError, match="format is 'tf'; it must be one of torch, onnx"):
        Model.import_(path, "tf")
    with pytest.raises(ValueError, match="no names of tensors"):
        model.export(tmp_path / "m.onnx", pattern="fc{}.weight")
    with pytest.raises(ValueError, match="no name of a function"):
        model.export(path, name="net")


def test_c_source(tmp_path):
    model = Model(4, [3, 2])
    for path, format, name in [(tmp_path / "m.h", None, None), (tmp_path / "m", "c", "net")]:
        model.export(path, format, name=name)
        assert f"static inline void {name or 'model'}_predict(const float *x, float *y)" in path.read_text()
    with pytest.raises(ValueError, match="m.h has none of the endings .safetensors, .onnx; format"):
        Model.import_(tmp_path / "m.h")


def cases():
    labels = make_multilabel_classification(60, 4, n_classes=3, random_state=0)
    numbers = make_regression(60, 4, n_targets=2, random_state=0)
    names = np.array(["no", "yes"])
    return {
        "classes": ("MLPClassifier", X, Y, {"activation": "tanh"}),
        "two": ("MLPClassifier", X[:100], names[Y[:100]], {"activation": "logistic", "early_stopping": True}),
        "labels": ("MLPClassifier", *labels, {"solver": "lbfgs"}),
        "number": ("MLPRegressor", X, 1.0 * Y, {"activation": "identity"}),
        "numbers": ("MLPRegressor", numbers[0].astype(np.float32), numbers[1] / 100, {"solver": "sgd"}),
    }


def outputs(estimator, x):
    return estimator.predict_proba(x) if hasattr(estimator, "predict_proba") else estimator.predict(x)


def same(a, b):
    assert [v.tobytes() for v in a.coefs_ + a.intercepts_] == [v.tobytes() for v in b.coefs_ + b.intercepts_]
    assert [v.dtype for v in a.coefs_] == [v.dtype for v in b.coefs_]


@pytest.mark.parametrize("case", cases())
@pytest.mark.parametrize("owner", [sklearn.neural_network, tileprop])
def test_estimators(case, owner):
    name, x, y, options = cases()[case]
    source = getattr(owner, name)(**SHORT, **options).fit(x, y)
    there, back = (to_estimator, from_estimator) if owner is tileprop else (from_estimator, to_estimator)
    other = there(source)
    assert all((a == np.float32(b)).all() for a, b in zip(other.coefs_, source.coefs_))
    np.testing.assert_allclose(outputs(other, x), outputs(source, x), atol=1e-5)
    assert other.predict(x).dtype == source.predict(x).dtype
    assert abs(other.score(x, y) - source.score(x, y)) < 1e-6
    again = back(other)
    same(again, other)
    if owner is tileprop or x.dtype == np.float32:
        same(again, source)
    shared = set(vars(source)) & set(vars(again)) - {"_random_state", "_optimizer", "_network", "_label_binarizer"}
    for attribute in shared - {"coefs_", "intercepts_", "_best_coefs", "_best_intercepts"}:
        np.testing.assert_array_equal(getattr(again, attribute), getattr(source, attribute), attribute)
    missing = {a for a in vars(source) if a.endswith("_")} - set(vars(again))
    assert not missing


@pytest.mark.parametrize("case", ["classes", "two", "numbers"])
@pytest.mark.parametrize("owner", [sklearn.neural_network, tileprop])
def test_estimators_go_on(case, owner):
    name, x, y, options = cases()[case]
    source = getattr(owner, name)(**SHORT, **options).fit(x, y)
    other = (to_estimator if owner is tileprop else from_estimator)(source)
    before = [coef.copy() for coef in other.coefs_]
    if not source.early_stopping:
        other.partial_fit(x, y)
        assert len(other.loss_curve_) == len(source.loss_curve_) + 1 and (other.coefs_[0] != before[0]).any()
        assert other.loss_curve_[-1] < 1.2 * source.loss_curve_[-1]
    other.set_params(warm_start=True, max_iter=1).fit(x, y)
    assert [(c.shape, c.dtype) for c in source.coefs_] == [(c.shape, c.dtype) for c in other.coefs_]


def test_estimators_that_do_not_fit():
    ours = tileprop.MLPClassifier(4, "gelu", max_iter=1).fit(X, Y)
    with pytest.raises(ValueError, match="activation is 'gelu'; scikit-learn has identity, logistic, relu"):
        to_estimator(ours)
    with pytest.raises(NotFittedError):
        to_estimator(tileprop.MLPClassifier())
    with pytest.raises(TypeError, match="estimator is MLPClassifier; it must be .* of sklearn"):
        from_estimator(ours)
    with pytest.raises(TypeError, match="estimator is list; it must be MLPClassifier or MLPRegressor of tileprop"):
        to_estimator([])


def test_parameters_of_estimators():
    ours = tileprop.MLPClassifier(4, solver="adamw", learning_rate="cosine", alpha=0.5, max_iter=2).fit(X, Y)
    theirs = to_estimator(ours)
    assert (theirs.solver, theirs.learning_rate, theirs.alpha) == ("adam", "constant", 0.5)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        assert from_estimator(theirs, threads=1, dropout=0.5).get_params()["dropout"] == 0.5
    theirs.coefs_[0][0, 0] = 7  # not the array of ours
    assert ours.coefs_[0][0, 0] != 7


def test_models_of_estimators(tmp_path):
    ours = tileprop.MLPClassifier(4, max_iter=2).fit(X, Y)
    model = ours.model_
    model.export(tmp_path / "m.onnx")
    np.testing.assert_array_equal(predict(Model.import_(tmp_path / "m.onnx"), X), predict(model, X))
    np.testing.assert_allclose(apply(to_module(model), np.float32(X)), ours.predict_proba(X), atol=1e-5)


@pytest.mark.parametrize("owner", [sklearn.neural_network, tileprop])
@pytest.mark.parametrize(
    "scalers",
    [
        [],
        [StandardScaler()],
        [StandardScaler(with_std=False), MinMaxScaler((-2, 3))],
        ["passthrough", make_pipeline(RobustScaler(), MaxAbsScaler()), StandardScaler(with_mean=False)],
    ],
)
def test_models_of_pipelines(owner, scalers, tmp_path):
    pipeline = make_pipeline(*scalers, owner.MLPClassifier(**SHORT))
    x = np.rint(10 * X) + 50
    model = to_model(pipeline.fit(x, Y))
    np.testing.assert_allclose(predict(model, x), pipeline.predict_proba(x), atol=1e-5)
    np.testing.assert_allclose(apply(to_module(model), np.float32(x)), pipeline.predict_proba(x), atol=1e-5)
    model.export(tmp_path / "m.onnx")
    assert Model.import_(tmp_path / "m.onnx").to_bytes() == model.to_bytes()
    model.parameters = 0 * model.parameters  # it is a copy
    assert len(np.unique(pipeline.predict(x))) > 1


def test_models_of_transformed_targets():
    regressor = tileprop.MLPRegressor(loss="huber", huber_delta=0.5, **SHORT)
    targets = TransformedTargetRegressor(make_pipeline(StandardScaler(), regressor), transformer=MinMaxScaler())
    y = 1000 + 10 * X @ [1.0, 2.0, -1.0, 0.5]
    for pipeline in (targets, make_pipeline(RobustScaler(), TransformedTargetRegressor(targets, func=None))):
        model = to_model(pipeline.fit(X, y))
        assert (model.loss, model.huber_delta) == ("huber", 0.5)
        np.testing.assert_allclose(predict(model, X)[:, 0], pipeline.predict(X), rtol=1e-5)


def test_pipelines_that_do_not_fit():
    ours = tileprop.MLPClassifier(4, max_iter=1)

    class Own(StandardScaler):
        pass

    for step, message in [
        (PolynomialFeatures(), "step 'polynomialfeatures' is Poly.*; a model can only scale, as Standard"),
        (make_pipeline(MinMaxScaler(clip=True)), "step 'pipeline', step 'minmaxscaler' is MinMaxScaler.clip=True"),
        (Own(), "step 'own' is Own"),
    ]:
        with pytest.raises(ValueError, match=message):
            to_model(make_pipeline(step, ours).fit(X, Y))
    with pytest.raises(NotFittedError):
        to_model(make_pipeline(StandardScaler(), ours))
    with pytest.raises(TypeError, match="estimator is StandardScaler; it must be MLPClassifier or MLPRegressor"):
        to_model(make_pipeline(StandardScaler()).fit(X))
    logarithms = TransformedTargetRegressor(tileprop.MLPRegressor(4, max_iter=1), func=np.log, inverse_func=np.exp)
    with pytest.raises(ValueError, match="the transformer of targets is FunctionTransformer"):
        to_model(logarithms.fit(X, Y + 1.0))


def test_scaling_is_folded_into_layers(tmp_path):
    layers = [Layer(5, "tanh"), Layer(2, "identity", dropout=0)]
    scalings = {"inputs_scaled": Scaling([1, 2, 3, 4], [0.5, 1, 2, 3]), "outputs_scaled": Scaling([5, 6], 0.1)}
    model = Model(4, layers, loss="huber", huber_delta=0.5, **scalings)
    model.parameters = np.linspace(-1, 1, model.parameter_count)
    folded = model.fold_scaling()
    assert (folded.inputs_scaled, folded.outputs_scaled, folded.loss) == (None, None, "huber")
    np.testing.assert_allclose(predict(folded, X), predict(model, X), rtol=1e-6)
    one = Model(4, [2], loss="mse", **scalings)
    np.testing.assert_allclose(predict(one.fold_scaling(), X), predict(one, X), rtol=1e-6)
    with pytest.warns(UserWarning, match=r"the layers in the file do not scale.*fold_scaling\(\)"):
        model.export(tmp_path / "m.safetensors")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        folded.export(tmp_path / "m.safetensors")
        model.export(tmp_path / "m.h")
    rates = Model(4, [2], loss="poisson", outputs_scaled=None, inputs_scaled=Scaling(1, 2))
    np.testing.assert_allclose(predict(rates.fold_scaling(), X), predict(rates, X), rtol=1e-5)
    with pytest.raises(ValueError, match="the last activation is relu; outputs can be scaled by an identity alone"):
        Model(4, [Layer(2, "relu")], loss="mse", outputs_scaled=Scaling(1, 2)).fold_scaling()
