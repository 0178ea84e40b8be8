# SPDX-License-Identifier: BSD-3-Clause
"""Models from PyTorch's modules, and modules from models.

A module that fits is a Sequential, also of Sequentials, of Linear and the activations that the library has; Dropout
after the activation of a hidden layer; Flatten and Identity anywhere. PyTorch has no module for the scaling of inputs
and outputs, nor for exp: those are Scale, Unscale and Exp here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import nn

from ._torch_modules import ACTIVATIONS, LOSSES, NAMES, OTHERS, Exp, Scale, Unscale
from .arrays import Array
from .context import Context
from .model import Layer, Model, Scaling

__all__ = ["Exp", "Scale", "Unscale", "from_module", "to_module"]


def _kind(module: nn.Module) -> Any:
    """The class that says what the module computes, if it is one of those that fit."""
    kind: Any = next((kind for kind in type(module).__mro__ if kind in NAMES or kind in OTHERS), None)
    return kind if kind and type(module).forward is kind.forward else None


def _leaves(module: nn.Module, path: str = "") -> Iterator[tuple[str, nn.Module]]:
    """The modules that compute something, with their names, in order. One that is used twice comes twice."""
    if _kind(module) is not nn.Sequential:
        yield path, module
        return
    for name, child in module._modules.items():
        if child is not None:
            yield from _leaves(child, f"{path}.{name}" if path else name)


class _Reader:
    """The layers of a module, found one module after the other."""

    def __init__(self, module: nn.Module) -> None:
        self.layers: list[Layer] = []
        self.linears: list[nn.Linear] = []
        self.names: list[str] = []
        self.scaled: dict[str, Scaling] = {}
        self._activated = False
        self._dropout = ""
        for path, leaf in _leaves(module):
            self._name = f"module {path}" if path else "the module"
            self._take(leaf)
        if not self.layers:
            raise ValueError("the module has no Linear; it must have at least one")
        if self.layers[-1].dropout:
            raise ValueError(f"{self._dropout} comes after the last Linear; dropout must be before it")

    def _refuse(self, module: nn.Module, why: str) -> ValueError:
        shown = type(module).__name__ if list(module.children()) else repr(module)
        return ValueError(f"{self._name} is {shown}; {why}")

    def _take(self, module: Any) -> None:
        kind = _kind(module)
        if kind is None:
            names = ", ".join(kind.__name__ for kind in (*OTHERS, *NAMES))
            raise self._refuse(module, f"it must be one of {names}, with the forward of that class")
        if kind in (Scale, Unscale):
            self._take_scaling(module, kind)
        elif "outputs_scaled" in self.scaled:
            raise self._refuse(module, "nothing must come after Unscale")
        elif kind is nn.Linear:
            self._take_linear(module)
        elif kind is nn.Dropout:
            self._take_dropout(module)
        elif kind is nn.Flatten:
            if (module.start_dim, module.end_dim) != (1, -1):
                raise self._refuse(module, "it must be Flatten(start_dim=1, end_dim=-1)")
        elif kind in NAMES:
            self._take_activation(module, NAMES[kind])

    def _take_scaling(self, module: Scale, kind: type[nn.Module]) -> None:
        if (kind is Scale) == bool(self.layers) or "outputs_scaled" in self.scaled:
            raise self._refuse(module, "Scale must come before the first Linear, and Unscale last")
        name = "inputs_scaled" if kind is Scale else "outputs_scaled"
        if name in self.scaled:
            raise self._refuse(module, "there must be only one")
        self.scaled[name] = Scaling(*(_numbers(values, torch.float64) for values in (module.mean, module.deviation)))

    def _take_linear(self, module: nn.Linear) -> None:
        if self.layers and module.in_features != self.layers[-1].width:
            raise self._refuse(module, f"in_features must be {self.layers[-1].width}, the outputs before it")
        if self.layers and self.layers[-1].activation == "softmax":
            raise self._refuse(module, "Softmax must be the last activation")
        self.layers.append(Layer(module.out_features, "identity"))
        self.linears.append(module)
        self.names.append(self._name)
        self._activated = False

    def _take_activation(self, module: nn.Module, name: str) -> None:
        row = ACTIVATIONS[name]
        if not row.fits(module):
            raise self._refuse(module, row.needs)
        if not self.layers or self._activated or self.layers[-1].dropout:
            raise self._refuse(module, "an activation must come directly after a Linear")
        self.layers[-1] = replace(self.layers[-1], activation=name, slope=row.slope(module))
        self._activated = True

    def _take_dropout(self, module: nn.Dropout) -> None:
        if not module.p:
            return
        if not self.layers or self.layers[-1].dropout or module.p >= 1:
            raise self._refuse(module, "it must come after the activation of a layer, once, with p below 1")
        self.layers[-1] = replace(self.layers[-1], dropout=module.p)
        self._dropout = f"{self._name}, {module!r},"

    def fill(self, model: Model) -> Model:
        """Copies the parameters."""
        flat = np.zeros(model.parameter_count, dtype=np.float32)
        for (weight, bias), linear, name in zip(model.split(flat), self.linears, self.names):
            weight[...] = _floats(linear.weight, f"weight of {name}").T
            if linear.bias is not None:
                bias[...] = _floats(linear.bias, f"bias of {name}")
        model.parameters = flat
        return model


def _numbers(tensor: torch.Tensor, dtype: torch.dtype) -> Array:
    return np.asarray(tensor.detach().to("cpu", dtype).numpy())


def _floats(tensor: torch.Tensor, what: str) -> Array:
    floats = _numbers(tensor, torch.float32)
    if (np.isinf(floats) & ~np.isinf(_numbers(tensor, torch.float64))).any():
        raise ValueError(f"{what} has a number that is beyond the largest float")
    return floats


def from_module(
    module: nn.Module,
    loss: str | None = None,
    *,
    like: Model | None = None,
    context: Context | None = None,
    **options: Any,
) -> Model:
    """A model with the layers and parameters of a module, which is float32 or is converted.

    loss : what training minimises. None: "cce" after Softmax, "bce" after Sigmoid, "poisson" after Exp, else "mse". A
        module that ends with a Linear, as PyTorch's losses of logits want it, gets the activation of "cce", "bce" or
        "poisson".
    like : a model that says everything that a module does not: loss, precision, dropout, scaling, names of columns and
        classes, notes. Its layers must be those of the module.
    options : others of Model: huber_delta, label_smoothing, precision, and inputs_scaled and outputs_scaled if the
        module has no Scale and Unscale

    What does not fit is a ValueError that names the module and says what would.

    >>> net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
    >>> from_module(net, "cce").layers[1].activation
    'softmax'
    """
    reader = _Reader(module)
    if like is not None:
        if loss is not None or options:
            raise ValueError("like says everything; loss and other options must not be given with it")
        _check_like(reader, like)
        return reader.fill(Model.from_bytes(like.to_bytes(), context or like.context))
    layers = reader.layers
    loss = loss or LOSSES.get(str(layers[-1].activation)) or "mse"
    if layers[-1].activation == "identity":
        layers[-1] = replace(layers[-1], activation=Model.last_activation(loss))
    inputs = reader.linears[0].in_features
    return reader.fill(Model(inputs, layers, loss=loss, context=context, **{**options, **reader.scaled}))


def _check_like(reader: _Reader, like: Model) -> None:
    """Refuses a module that has other layers than the model. Its last activation may be missing."""
    given = [(reader.linears[0].in_features, *[layer.width for layer in reader.layers])]
    wanted = [(like.inputs, *[layer.width for layer in like.layers])]
    if given != wanted:
        raise ValueError(f"the module has the widths {given[0]}; they must be {wanted[0]}, those of like")
    last = len(like.layers) - 1
    for i, (layer, known) in enumerate(zip(reader.layers, like.layers)):
        same = layer.activation == known.activation and np.float32(layer.slope) == np.float32(known.slope)
        if not same and not (i == last and layer.activation == "identity"):
            raise ValueError(
                f"layer {i} of the module has {layer.activation}, slope {layer.slope:g}; it must have"
                f" {known.activation}, slope {known.slope:g}, as like"
            )
    for name, scaling in reader.scaled.items():
        known_scaling = getattr(like, name)
        pairs = [(s.mean, s.deviation) for s in (scaling, known_scaling) if s]
        if len(pairs) != 2 or not all(np.array_equal(a, b) for a, b in zip(*pairs)):
            raise ValueError(f"{name} of the module is not that of like")


def to_module(model: Model, logits: bool = False) -> nn.Sequential:
    """A module with the layers and parameters of a model, in evaluation mode: it gives what predict gives, within 1e-5,
    for x, (samples, inputs), but for products in bf16. train() makes dropout work.

    logits : whether the activation of the last layer is left out, for PyTorch's losses of logits

    Scaling of inputs is a Scale at the beginning, that of outputs an Unscale at the end; models without scaling have
    none of them. from_module gives the same model, bit for bit, if it is told the loss, or is given the model as like.

    >>> to_module(Model(4, [8, 3]))
    Sequential(
      (0): Linear(in_features=4, out_features=8, bias=True)
      (1): ReLU()
      (2): Linear(in_features=8, out_features=3, bias=True)
      (3): Softmax(dim=-1)
    )
    """
    modules: list[nn.Module] = []
    if model.inputs_scaled:
        modules.append(Scale(model.inputs_scaled.mean, model.inputs_scaled.deviation))
    for i, (layer, (weight, bias)) in enumerate(zip(model.layers, model.split(model.parameters))):
        modules.append(_linear(weight, bias))
        if layer.activation != "identity" and not (logits and i == len(model.layers) - 1):
            row = ACTIVATIONS[str(layer.activation)]
            modules.append(row.make(layer) if row.make else row.kind())
        if layer.dropout:
            modules.append(nn.Dropout(layer.dropout))
    if model.outputs_scaled:
        modules.append(Unscale(model.outputs_scaled.mean, model.outputs_scaled.deviation))
    return nn.Sequential(*modules).eval()


def _linear(weight: Array, bias: Array) -> nn.Linear:
    linear = nn.utils.skip_init(nn.Linear, *weight.shape)  # draws no random numbers
    with torch.no_grad():
        linear.weight.copy_(torch.from_numpy(weight.T.copy()))
        linear.bias.copy_(torch.from_numpy(bias.copy()))
    return linear
