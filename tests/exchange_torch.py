#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Compares models that came from PyTorch, and went there, with PyTorch's own predictions.

    /usr/bin/python3 tests/exchange_torch.py PROGRAM

Files are written and read here as safetensors.torch does it, which Debian does not have.
"""
import json
import os
import struct
import subprocess
import sys
import tempfile

import numpy as np
import torch
from torch import nn

TYPES = {torch.float32: "F32", torch.float64: "F64", torch.float16: "F16", torch.bfloat16: "BF16"}
SAMPLES = 50
TOLERANCE = 1e-5

program = os.path.abspath(sys.argv[1])


def save_file(tensors, path):
    """As safetensors.torch.save_file: in the order of names."""
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name in sorted(tensors):
        tensor = tensors[name].contiguous()
        words = tensor.view(torch.int16) if tensor.dtype == torch.bfloat16 else tensor
        end = len(data) + words.numpy().nbytes
        header[name] = {"dtype": TYPES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [len(data), end]}
        data += words.numpy().tobytes()
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def load_file(path):
    """As safetensors.torch.load_file, of F32."""
    with open(path, "rb") as file:
        contents = file.read()
    begin = 8 + struct.unpack("<Q", contents[:8])[0]
    header = json.loads(contents[8:begin])
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        first, last = entry["data_offsets"]
        assert entry["dtype"] == "F32"
        data = bytearray(contents[begin + first : begin + last])
        tensors[name] = torch.frombuffer(data, dtype=torch.float32).reshape(entry["shape"])
    return tensors


def run(*arguments):
    result = subprocess.run([program, *arguments], capture_output=True, text=True)
    if result.returncode:
        sys.exit(f"{' '.join(arguments)}: {result.stderr}")


def predict(model, x):
    np.save("x.npy", x.numpy())
    run("predict", "--model", model, "--input", "x.npy", "--format", "npy", "--output", "y.npy")
    return torch.from_numpy(np.load("y.npy"))


def check(what, expected, actual):
    difference = (expected - actual.reshape(expected.shape)).abs().max().item()
    if not difference <= TOLERANCE:
        sys.exit(f"{what}: predictions differ by {difference}")
    print(f"{what}: predictions differ by at most {difference:.1e}")


def from_torch():
    nets = {
        "relu,leaky_relu,softmax": [nn.Linear(7, 20), nn.ReLU(), nn.Dropout(0.2), nn.Linear(20, 17), nn.LeakyReLU(0.01),
                                    nn.Linear(17, 5), nn.Softmax(dim=1)],
        "tanh,gelu,silu,sigmoid": [nn.Linear(7, 9), nn.Tanh(), nn.Linear(9, 33), nn.GELU(), nn.Linear(33, 18),
                                   nn.SiLU(), nn.Linear(18, 3, bias=False), nn.Sigmoid()],
        "elu,softplus,identity": [nn.Linear(7, 40), nn.ELU(), nn.Linear(40, 8), nn.Softplus(), nn.Linear(8, 1)],
    }
    x = torch.randn(SAMPLES, 7)
    for activations, layers in nets.items():
        net = nn.Sequential(*layers).eval()
        save_file(net.state_dict(), "net.safetensors")
        run("import", "net.safetensors", "model.safetensors", "--activations", activations)
        check(activations, net(x).detach(), predict("model.safetensors", x))
    for dtype in (torch.float64, torch.float16, torch.bfloat16):
        save_file({name: tensor.to(dtype) for name, tensor in net.state_dict().items()}, "net.safetensors")
        run("import", "net.safetensors", "model.safetensors", "--activations", activations)
        check(TYPES[dtype], net.to(dtype).float()(x).detach(), predict("model.safetensors", x))


class Classifier(nn.Module):
    """With names of its own, and a tensor that is no layer's."""

    def __init__(self):
        super().__init__()
        self.fc1, self.fc2, self.out = nn.Linear(7, 20), nn.Linear(20, 20), nn.Linear(20, 4)
        self.register_buffer("scale", torch.ones(1))

    def forward(self, x):
        return torch.softmax(self.out(torch.relu(self.fc2(torch.relu(self.fc1(x))))), dim=1)


def names():
    net, x = Classifier(), torch.randn(SAMPLES, 7)
    save_file(net.state_dict(), "net.safetensors")
    layers = [{"weight": f"{name}.weight", "bias": f"{name}.bias"} for name in ("fc1", "fc2", "out")]
    with open("map.json", "w") as file:
        json.dump(layers, file)
    run("import", "net.safetensors", "model.safetensors", "--map", "map.json", "--activations", "relu,softmax")
    check("names of a map", net(x).detach(), predict("model.safetensors", x))


def to_torch():
    """A trained model, and the same after another program has taken a step."""
    x = 3 + 2 * torch.randn(200, 6)
    np.savez("data.npz", x=x.numpy(), y=(x[:, 0] * x[:, 1] - x[:, 2]).numpy())
    run("train", "--data", "data.npz", "--hidden", "24,10", "--activation", "tanh", "--epochs", "5", "--dropout", "0.1",
        "--task", "regression", "--scaling", "standard", "--out", "model.safetensors")
    run("export", "model.safetensors", "net.safetensors")
    net = nn.Sequential(nn.Linear(6, 24), nn.Tanh(), nn.Dropout(0.1), nn.Linear(24, 10), nn.Tanh(), nn.Dropout(0.1),
                        nn.Linear(10, 1)).eval()
    net.load_state_dict(load_file("net.safetensors"))
    with open("net.safetensors", "rb") as file:
        contents = file.read()
    metadata = json.loads(contents[8 : 8 + struct.unpack("<Q", contents[:8])[0]])["__metadata__"]
    mean, deviation, out_mean, out_deviation = (
        torch.tensor(json.loads(metadata[key]), dtype=torch.float64)
        for key in ("input_mean", "input_deviation", "output_mean", "output_deviation")
    )
    y = net(((x.double() - mean) / deviation).float()).double() * out_deviation + out_mean
    check("a trained model", y.detach() / out_deviation, predict("model.safetensors", x) / out_deviation)

    save_file(net.state_dict(), "back.safetensors")
    run("import", "back.safetensors", "back.safetensors.model", "--like", "model.safetensors")
    run("export", "back.safetensors.model", "again.safetensors")
    assert open("again.safetensors", "rb").read() == contents, "there and back is not the same"


torch.manual_seed(1)
with tempfile.TemporaryDirectory() as scratch:
    os.chdir(scratch)
    from_torch()
    names()
    to_torch()
