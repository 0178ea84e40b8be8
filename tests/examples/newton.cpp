/* SPDX-License-Identifier: BSD-3-Clause */
/* Newton's method on a learned map: a network learns how a plane is bent, and the solver, with the Jacobian of the
 * network, finds the point that is bent to a given one. */
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <random>

#include <tileprop/tileprop.hpp>

using point = std::array<float, 2>;

static point bend(const point &x) {
    return {x[0] + 0.3f * std::sin(2 * x[1]), x[1] - 0.4f * std::sin(2 * x[0])};
}

static void learn(tileprop::model &model) {
    constexpr size_t batch = 64;
    tileprop::workspace workspace(model, {batch, TP_MODE_TRAINING});
    tileprop::optimizer_options rule;
    rule.learning_rate = 0.01f;
    rule.total_steps = 2000;
    tileprop::optimizer optimizer(model, rule);
    std::minstd_rand random;
    std::array<float, 2 * batch> x, y;
    for (std::uint64_t step = 0; step < rule.total_steps; step++) {
        for (size_t i = 0; i < x.size(); i += 2) {
            x[i] = static_cast<float>(random() % 4001) / 2000 - 1;
            x[i + 1] = static_cast<float>(random() % 4001) / 2000 - 1;
            const point bent = bend({x[i], x[i + 1]});
            std::copy(bent.begin(), bent.end(), &y[i]);
        }
        model.train_step(workspace, optimizer, batch, x, tileprop::targets(y));
    }
}

/* Changes x until the network takes it to target; returns the number of iterations, or limit + 1. */
static int solve(const tileprop::model &model, const point &target, point &x, int limit) {
    tileprop::workspace workspace(model, {1, TP_MODE_DERIVATIVES});
    for (int iteration = 0; iteration <= limit; iteration++) {
        point y;
        std::array<float, 4> j;
        model.jacobian(workspace, 1, x, y, j);
        const point rest = {target[0] - y[0], target[1] - y[1]};
        const float residual = std::hypot(rest[0], rest[1]), determinant = j[0] * j[3] - j[1] * j[2];
        std::printf("iteration %d: residual %.1e\n", iteration, static_cast<double>(residual));
        if (residual < 1e-6f)
            return iteration;
        x[0] += (j[3] * rest[0] - j[1] * rest[1]) / determinant;
        x[1] += (j[0] * rest[1] - j[2] * rest[0]) / determinant;
    }
    return limit + 1;
}

int main() {
    try {
        tileprop::context context;
        tileprop::model model(context, {2, {{32, TP_ACTIVATION_TANH}, {32, TP_ACTIVATION_TANH}, {2}}, TP_LOSS_MSE});
        learn(model);
        const point truth = {0.5f, -0.4f};
        point x = {0, 0};
        const int iterations = solve(model, bend(truth), x, 8);
        std::printf("found %.3f %.3f, the map has %.3f %.3f there\n", static_cast<double>(x[0]),
                    static_cast<double>(x[1]), static_cast<double>(truth[0]), static_cast<double>(truth[1]));
        return iterations > 8 || std::hypot(x[0] - truth[0], x[1] - truth[1]) > 0.02f;
    } catch (const tileprop::error &error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
