#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Predicts the time of training steps on up to 64 nodes from a measured step, and plots both.

Usage: model.py MEASURED OUTPUT [--latency SECONDS] [--gbit 1,10,100]
MEASURED has lines of JSON that hosts.sh prints, and before them one with the net:
  {"widths": [1024, 1024], "parts": 64}
OUTPUT.dat, OUTPUT.svg and OUTPUT.png are written.

A step is a line of layers: backwards from the last layer to the first, forwards in the other direction. A layer's
gradients are halved log2(P) times after its backward pass, its weights are gathered in as many messages before its next
forward pass; the link carries one layer at a time. Time that messages cannot hide behind computation is exposed.
"""
import argparse
import json
import math
import os
import subprocess
import sys

NODES = (1, 2, 4, 8, 16, 32, 64)


def layers_of(widths):
    """Parameters of each layer, and its share of the products: those of inputs' gradients are not computed for the
    first one."""
    parameters = [(a + 1) * b for a, b in zip(widths, widths[1:])]
    forward = [a * b for a, b in zip(widths, widths[1:])]
    backward = [f * (1 if i == 0 else 2) for i, f in enumerate(forward)]
    total = sum(forward) + sum(backward)
    return parameters, [f / total for f in forward], [b / total for b in backward]


def transfer(parameters, nodes, gbit, latency):
    """Seconds in which a layer's gradients are halved, or its weights gathered."""
    rounds = math.log2(nodes)
    return rounds * latency + 4 * parameters * (nodes - 1) / nodes * 8 / (gbit * 1e9)


def step_time(widths, compute, nodes, gbit, latency, overlap=True):
    """Seconds of a step whose computation takes compute seconds on each node."""
    parameters, forward, backward = layers_of(widths)
    last = len(parameters) - 1
    messages = [transfer(p, nodes, gbit, latency) if nodes > 1 else 0 for p in parameters]
    if not overlap:
        return compute + 2 * sum(messages)
    clock = link = 0.0
    for i in range(last, -1, -1):
        clock += backward[i] * compute
        link = max(link, clock) + messages[i]
    ready = link
    for i in range(last + 1):  # the gathering of weights, in the order in which they are used
        ready += messages[i]
        clock = max(clock, ready) + forward[i] * compute
    return clock


def read(path):
    with open(path, encoding="utf-8") as file:
        lines = [json.loads(line) for line in file if line.strip()]
    return lines[0], lines[1:]


def compute_of(runs):
    """Seconds of computation of one sample, from the runs without messages."""
    alone = [run["step"] * run["ranks"] / run["batch"] for run in runs if run["mode"] == "alone"]
    if not alone:
        sys.exit("model.py: MEASURED has no run of the mode alone")
    return min(alone)


def predict(net, runs, latency, gbits):
    """Rows: gbit, nodes, efficiency with the batch of one node cut up (strong) and of each node (weak)."""
    batch = runs[0]["batch"]
    whole = batch * compute_of(runs)
    most = [n for n in NODES if n <= net["parts"]]
    for gbit in gbits:
        for nodes in most:
            strong = step_time(net["widths"], whole / nodes, nodes, gbit, latency)
            weak = step_time(net["widths"], whole, nodes, gbit, latency)
            yield gbit, nodes, whole / strong / nodes, whole / weak


def compare(net, runs, latency):
    """Measured steps beside predicted ones."""
    for run in runs:
        if run["mode"] != "alone":
            beside = ("alone", run["gbit"], run["ranks"])
            alone = next(r["step"] for r in runs if (r["mode"], r["gbit"], r["ranks"]) == beside)
            predicted = step_time(net["widths"], alone, run["ranks"], run["gbit"], latency, run["mode"] == "overlap")
            yield run, alone, predicted


def write(path, net, runs, latency, gbits):
    with open(path, "w", encoding="utf-8") as file:
        for gbit in gbits:
            file.write(f'"{gbit:g} Gbit/s, predicted"\n')
            for row in predict(net, runs, latency, [gbit]):
                file.write("%g %d %.4f %.4f\n" % row)
            file.write("\n\n")
        file.write('"measured (Gbit/s)"\n')
        for run, alone, _ in compare(net, runs, latency):
            if run["mode"] == "overlap":
                file.write(f'{run["gbit"]} {run["ranks"]} {alone / run["step"]:.4f}\n')


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("measured")
    parser.add_argument("output")
    parser.add_argument("--latency", type=float, default=50e-6)
    parser.add_argument("--gbit", default="1,10,100")
    arguments = parser.parse_args()
    net, runs = read(arguments.measured)
    gbits = [float(g) for g in arguments.gbit.split(",")]
    print("gbit nodes mode      step     alone    exposed  predicted step")
    for run, alone, predicted in compare(net, runs, arguments.latency):
        print(f'{run["gbit"]:4d} {run["ranks"]:5d} {run["mode"]:8} {run["step"]:8.4f} {alone:8.4f} '
              f'{run["step"] - alone:8.4f} {predicted:8.4f}')
    print("gbit nodes strong weak (predicted efficiency)")
    for row in predict(net, runs, arguments.latency, gbits):
        print("%4g %5d %6.3f %6.3f" % row)
    write(arguments.output + ".dat", net, runs, arguments.latency, gbits)
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "scaling.gp")
    subprocess.run(["gnuplot", "-c", script, arguments.output + ".dat", arguments.output, str(len(gbits))], check=True)


if __name__ == "__main__":
    main()
