#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# sh bench_csv.sh BENCH_CSV [MEGABYTES]: tileprop and pandas.read_csv in turn, on the same generated file.
set -eu
program=$1
file=$(mktemp "${TMPDIR:-/tmp}/tileprop-csv-XXXXXX")
trap 'rm -f "$file"' EXIT
/usr/bin/python3 "$(dirname "$0")/csv_data.py" "$file" "${2:-500}"
for run in 1 2 3; do
    for threads in 1 2; do
        printf 'run %d, %d threads: ' $run $threads
        "$program" "$file" $threads
    done
    printf 'run %d: ' $run
    /usr/bin/python3 -c '
import sys, time, pandas
begin = time.perf_counter()
rows, columns = pandas.read_csv(sys.argv[1]).shape
print("pandas %d x %d: %.3f s" % (rows, columns, time.perf_counter() - begin))' "$file"
done
