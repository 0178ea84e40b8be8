#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Training from files that are four times as large as the memory that the process may have gives the same model as from
# memory. RLIMIT_DATA counts private memory that can be written, and not maps of files; where control groups can be
# made, one counts pages of files too.
# Usage: larger.sh PROGRAM WRITER
set -u

program=$1
writer=$2
source=$(cd "$(dirname "$0")/.." && pwd)
. "$source/tests/scratch.sh"
export OMP_NUM_THREADS=1
limit=8192 # KiB
rows=$((4 * 1024 * limit / 785 / 4 + 1))

# train FILE MODEL
train() {
    "$program" train --data "$1" --hidden 8 --epochs 1 --scaling standard --out "$2" >out 2>err
}

# limited COMMAND...
limited() (
    # shellcheck disable=SC3045 # dash and bash have it
    ulimit -d $limit && "$@"
)

skip() {
    checks=$((checks + 1))
    echo "ok $checks - # SKIP $1"
    echo "${0##*/}: SKIPPED: $1" >&2
}

# same FILE MODEL
same() {
    limited train "$1" limited && cmp limited "$2"
    result "$1 trains within $limit KiB as from memory"
}

"$writer" $rows
result "samples are written"
gzip -1 <u8.idx >u8.idx.gz && train u8.idx.gz bytes && train f4.idx floats
result "from memory: compressed bytes, and floats in another order"
same u8.idx bytes
same u8.idx.gz bytes
same f4.idx floats
same f4.npy floats
limited "$program" convert --data f4.npy --out f4.npz >out 2>err
result "conversion to NPZ within $limit KiB"
if limited train f4.npz converted; then
    "$program" train --data f4.npz --hidden 8 --epochs 1 --scaling standard --out unlimited >out 2>err &&
        cmp converted unlimited
    result "NPZ trains within $limit KiB as without a limit"
elif grep -q "without libzip" err; then
    skip "NPZ: the library was built without libzip"
else
    false
    result "NPZ trains within $limit KiB"
fi
if [ -e chunked.h5 ]; then
    same contiguous.h5 floats
    same chunked.h5 floats
else
    skip "HDF5: the library was built without it"
fi

# ------------------------------------------------------------------------------------------------------ control groups

group=
for place in /sys/fs/cgroup/memory /sys/fs/cgroup; do
    [ "$(id -u)" -eq 0 ] && mkdir "$place/tileprop-larger-$$" 2>err || continue
    group=$place/tileprop-larger-$$
    echo 16777216 >"$group/memory.limit_in_bytes" 2>err || echo 16777216 >"$group/memory.max" 2>err && break
    rmdir "$group"
    group=
done
if [ -n "$group" ]; then
    dd of=f4.npy oflag=nocache conv=notrunc,fdatasync count=0 2>err # no page of it is counted elsewhere
    trap 'sleep 0.1; rmdir "$group"; rm -rf "$work"' EXIT
    # In the order of the file: with pages read again and again for samples here and there it would take minutes.
    in_order="--data f4.npy --hidden 8 --epochs 1 --scaling standard --no-shuffle"
    # shellcheck disable=SC2086 # a list of options
    "$program" train $in_order --out ordered >out 2>err &&
        sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$group" "$program" train $in_order --out grouped >out 2>err &&
        cmp grouped ordered
    result "a control group with half as much memory as the file has bytes, for its pages too"
else
    skip "no control group with a limit of memory can be made"
fi

echo "1..$checks"
[ $failures -eq 0 ]
