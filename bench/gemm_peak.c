/* SPDX-License-Identifier: BSD-3-Clause */
#include "gemm_worker.h"
#include "timing.h"

double gemm_peak(const char *isa, int threads, double seconds) {
    double gflops = 0;
#pragma omp parallel num_threads(threads) reduction(+ : gflops)
    {
#pragma omp barrier
        gflops += bench_fma(isa, seconds);
    }
    return gflops;
}
