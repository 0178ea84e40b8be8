# SPDX-License-Identifier: BSD-3-Clause
"""Six public tables, the same net everywhere: what is learnt and how long it takes with tileprop, scikit-learn, PyTorch
and FANN. Split, architecture (100 ReLU), optimiser (Adam, rate 0.001), batch (32) and epochs (200) are the same; FANN,
which has neither ReLU nor Adam, runs with its symmetric sigmoid and RPROP over the whole set. Everyone has one thread.

    python3 bench/tables.py PROGRAM DIRECTORY [--quick]

PROGRAM is the command-line program. Its time is that of the whole process: it reads a CSV file, scales, trains, and
saves the model. The time of the others is that of training alone, on arrays that are read and scaled.
Writes DIRECTORY/tables.txt, tables.json, and tables.dat for tables.gp, and the tables themselves as CSV files.
"""
import csv
import ctypes
import json
import os
import statistics
import subprocess
import sys
import time

import numpy
import threadpoolctl
import torch
from sklearn import datasets, metrics, model_selection, neural_network, preprocessing

SETS = ("iris", "wine", "breast_cancer", "digits", "diabetes", "linnerud")
REGRESSION = ("diabetes", "linnerud")
HIDDEN, BATCH, EPOCHS, RATE = 100, 32, 200, 1e-3


class Split:
    """One split of one table: features and targets of both parts; classes are numbers."""

    def __init__(self, name, seed):
        loaded = datasets.__dict__["load_" + name]()
        self.name, self.regression = name, name in REGRESSION
        self.features = [f"x{i + 1}" for i in range(loaded.data.shape[1])]
        target = loaded.target.reshape(len(loaded.data), -1)
        self.targets = [f"y{i + 1}" for i in range(target.shape[1])]
        parts = model_selection.train_test_split(loaded.data, target, test_size=0.25, random_state=seed,
                                                 stratify=None if self.regression else target)
        self.train_x, self.test_x, self.train_y, self.test_y = parts

    def write(self, directory):
        """The CSV files that the program reads; classes as names, as in most tables."""
        paths = []
        for part, x, y in (("train", self.train_x, self.train_y), ("test", self.test_x, self.test_y)):
            paths.append(os.path.join(directory, f"{self.name}-{part}.csv"))
            with open(paths[-1], "w", newline="", encoding="utf-8") as file:
                rows = csv.writer(file)
                rows.writerow(self.features + self.targets)
                for values, target in zip(x, y):
                    rows.writerow(list(map(repr, map(float, values))) +
                                  [repr(float(t)) if self.regression else f"class {t}" for t in target])
        return paths

    def scaled(self):
        scaler = preprocessing.StandardScaler().fit(self.train_x)
        return scaler.transform(self.train_x), scaler.transform(self.test_x)

    def score(self, predicted):
        if self.regression:
            return metrics.r2_score(self.test_y, predicted)
        return metrics.accuracy_score(self.test_y.ravel(), predicted)


def run_program(program, directory, split, seed):
    train, test = split.write(directory)
    model = os.path.join(directory, "model.safetensors")
    machine = ["--threads", "1"]
    began = time.perf_counter()
    subprocess.run([program, "train", "--data", train, "--target", ",".join(split.targets), "--hidden", str(HIDDEN),
                    "--batch", str(BATCH), "--epochs", str(EPOCHS), "--optimizer", "adam", "--lr", str(RATE),
                    "--schedule", "constant", "--seed", str(seed), "--out", model, "--quiet", *machine], check=True,
                   stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - began
    text = subprocess.run([program, "predict", "--model", model, "--input", test, "--format", "csv", *machine],
                          check=True, capture_output=True, text=True).stdout
    rows = list(csv.DictReader(text.splitlines()))
    if split.regression:
        return [[float(row[target]) for target in split.targets] for row in rows], seconds
    return [int(row["prediction"].removeprefix("class ")) for row in rows], seconds


def run_sklearn(split, seed):
    x, test = split.scaled()
    kind = neural_network.MLPRegressor if split.regression else neural_network.MLPClassifier
    net = kind((HIDDEN,), alpha=0, batch_size=BATCH, learning_rate_init=RATE, max_iter=EPOCHS, tol=0,
               n_iter_no_change=EPOCHS, random_state=seed)
    scaler = preprocessing.StandardScaler().fit(split.train_y)
    y = scaler.transform(split.train_y) if split.regression else split.train_y
    y = y.ravel() if y.shape[1] == 1 else y
    began = time.perf_counter()
    net.fit(x, y)
    seconds = time.perf_counter() - began
    predicted = net.predict(test)
    if split.regression:
        predicted = scaler.inverse_transform(predicted.reshape(len(test), -1))
    return predicted, seconds


def run_torch(split, seed):
    torch.manual_seed(seed)
    x, test = (torch.tensor(part, dtype=torch.float32) for part in split.scaled())
    scaler = preprocessing.StandardScaler().fit(split.train_y)
    if split.regression:
        y, outputs, criterion = torch.tensor(scaler.transform(split.train_y), dtype=torch.float32), None, \
            torch.nn.MSELoss()
    else:
        y, outputs, criterion = torch.tensor(split.train_y.ravel()), int(split.train_y.max()) + 1, \
            torch.nn.CrossEntropyLoss()
    net = torch.nn.Sequential(torch.nn.Linear(x.shape[1], HIDDEN), torch.nn.ReLU(),
                              torch.nn.Linear(HIDDEN, outputs or y.shape[1]))
    optimizer = torch.optim.Adam(net.parameters(), lr=RATE)
    began = time.perf_counter()
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(x)).split(BATCH):
            optimizer.zero_grad()
            criterion(net(x[batch]), y[batch]).backward()
            optimizer.step()
    seconds = time.perf_counter() - began
    with torch.no_grad():
        predicted = net(test).numpy()
    return scaler.inverse_transform(predicted) if split.regression else predicted.argmax(1), seconds


