/* SPDX-License-Identifier: BSD-3-Clause */
/* What the tests of the C++ header share: a network, samples, and counts of what is allocated. */
#ifndef TP_TESTS_CPP_HPP
#define TP_TESTS_CPP_HPP

#include <tileprop/tileprop.hpp> /* alone: it brings all that it uses */

#include <cmath>
#include <cstdlib>
#include <cstring>

extern "C" {
#include "support/tap.h"
}

constexpr std::size_t N_IN = 5, N_OUT = 3, N_BATCH = 4, N_SAMPLES = 22;

inline tileprop::model_options net(tp_loss loss) {
    const tp_activation last = loss == TP_LOSS_CCE ? TP_ACTIVATION_SOFTMAX : TP_ACTIVATION_IDENTITY;
    return {N_IN, {{16, TP_ACTIVATION_TANH}, {N_OUT, last}}, loss};
}

/* Numbers in -1..1, other ones for another seed. */
inline std::vector<float> numbers(std::size_t count, unsigned seed) {
    std::vector<float> x(count);
    for (float &value : x) {
        seed = seed * 1664525 + 1013904223;
        value = static_cast<float>(seed >> 8) / 8388608 - 1;
    }
    return x;
}

inline std::vector<std::int32_t> classes(std::size_t count) {
    std::vector<std::int32_t> each(count);
    for (std::size_t i = 0; i < count; i++)
        each[i] = static_cast<std::int32_t>(i * 7 % N_OUT);
    return each;
}

template <class T> bool same(tileprop::view<const T> a, tileprop::view<const T> b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}
inline bool same(const std::vector<float> &a, const std::vector<float> &b) {
    return !a.empty() && same<float>(a, b);
}

/* An allocator that counts. */
struct counter {
    int calls = 0, held = 0;

    tp_allocator hooks() noexcept {
        return {[](void *user, std::size_t alignment, std::size_t size) noexcept {
                    auto *self = static_cast<counter *>(user);
                    self->calls++;
                    self->held++;
                    return std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
                },
                [](void *user, void *block) noexcept {
                    static_cast<counter *>(user)->held--;
                    std::free(block);
                },
                this};
    }
};

#endif
