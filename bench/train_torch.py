# SPDX-License-Identifier: BSD-3-Clause
"""PyTorch as a worker of bench_train: a loop as in its tutorials, with the data set in memory."""
import train_worker


def make(task, x, classes, order):
    import torch

    modules = []
    for layer, (inputs, outputs) in enumerate(zip(task.widths, task.widths[1:])):
        linear = torch.nn.Linear(inputs, outputs)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(train_worker.start_weights(inputs, outputs, layer).T))
            linear.bias.zero_()
        modules += [linear, torch.nn.ReLU()]
    net = torch.nn.Sequential(*modules[:-1])
    optimizer = (torch.optim.Adam if task.adam else torch.optim.SGD)(net.parameters(), lr=task.rate)
    binary = task.widths[-1] == 1
    criterion = torch.nn.BCEWithLogitsLoss() if binary else torch.nn.CrossEntropyLoss()
    x, order = torch.from_numpy(x), torch.from_numpy(order)
    classes = torch.from_numpy(classes).float().reshape(-1, 1) if binary else torch.from_numpy(classes)
    done = 0

    def step(count):
        nonlocal done
        total = 0.0
        for _ in range(count):
            batch = order[done % len(order)]
            optimizer.zero_grad()
            loss = criterion(net(x[batch]), classes[batch])
            loss.backward()
            optimizer.step()
            total += loss.item()
            done += 1
        return total

    return step


def load(threads):
    import torch

    torch.set_num_threads(threads)
    settings = torch.__config__.show()
    core = settings.partition("CPU capability usage: ")[2].split("\n")[0].lower()
    blas = "/".join(train_worker.library_in_use("libblas").split("/")[-2:])
    return make, f"{torch.__version__}, BLAS {blas or 'unknown'}", core


train_worker.serve(load)
