/* SPDX-License-Identifier: BSD-3-Clause */
/* What the benchmarks share: a clock, and the speed at which this core can do fused multiply-adds. */
#ifndef TP_BENCH_TIMING_H
#define TP_BENCH_TIMING_H

/* Seconds on a clock that only goes forward. */
double bench_now(void);

/* GFLOP/s of one thread doing nothing but independent fused multiply-adds as wide as the instruction set of this name,
 * for at least so many seconds; 0 if the name is unknown here. */
double bench_fma(const char *isa, double seconds);

/* The same of so many threads that do it at the same time. */
double bench_peak_of_team(const char *isa, int threads, double seconds);

/* Of at least one value; sorts them. */
double bench_median(double *values, int count);

#endif
