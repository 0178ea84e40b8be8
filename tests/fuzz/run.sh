#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# sh run.sh SEEDS_PROGRAM TARGET_PROGRAM NAME: runs a fuzz target on its seeds, on the inputs of its earlier runs, which
# are kept in the build directory, and on new ones for 8 seconds, with TILEPROP_TEST_LONG=1 for 10 minutes. Fails if an
# input crashes, leaks, takes too long or too much memory, and says how to run it again. Prints a summary line.
set -u

seeds_program=$1
target=$2
name=$3
here=$(cd "$(dirname "$0")" && pwd)
seconds=8
[ "${TILEPROP_TEST_LONG:-}" != 1 ] || seconds=600

corpus=$target.corpus
memory=/dev/shm # saving a model syncs it
[ -w $memory ] || memory=${TMPDIR:-/tmp}
TMPDIR=$(mktemp -d $memory/tileprop-fuzz-XXXXXX) || exit 1
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
mkdir -p "$corpus" "$TMPDIR/seeds"
"$seeds_program" "$name" "$TMPDIR/seeds" || exit 1

set -- -max_total_time=$seconds -timeout=20 -max_len=4096 -rss_limit_mb=2048 -malloc_limit_mb=64 -close_fd_mask=3 \
    -print_final_stats=1 -artifact_prefix="$target-"
[ ! -f "$here/$name.dict" ] || set -- "$@" -dict="$here/$name.dict"
log=$TMPDIR/log
"$target" "$@" "$corpus" "$TMPDIR/seeds" >"$log" 2>&1
code=$?
if [ $code -ne 0 ]; then
    tail -n 100 "$log"
    artifact=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
    echo "fuzz $name failed; again: '$target' '${artifact:-(no input was written)}'"
    exit $code
fi
awk -v name="$name" -v seconds=$seconds '
    / cov: / { for (i = 1; i < NF; i++) if ($i == "cov:") edges = $(i + 1) }
    /^stat::number_of_executed_units:/ { executions = $2 }
    END { printf "summary: fuzz %s: %d executions in %d s, %d edges\n", name, executions, seconds, edges
          exit !(executions && edges) }
' "$log"
