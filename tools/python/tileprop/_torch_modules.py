# SPDX-License-Identifier: BSD-3-Clause
"""PyTorch's modules for what the library has, and those that PyTorch lacks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable

import torch
from torch import nn

from .model import Layer


class Scale(nn.Module):  # type: ignore[misc]
    """(x - mean) / deviation in double, rounded once to the type of x. mean, deviation : one number, or one for each
    input; buffers of float64."""

    mean: torch.Tensor
    deviation: torch.Tensor

    def __init__(self, mean: Any, deviation: Any) -> None:
        super().__init__()
        self.register_buffer("mean", torch.as_tensor(mean, dtype=torch.float64))
        self.register_buffer("deviation", torch.as_tensor(deviation, dtype=torch.float64))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x : (..., inputs)."""
        return ((x.double() - self.mean.double()) * (1 / self.deviation.double())).to(x.dtype)

    def extra_repr(self) -> str:
        """What print shows."""
        return f"mean={self.mean.tolist()}, deviation={self.deviation.tolist()}"


class Unscale(Scale):
    """x deviation + mean in double, rounded once: what Scale does, undone."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x : (..., outputs)."""
        return (x.double() * self.deviation.double() + self.mean.double()).to(x.dtype)


class Exp(nn.Module):  # type: ignore[misc]
    """exp(x), the last activation of models with the loss "poisson"."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x of any shape."""
        return x.exp()


@dataclass(frozen=True)
class Activation:
    """PyTorch's module for an activation: how it is made from a layer, its slope, and which of its kind fit."""

    kind: type[nn.Module]
    make: Callable[[Layer], nn.Module] | None = None
    slope: Callable[[Any], float] = lambda module: 0.0
    fits: Callable[[Any], bool] = lambda module: True
    needs: str = ""


ACTIVATIONS = {
    "relu": Activation(nn.ReLU),
    "leaky_relu": Activation(
        nn.LeakyReLU,
        lambda layer: nn.LeakyReLU(layer.slope),
        lambda module: module.negative_slope,
        lambda module: 0 <= module.negative_slope <= 1,
        "negative_slope must be from 0 to 1",
    ),
    "sigmoid": Activation(nn.Sigmoid),
    "tanh": Activation(nn.Tanh),
    "softmax": Activation(
        nn.Softmax,
        lambda layer: nn.Softmax(dim=-1),
        fits=lambda module: module.dim in (-1, 1, None),
        needs="dim must be 1 or -1",
    ),
    "elu": Activation(
        nn.ELU,
        lambda layer: nn.ELU(layer.slope),
        lambda module: module.alpha,
        lambda module: module.alpha > 0,
        "alpha must be positive",
    ),
    "softplus": Activation(
        nn.Softplus,
        fits=lambda module: module.beta == 1 and module.threshold >= 15,
        needs="beta must be 1, and threshold at least 15",
    ),
    "silu": Activation(nn.SiLU),
    "gelu": Activation(
        nn.GELU,
        fits=lambda module: getattr(module, "approximate", "none") == "none",
        needs="approximate must be 'none'",
    ),
    "exp": Activation(Exp),
}
NAMES = {row.kind: name for name, row in ACTIVATIONS.items()}
OTHERS = (nn.Sequential, nn.Linear, nn.Dropout, nn.Flatten, nn.Identity, Scale, Unscale)
LOSSES = {"softmax": "cce", "sigmoid": "bce", "exp": "poisson"}  # of a last activation
