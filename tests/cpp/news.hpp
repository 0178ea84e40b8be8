/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_TESTS_NEWS_HPP
#define TP_TESTS_NEWS_HPP

#include <atomic>

/* Calls of operator new so far. */
extern std::atomic<int> news;

#endif
