/* SPDX-License-Identifier: BSD-3-Clause */
#include "timing.h"

double bench_peak_of_team(const char *isa, int threads, double seconds) {
    double gflops = 0;
#pragma omp parallel num_threads(threads) reduction(+ : gflops)
    {
#pragma omp barrier
        gflops += bench_fma(isa, seconds);
    }
    return gflops;
}
