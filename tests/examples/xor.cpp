/* SPDX-License-Identifier: BSD-3-Clause */
/* XOR in C++17, errors as exceptions.
 *   c++ -std=c++17 xor.cpp $(pkg-config --cflags --libs tileprop) -o xor */
#include <cstdio>
#include <tileprop/tileprop.hpp>

int main() {
    const float x[] = {0, 0, 0, 1, 1, 0, 1, 1};
    const std::int32_t classes[] = {0, 1, 1, 0};
    float y[8];
    tileprop::context context;
    tileprop::model model(context, {2, {{8, TP_ACTIVATION_TANH}, {2, TP_ACTIVATION_SOFTMAX}}});
    tileprop::train_options options;
    options.epochs = 200, options.optimizer.learning_rate = 0.05f;
    tileprop::trainer(model, tileprop::data(4, 2, x).set_classes(classes), options).run();
    tileprop::workspace workspace(model, 4);
    model.forward(workspace, 4, x, y);
    for (int i = 0; i < 4; i++)
        std::printf("%g xor %g is 1 with probability %.3f\n", double{x[2 * i]}, double{x[2 * i + 1]},
                    double{y[2 * i + 1]});
    return y[0] > 0.9f && y[3] > 0.9f && y[5] > 0.9f && y[6] > 0.9f ? 0 : 1;
}