class Fann:
    """libfann2 of Debian, through ctypes."""

    SYMMETRIC_SIGMOID, SIGMOID, LINEAR = 5, 3, 0

    def __init__(self):
        self.library = ctypes.CDLL("libfann.so.2")
        for name in "fann_create_standard_array", "fann_create_train_from_callback":
            getattr(self.library, name).restype = ctypes.c_void_p
        self.library.fann_run.restype = ctypes.POINTER(ctypes.c_float)

    def data(self, x, y):
        kind = ctypes.CFUNCTYPE(None, ctypes.c_uint, ctypes.c_uint, ctypes.c_uint, ctypes.POINTER(ctypes.c_float),
                                ctypes.POINTER(ctypes.c_float))

        def fill(row, inputs, outputs, to_x, to_y):
            ctypes.memmove(to_x, x[row].ctypes.data, 4 * inputs)
            ctypes.memmove(to_y, y[row].ctypes.data, 4 * outputs)

        return ctypes.c_void_p(self.library.fann_create_train_from_callback(len(x), x.shape[1], y.shape[1], kind(fill)))

    def run(self, split, seed):
        x, test = (numpy.ascontiguousarray(part, dtype=numpy.float32) for part in split.scaled())
        scaler = preprocessing.StandardScaler().fit(split.train_y)
        if split.regression:
            y = scaler.transform(split.train_y)
        else:
            y = split.train_y == numpy.arange(split.train_y.max() + 1)
        y = numpy.ascontiguousarray(y, dtype=numpy.float32)
        ctypes.CDLL(None).srand(seed)
        widths = (ctypes.c_uint * 3)(x.shape[1], HIDDEN, y.shape[1])
        net = ctypes.c_void_p(self.library.fann_create_standard_array(3, widths))
        self.library.fann_set_activation_function_hidden(net, self.SYMMETRIC_SIGMOID)
        self.library.fann_set_activation_function_output(net, self.LINEAR if split.regression else self.SIGMOID)
        data = self.data(x, y)
        began = time.perf_counter()
        for _ in range(EPOCHS):
            self.library.fann_train_epoch(net, data)
        seconds = time.perf_counter() - began
        predicted = numpy.array([self.library.fann_run(net, row.ctypes.data_as(ctypes.c_void_p))[:y.shape[1]]
                                 for row in test])
        self.library.fann_destroy_train(data)
        self.library.fann_destroy(net)
        return scaler.inverse_transform(predicted) if split.regression else predicted.argmax(1), seconds


def measure(program, directory, seeds):
    """results[set][contestant]: a list of (metric, seconds)."""
    contestants = {
        "tileprop": lambda split, seed: run_program(program, directory, split, seed),
        "scikit-learn": run_sklearn,
        "PyTorch": run_torch,
        "FANN": Fann().run,
    }
    results = {name: {contestant: [] for contestant in contestants} for name in SETS}
    for seed in seeds:  # in turns: clock rates and neighbours change by the minute
        for name in SETS:
            split = Split(name, seed)
            for contestant, run in contestants.items():
                predicted, seconds = run(split, seed)
                results[name][contestant].append((float(split.score(predicted)), seconds))
    return results


def summarize(runs):
    scores, seconds = zip(*runs)
    return statistics.mean(scores), statistics.pstdev(scores), statistics.median(seconds)


def write(results, directory):
    contestants = list(results[SETS[0]])
    with open(os.path.join(directory, "tables.json"), "w", encoding="utf-8") as file:
        json.dump(results, file, indent=1)
    with open(os.path.join(directory, "tables.dat"), "w", encoding="utf-8") as file:
        print("set", *(f'"{c}" "{c} deviation" "{c} seconds"' for c in contestants), file=file)
        for name in SETS:
            row = (f"{value:.6g}" for c in contestants for value in summarize(results[name][c]))
            print(f'"{name.replace("_", " ")}"', *row, file=file)
    with open(os.path.join(directory, "tables.txt"), "w", encoding="utf-8") as file:
        print(f'{"set":14} {"metric":8}', *(f"{c:>24}" for c in contestants), file=file)
        for name in SETS:
            cells = (f"{mean:.3f} +- {deviation:.3f} {1000 * seconds:6.0f} ms"
                     for mean, deviation, seconds in (summarize(results[name][c]) for c in contestants))
            print(f'{name:14} {"R2" if name in REGRESSION else "accuracy":8}', *(f"{cell:>24}" for cell in cells),
                  file=file)


def main():
    program, directory, *quick = sys.argv[1:]
    os.makedirs(directory, exist_ok=True)
    torch.set_num_threads(1)
    with threadpoolctl.threadpool_limits(1):
        write(measure(program, directory, range(2 if quick else 5)), directory)


if __name__ == "__main__":
    import warnings
    warnings.filterwarnings("ignore", category=UserWarning)  # scikit-learn's, that 200 epochs may not have converged
    main()
