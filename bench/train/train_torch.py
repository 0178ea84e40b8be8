# SPDX-License-Identifier: BSD-3-Clause
"""PyTorch as a worker of bench_train: a loop as in its tutorials, with the data set in memory."""
import train_worker


def make(task, x, classes):
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
    x = torch.from_numpy(x)
    classes = torch.from_numpy(classes).float().reshape(-1, 1) if binary else torch.from_numpy(classes)

    def step(batch):
        optimizer.zero_grad()
        batch = torch.from_numpy(batch)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bool(task.bf16)):
            outputs = net(x[batch])
        loss = criterion(outputs.float(), classes[batch])
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def load(threads):
    import torch

    torch.set_num_threads(threads)
    settings = torch.__config__.show()
    core = settings.partition("CPU capability usage: ")[2].split("\n")[0].lower()
    blas = "/".join(train_worker.library_in_use("libblas").split("/")[-2:])
    return make, f"{torch.__version__}, BLAS {blas or 'unknown'}", core


train_worker.serve(load)
