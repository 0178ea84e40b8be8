# SPDX-License-Identifier: BSD-3-Clause
"""onnx_clients.py DIRECTORY: ONNX files there are valid for onnx's checker and have shapes that it infers; OpenCV
predicts from them what the library does, within 1e-5. Prints a line for each model."""
import glob
import os
import sys

import cv2
import numpy as np
import onnx

TOLERANCE = 1e-5


def check_file(path):
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    assert [(o.domain, o.version) for o in model.opset_import] == [("", 13)], model.opset_import
    for value in (model.graph.input[0], model.graph.output[0]):
        assert value.type.tensor_type.shape.dim[0].dim_param == "N", value
    keys = [prop.key for prop in model.metadata_props]
    assert "tileprop.loss" in keys and "note.author" in keys and len(set(keys)) == len(keys), keys
    return model.graph


def predict(net, x):
    net.setInput(x)
    return net.forward().reshape(len(x), -1)


def largest_error(path, x, y):
    """Relative to the largest of the outputs, if that is above 1."""
    worst = 0.0
    for batch in (1, len(x)):
        net = cv2.dnn.readNetFromONNX(path)
        z = predict(net, x[:batch])
        worst = max(worst, float(np.max(np.abs(z - y[:batch]) / np.maximum(1, np.abs(y[:batch])))))
    return worst


def main():
    paths = sorted(glob.glob(os.path.join(sys.argv[1], "*.onnx")))
    failures = 0 if paths else 1
    for path in paths:
        graph = check_file(path)
        x = np.fromfile(path[:-5] + ".x", np.float32)
        y = np.fromfile(path[:-5] + ".y", np.float32)
        inputs, outputs = (value.type.tensor_type.shape.dim[1].dim_value for value in (graph.input[0], graph.output[0]))
        error = largest_error(path, x.reshape(-1, inputs), y.reshape(-1, outputs))
        failures += not error <= TOLERANCE
        print(f"{os.path.basename(path)}: {len(graph.node)} nodes, largest error {error:.2e}")
    return failures != 0


if __name__ == "__main__":
    sys.exit(main())
