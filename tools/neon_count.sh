#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Counts, without the hardware, the arm64 instructions that a matrix product takes in tileprop, OpenBLAS and BLIS:
# cross-compiles tileprop, runs 1 and then 3 products of two cubes on one thread under qemu with a plugin that counts,
# and takes the difference, so that start-up cancels. Two numbers for each library and core that it can be told to use:
# instructions per FLOP (2 SIZE^3 of them; 0.125 would be multiply-adds of four floats and nothing else), and per
# multiply-add.
# The counts are exact, but say nothing of how many cycles they take, and blocks are for the caches of the machine that
# qemu runs on. `sh tools/setup.sh neon` installs what this needs, which it calls.
# Usage: neon_count.sh [SIZE]
set -eu

cd "$(dirname "$0")/.."
size=${1:-256}
root=$PWD/build/aarch64-root
peers=$PWD/build/aarch64-peers
build=$PWD/build/neon-count
libraries=usr/lib/aarch64-linux-gnu
build_programs() {
    cmake --preset aarch64 -B "$build" -D TILEPROP_BUILD_CBLAS=ON -D TILEPROP_BUILD_TOOLS=OFF \
        -D TILEPROP_BUILD_BENCH=OFF -D BUILD_TESTING=OFF
    cmake --build "$build" -j "$(nproc)"
    aarch64-linux-gnu-gcc --sysroot="$root" -std=gnu11 -O2 bench/neon/neon_count.c -o "$build/neon_count" -ldl
    cc -std=gnu11 -O2 -shared -fPIC bench/neon/neon_count_plugin.c -o "$build/plugin.so"
}

# run LIBRARY VARIABLE=CORE PRODUCTS: instructions and multiply-adds of all of it; nothing if that core is not there.
run() {
    : >"$build/counts"
    qemu-aarch64 -L "$root" -E LD_LIBRARY_PATH="$peers/$libraries" -E OMP_NUM_THREADS=1 -E "$2" \
        -d plugin -D "$build/counts" -plugin "$build/plugin.so" \
        "$build/neon_count" "$1" "$size" "$3" >"$build/output" 2>&1 || return 0
    cat "$build/counts"
}

# count NAME LIBRARY VARIABLE=CORE
count() {
    one=$(run "$2" "$3" 1)
    three=$(run "$2" "$3" 3)
    if [ -z "$one" ] || [ -z "$three" ]; then
        sed '/^[^[:blank:]]/!d; s/^/neon_count: /' "$build/output" >&2
        return 1
    fi
    echo "$one $three" | awk -v name="$1" -v core="${3#*=}" -v size="$size" '{
        instructions = ($3 - $1) / 2
        multiply_adds = ($4 - $2) / 2
        printf "%-9s %-12s %12d %12d %9.5f %9.4f\n", name, core, instructions, multiply_adds,
            instructions / (2 * size ^ 3), instructions / multiply_adds }'
}

sh tools/setup.sh neon
build_programs >/dev/null
printf '%-9s %-12s %12s %12s %9s %9s\n' library core instructions multiply-adds 'per FLOP' 'per fmla'
count tileprop "$build/src/libtileprop_cblas.so" TILEPROP_ISA=neon
for core in ARMV8 NEOVERSEN1 CORTEXA53 CORTEXA57 THUNDERX2T99; do
    count openblas "$peers/$libraries/openblas-serial/libopenblas.so.0" OPENBLAS_CORETYPE=$core
done
# Debian builds BLIS for cortexa57 alone; BLIS_ARCH_TYPE, a number, chooses among what was built.
count blis "$peers/$libraries/blis-serial/libblis.so.4" BLIS_ARCH_TYPE=17
