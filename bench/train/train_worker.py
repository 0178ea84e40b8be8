# SPDX-License-Identifier: BSD-3-Clause
"""The worker of bench_train for libraries in Python: train_worker.c, train_data.c and contestant.c say what it does."""
import ctypes
import socket
import struct
import sys
import time

import numpy

MAX_LAYERS = 16
GREETING = struct.Struct("=?64s32s128s160s")
COMMAND = struct.Struct(f"=3qd6i2qd{MAX_LAYERS + 1}q")
ANSWER = struct.Struct("=12d")
PREPARE, RUN, MEMORY = range(3)  # these workers are not asked for phases
MEAN, DEVIATION = numpy.float32(128), numpy.float32(74)
DATA_SEED, STRIDE = 1000, 1000003


class Task:
    def __init__(self, adam, inference, shuffled, layers, bf16, _parts, batch, samples, rate, *widths):
        self.adam, self.inference, self.shuffled, self.bf16 = adam, inference, shuffled, bf16
        self.batch, self.samples, self.rate = batch, samples, rate
        self.widths = widths[:layers + 1]


def hashes(count, seed):
    """As hash in train_data.c."""
    x = numpy.arange(count, dtype=numpy.uint32) * numpy.uint32(2654435761)
    x += numpy.uint32(seed * 2246822519 % 2**32)
    for shift, factor in (15, 2246822519), (13, 3266489917):
        x ^= x >> numpy.uint32(shift)
        x *= numpy.uint32(factor)
    return x ^ x >> numpy.uint32(16)


def start_weights(inputs, outputs, layer):
    limit = numpy.float32((6.0 / inputs) ** 0.5)
    unit = (hashes(inputs * outputs, layer) >> numpy.uint32(8)).astype(numpy.float32) * numpy.float32(2**-23)
    return ((unit - numpy.float32(1)) * limit).reshape(inputs, outputs)


def make_data(task):
    """Inputs, already scaled; classes; and for each batch the numbers of its samples."""
    inputs, outputs = task.widths[0], task.widths[-1]
    x = (hashes(task.samples * inputs, DATA_SEED) >> numpy.uint32(24)).astype(numpy.float32)
    x -= MEAN
    x *= numpy.float32(1) / DEVIATION
    classes = numpy.arange(task.samples) % max(outputs, 2)
    order = numpy.arange(task.samples) * (STRIDE if task.shuffled else 1) % task.samples
    return x.reshape(task.samples, inputs), classes, order.reshape(-1, task.batch)


def memory(what):
    with open("/proc/self/status", encoding="ascii") as file:
        return next(1024.0 * int(line.split()[1]) for line in file if line.startswith(what))


def restart_memory():
    ctypes.CDLL(None).malloc_trim(0)
    with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
        file.write("5")
    return memory("VmRSS:")


def library_in_use(word):
    """The file of a loaded library whose path has this word."""
    with open("/proc/self/maps", encoding="ascii") as file:
        return next((line.split()[-1] for line in file if word in line), "")


class Worker:
    """make(task, x, classes) builds a network: a function that does one step on the samples with these numbers and
    returns its loss. None if the library cannot do it."""

    def __init__(self, make):
        self.make, self.step, self.order = make, None, None
        self.loss, self.steps, self.before = 0.0, 0, 0.0

    def prepare(self, task):
        self.step, self.loss, self.steps = None, 0.0, 0
        if task.inference:
            return 0.0, 0.0
        *data, self.order = make_data(task)
        self.before = restart_memory()
        self.step = self.make(task, *data)
        restart_memory()  # copies of the first weights do not count
        return float(self.step is not None), 0.0

    def train(self, steps):
        for _ in range(steps):
            self.loss += self.step(self.order[self.steps % len(self.order)])
            self.steps += 1

    def run(self, warm_up, steps):
        self.train(warm_up)
        began = time.perf_counter()
        self.train(steps)
        return time.perf_counter() - began, self.loss / self.steps

    def obey(self, kind, warm_up, steps, _seconds, *task):
        if kind == PREPARE:
            return self.prepare(Task(*task))
        if self.step is None:
            return 0.0, 0.0
        return self.run(warm_up, steps) if kind == RUN else (memory("VmHWM:") - self.before, 0.0)


def serve(load):
    """load(threads) imports the library and returns make, its version and what it runs on."""
    line = socket.socket(fileno=0)
    make, version, core, problem = None, "", "", ""
    try:
        make, version, core = load(int(sys.argv[1]))
    except ImportError as error:
        problem = str(error)
    texts = [text.encode() for text in (version, core, sys.executable, problem)]
    line.sendall(GREETING.pack(make is not None, *(text[:size - 1] for text, size in zip(texts, (64, 32, 128, 160)))))
    worker = Worker(make)
    while make:
        command = line.recv(COMMAND.size, socket.MSG_WAITALL)
        if len(command) < COMMAND.size:
            break
        line.sendall(ANSWER.pack(*worker.obey(*COMMAND.unpack(command)), *[0.0] * 10))
