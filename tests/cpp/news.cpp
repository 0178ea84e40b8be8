/* SPDX-License-Identifier: BSD-3-Clause */
/* Counts what new allocates; in a source of its own, because compilers know what the usual functions do. */
#include "news.hpp"

#include <cstdlib>
#include <new>

std::atomic<int> news;

void *operator new(std::size_t size, const std::nothrow_t &) noexcept {
    news++;
    return std::malloc(size);
}
void *operator new(std::size_t size) {
    if (void *block = operator new(size, std::nothrow))
        return block;
    throw std::bad_alloc();
}
void operator delete(void *block) noexcept {
    std::free(block);
}
void operator delete(void *block, std::size_t) noexcept {
    std::free(block);
}
