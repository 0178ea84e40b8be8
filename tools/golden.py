#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Trains small networks with PyTorch and writes their losses to tests/golden, for tests/test_golden.c.

Debian's python3-torch 1.13.1 made the files that are there; run it again as: /usr/bin/python3 tools/golden.py
Double precision, so that the files tell what the formulas give; whatever both sides are given (data, parameters and
options) is exact in single precision. Differences between the two systems, which are settled here:
- PyTorch's weights are [outputs, inputs], ours [inputs, outputs].
- PyTorch decays all parameters, tileprop the weights, not the biases: two groups of parameters.
- BCE is the sum over the outputs and the mean over the samples, MSE and Poisson the mean over both, CCE the mean over
  the samples.
The rest agrees: v = mu v + g with Nesterov's step along g + mu v, the first v being g; Adam's epsilon is added to the
square root after the correction of its bias; L2 decay is added to the gradient, AdamW's is r decay w before the step.
"""
import json
import os
import textwrap

import torch

WIDTHS = [6, 8, 3]
SAMPLES = 22
STEPS = 100
BATCHES = [SAMPLES, 8]  # 8, 8, 6, 8, 8, 6, ...
OPTIONS = {"momentum": 0.875, "beta1": 0.875, "beta2": 0.96875, "epsilon": 2.0**-7, "weight_decay": 2.0**-6}
RATES = {"sgd": 0.125, "momentum": 0.03125, "nesterov": 0.03125, "adam": 0.03125, "adamw": 0.03125}
ACTIVATIONS = {"relu": torch.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid}
LOSSES = ["mse", "bce", "cce", "poisson"]
FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "golden")


def draw(generator, *shape):
    """Multiples of 2^-10 around 0, most of them within -1..1."""
    return torch.round(torch.randn(*shape, generator=generator, dtype=torch.float64) * 512) / 1024


def make_targets(loss, x):
    score = x[:, : WIDTHS[-1]] * 2 - x[:, WIDTHS[-1] :]
    if loss == "mse":
        return torch.round(torch.sin(3 * score) * 1024) / 1024
    if loss == "poisson":
        return torch.floor(2 * score.abs())
    return (score > 0).double() if loss == "bce" else score.argmax(1)


def make_loss(loss, z, y):
    if loss == "mse":
        return torch.nn.functional.mse_loss(z, y)
    if loss == "bce":
        return torch.nn.functional.binary_cross_entropy_with_logits(z, y, reduction="none").sum(1).mean()
    if loss == "poisson":
        return torch.nn.functional.poisson_nll_loss(z, y)
    return torch.nn.functional.cross_entropy(z, y)


def make_optimizer(kind, weights, biases):
    groups = [{"params": weights, "weight_decay": OPTIONS["weight_decay"]}, {"params": biases, "weight_decay": 0}]
    if kind in ("adam", "adamw"):
        make = torch.optim.Adam if kind == "adam" else torch.optim.AdamW
        betas = (OPTIONS["beta1"], OPTIONS["beta2"])
        return make(groups, lr=RATES[kind], betas=betas, eps=OPTIONS["epsilon"])
    momentum = 0 if kind == "sgd" else OPTIONS["momentum"]
    return torch.optim.SGD(groups, lr=RATES[kind], momentum=momentum, nesterov=kind == "nesterov")


def train(activation, loss, kind, batch, start, x, y):
    """The loss of each batch before its step."""
    weights = [w.clone().requires_grad_() for w, _ in start]
    biases = [b.clone().requires_grad_() for _, b in start]
    optimizer = make_optimizer(kind, weights, biases)
    losses = []
    while len(losses) < STEPS:
        for first in range(0, SAMPLES, batch):
            hidden = ACTIVATIONS[activation](x[first : first + batch] @ weights[0] + biases[0])
            value = make_loss(loss, hidden @ weights[1] + biases[1], y[first : first + batch])
            losses.append(value.item())
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
    return losses[:STEPS]


def make_file(activation, loss):
    generator = torch.Generator().manual_seed(1)
    x = draw(generator, SAMPLES, WIDTHS[0])
    start = [(draw(generator, WIDTHS[i], WIDTHS[i + 1]), draw(generator, WIDTHS[i + 1])) for i in range(2)]
    y = make_targets(loss, x)
    runs = []
    for kind, rate in RATES.items():
        for batch in BATCHES:
            losses = train(activation, loss, kind, batch, start, x, y)
            runs.append({"optimizer": kind, "batch": batch, "learning_rate": rate,
                         "losses": [float("%.10g" % value) for value in losses]})
    content = {"made_by": "PyTorch " + torch.__version__, "activation": activation, "loss": loss, "widths": WIDTHS,
               "samples": SAMPLES, "x": x.flatten().tolist(),
               "parameters": torch.cat([p.flatten() for pair in start for p in pair]).tolist(),
               "targets": y.flatten().tolist(), **OPTIONS, "runs": runs}
    with open(os.path.join(FOLDER, "%s_%s.json" % (activation, loss)), "w", encoding="ascii") as file:
        file.write(textwrap.fill(json.dumps(content), 118, break_on_hyphens=False) + "\n")


torch.set_num_threads(1)
for name in ACTIVATIONS:
    for objective in LOSSES:
        make_file(name, objective)
