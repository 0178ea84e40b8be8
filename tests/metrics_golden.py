#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes what scikit-learn says of some predictions, as tables for test_metrics.c.

    /usr/bin/python3 tests/metrics_golden.py >tests/metrics_golden.h

With --check FILE it compares instead: exit status 1 if FILE is not what this scikit-learn gives.
"""
import sys
import warnings

import numpy as np
from sklearn import metrics as sk

NAN = float("nan")
warnings.simplefilter("ignore")


def auc(target, score, weights):
    return sk.roc_auc_score(target, score, sample_weight=weights) if 0 < target.sum() < len(target) else NAN


def scores(target, predicted, labels, weights):
    """Per label: support, precision, recall, F1; NaN where scikit-learn warns and says 0."""
    p, r, f, n = sk.precision_recall_fscore_support(target, predicted, labels=labels, sample_weight=weights)
    w = np.ones(len(target)) if weights is None else weights
    rows = []
    for k, label in enumerate(range(len(n)) if labels is None else labels):
        is_target = target[:, k] == 1 if target.ndim > 1 else target == label
        is_predicted = predicted[:, k] == 1 if target.ndim > 1 else predicted == label
        some_t, some_p = w[is_target].sum() > 0, w[is_predicted].sum() > 0
        rows.append([w[is_target].sum(), p[k] if some_p else NAN, r[k] if some_t else NAN,
                     f[k] if some_p or some_t else NAN])
    return rows


def classes(binary, target, prediction, weights):
    count = 2 if binary else prediction.shape[1]
    labels = list(range(count))
    predicted = (prediction[:, 0] >= 0.5).astype(int) if binary else prediction.argmax(axis=1)
    each = scores(target, predicted, labels, weights)
    for k in labels:
        score = prediction[:, 0] if binary else prediction[:, k]
        each[k] += [auc(target == (1 if binary else k), score, weights)] + [NAN] * 5
    f1 = [sk.f1_score(target, predicted, average=how, sample_weight=weights) for how in ("macro", "weighted")]
    loss = sk.log_loss(target, prediction[:, 0] if binary else prediction, labels=labels, sample_weight=weights)
    one = np.mean([row[4] for row in each])
    if not binary and not np.isnan(one):
        rows = prediction / prediction.sum(axis=1, keepdims=True)
        if np.allclose(rows, prediction, atol=1e-12):
            one = sk.roc_auc_score(target, prediction, multi_class="ovr", average="macro") if weights is None else one
    return [sk.accuracy_score(target, predicted, sample_weight=weights), *f1, one, loss, NAN, NAN, NAN], each


def labels(target, prediction, weights):
    predicted = (prediction >= 0.5).astype(int)
    each = scores(target, predicted, None, weights)
    for j, row in enumerate(each):
        y, p = target[:, j], prediction[:, j]
        row += [auc(y, p, weights), sk.accuracy_score(y, predicted[:, j], sample_weight=weights),
                sk.log_loss(y, p, labels=[0, 1], sample_weight=weights), NAN, NAN, NAN]
    f1 = [sk.f1_score(target, predicted, average=how, sample_weight=weights) for how in ("macro", "weighted")]
    return [sk.accuracy_score(target, predicted, sample_weight=weights), *f1, np.mean([row[4] for row in each]),
            np.mean([row[6] for row in each]), NAN, NAN, NAN], each


def numbers(target, prediction, weights):
    each = []
    for y, p in zip(target.T, prediction.T):
        each.append([NAN] * 7 + [sk.r2_score(y, p, sample_weight=weights),
                                 sk.mean_squared_error(y, p, sample_weight=weights, squared=False),
                                 sk.mean_absolute_error(y, p, sample_weight=weights)])
    whole = [sk.r2_score(target, prediction, sample_weight=weights),
             sk.mean_squared_error(target, prediction, sample_weight=weights, squared=False),
             sk.mean_absolute_error(target, prediction, sample_weight=weights)]
    return [NAN] * 5 + whole, each


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def cases():
    random = np.random.RandomState(7)
    n = 24
    weights = np.float32(random.randint(0, 9, n) / 4).astype(float)
    for name, w in (("", None), (" weighted", weights)):
        y = random.randint(0, 2, n)
        yield "binary" + name, "BINARY", y, random.rand(n, 1), w
        yield "binary ties at 0.5" + name, "BINARY", y, random.randint(0, 5, (n, 1)) / 4, w
        yield "binary only one class" + name, "BINARY", np.ones(n, int), random.rand(n, 1), w
        yield "binary never predicted" + name, "BINARY", y, random.rand(n, 1) / 4, w
        y = random.randint(0, 4, n)
        yield "multiclass" + name, "MULTICLASS", y, softmax(3 * random.randn(n, 4)), w
        yield "multiclass ties" + name, "MULTICLASS", y, softmax(random.randint(0, 2, (n, 4)).astype(float)), w
        yield "multiclass absent class" + name, "MULTICLASS", y % 3, softmax(3 * random.randn(n, 4)), w
        never = softmax(np.hstack([3 * random.randn(n, 3), np.full((n, 1), -30.0)]))
        yield "multiclass class in neither" + name, "MULTICLASS", y % 3, never, w
        yield "multiclass zeros and ones" + name, "MULTICLASS", y, np.eye(4)[random.randint(0, 4, n)], w
        yield "multiclass rows of other sums" + name, "MULTICLASS", y, random.rand(n, 4), w
        y = random.randint(0, 2, (n, 3))
        yield "multilabel" + name, "MULTILABEL", y, random.rand(n, 3), w
        yield "multilabel ties" + name, "MULTILABEL", y, random.randint(0, 3, (n, 3)) / 2, w
        yield "multilabel absent label" + name, "MULTILABEL", y * [1, 0, 1], random.rand(n, 3), w
        y = 100 * random.randn(n, 2)
        yield "regression" + name, "REGRESSION", y, y + 10 * random.randn(n, 2), w
        yield "regression worse than the mean" + name, "REGRESSION", y, random.randn(n, 2) * 300, w
        yield "regression constant target" + name, "REGRESSION", y * [0, 1] + [3, 0], y, w
        yield "regression constant, exact" + name, "REGRESSION", y * [0, 1] + [3, 0], y * [0, 1] + [3, 0], w
        yield "regression far from 0" + name, "REGRESSION", y + 1e6, y + 1e6 + random.randn(n, 2), w
    yield "regression one sample", "REGRESSION", np.array([[1.5]]), np.array([[2.0]]), None
    yield "binary one sample", "BINARY", np.array([1]), np.array([[0.25]]), None


def number(value):
    return "NONE" if np.isnan(value) else repr(float(value))


def array(kind, name, values):
    text = ", ".join(number(v) if kind != "int32_t" else str(int(v)) for v in np.ravel(values))
    return f"static const {kind} {name}[] = {{{text}}};\n"


def write():
    text = ("/* SPDX-License-Identifier: BSD-3-Clause */\n"
            "/* Made by tests/metrics_golden.py from scikit-learn. */\n/* clang-format off */\n")
    rows = []
    for i, (name, task, target, prediction, weights) in enumerate(cases()):
        by_class = task in ("BINARY", "MULTICLASS")
        if by_class:
            whole, each = classes(task == "BINARY", target, prediction, weights)
        else:
            whole, each = (labels if task == "MULTILABEL" else numbers)(target, prediction, weights)
        text += array("double", f"prediction_{i}", prediction)
        text += array("int32_t" if by_class else "double", f"target_{i}", target)
        if weights is not None:
            text += array("float", f"weight_{i}", weights)
        text += array("double", f"each_{i}", each)
        where = f"target_{i}, NULL" if by_class else f"NULL, target_{i}"
        rows.append(f'    {{"{name}", TP_TASK_{task}, {len(target)}, {prediction.shape[1]}, {len(each)}, '
                    f'prediction_{i}, {where}, {"NULL" if weights is None else f"weight_{i}"}, each_{i},\n'
                    f'     {{{", ".join(map(number, whole))}}}}},\n')
    wrapped = []
    for line in text.splitlines():
        while len(line) > 118:
            cut = line.rindex(", ", 0, 118) + 1
            wrapped.append(line[:cut])
            line = "    " + line[cut + 1:]
        wrapped.append(line)
    return "\n".join(wrapped) + "\nstatic const struct golden golden[] = {\n" + "".join(
        "\n".join(wrap(row)) + "\n" for row in rows) + "};\n"


def wrap(row):
    for line in row.splitlines():
        while len(line) > 118:
            cut = line.rindex(", ", 0, 118) + 1
            yield line[:cut]
            line = "     " + line[cut + 1:]
        yield line


def same(a, b):
    a, b = a.replace(",", " ").split(), b.replace(",", " ").split()
    return len(a) == len(b) and all(x == y or close(x, y) for x, y in zip(a, b))


def close(x, y):
    try:
        return abs(float(x.strip("{};")) - float(y.strip("{};"))) <= 1e-9 * abs(float(x.strip("{};")))
    except ValueError:
        return False


if len(sys.argv) == 3 and sys.argv[1] == "--check":
    with open(sys.argv[2], encoding="utf-8") as file:
        sys.exit(0 if same(write(), file.read()) else "metrics_golden: the table is not what scikit-learn gives")
sys.stdout.write(write())
