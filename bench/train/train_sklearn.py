# SPDX-License-Identifier: BSD-3-Clause
"""scikit-learn as a worker of bench_train: partial_fit of its classifier, batch by batch."""
import train_worker


def make(task, x, classes):
    from sklearn.neural_network import MLPClassifier

    if task.widths[-1] == 2:  # it would make that one output
        return None
    net = MLPClassifier(hidden_layer_sizes=task.widths[1:-1], solver="adam" if task.adam else "sgd", alpha=0,
                        batch_size=task.batch, learning_rate_init=task.rate, momentum=0, nesterovs_momentum=False,
                        shuffle=False)
    labels = range(max(task.widths[-1], 2))
    net.partial_fit(x[:task.batch], classes[:task.batch], labels)  # makes the arrays that get the right weights now
    for layer, (inputs, outputs) in enumerate(zip(task.widths, task.widths[1:])):
        net.coefs_[layer][...] = train_worker.start_weights(inputs, outputs, layer)
        net.intercepts_[layer][...] = 0
    del net._optimizer

    def step(batch):
        net.partial_fit(x[batch], classes[batch])
        return net.loss_

    return step


def load(threads):
    import sklearn
    import sklearn.neural_network
    import threadpoolctl

    threadpoolctl.threadpool_limits(threads)
    pools = [pool for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"]
    blas, core = "unknown", "unknown"
    if pools:
        blas = f"{pools[0]['internal_api']} {pools[0].get('version')}"
        core = str(pools[0].get("architecture"))
    return make, f"{sklearn.__version__}, BLAS {blas}", core


train_worker.serve(load)
