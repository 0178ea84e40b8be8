#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Estimates, without the hardware, how busy the NEON microkernel keeps the multiply-add pipes of real cores:
# cross-compiles src/isa/neon.c, cuts out the loops that hold a whole tile's multiply-adds, and asks llvm-mca for the
# cycles of a round and of its multiply-adds alone; their ratio is how busy the pipes are.
# Needs gcc-aarch64-linux-gnu and llvm-16 (sh tools/setup.sh test installs the compiler).
# Loops are those of a full tile, for A as packed or by columns in place (1 step of k a round) and by rows in place
# (more steps). Loads and stores of the stack in one mean that it has too few registers.
# Usage: neon_mca.sh [SLEEF_INCLUDE_DIR]
set -eu

cd "$(dirname "$0")/.."
include=${1:-build/aarch64-root/usr/include/aarch64-linux-gnu}
mca=$(command -v llvm-mca-16 || command -v llvm-mca) || {
    echo "neon_mca: no llvm-mca; on Debian: apt-get install llvm-16" >&2
    exit 1
}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
flags=$(sed -n 's/^add_compile_options(\(-ffp-contract=off\).*/\1/p' CMakeLists.txt)
# shellcheck disable=SC2086 # a list of flags
aarch64-linux-gnu-gcc -std=gnu11 -O3 -DNDEBUG $flags -fPIC -Iinclude -Isrc -I"$include" -c src/isa/neon.c \
    -o "$scratch/neon.o"
tile=24 # multiply-adds of 8 x 12 floats in vectors of 4

# A loop is what lies between a backward branch and its target. Those kept have the multiply-adds of a tile once or more
# often and about as many sums, which tells them from loops of fewer rows that are unrolled. One file each.
aarch64-linux-gnu-objdump -d --no-show-raw-insn "$scratch/neon.o" | awk -v tile=$tile -v out="$scratch/loop" '
    function hex(text,   value, i) {
        for (i = 1; i <= length(text); i++) value = value * 16 + index("0123456789abcdef", substr(text, i, 1)) - 1
        return value
    }
    /^ +[0-9a-f]+:\t/ {
        text = $0
        sub(/^[^\t]*\t/, "", text)
        address = hex(substr($1, 1, length($1) - 1))
        sub(/ *\/\/.*/, "", text)
        line[++n] = text
        at[n] = address
        if (text ~ /^(b\.|cbn?z)/ && match(text, /[0-9a-f]+ <(columns_[0-9]+|tile_apart)/)) {
            target = hex(substr(text, RSTART, index(substr(text, RSTART), " ") - 1))
            fmla = branches = sums = 0
            split("", seen)
            for (first = n; first > 0 && at[first] > target; first--) {
                split(line[first], word)
                fmla += word[1] == "fmla"
                sums += word[1] == "fmla" && !seen[word[2]]++
                branches += line[first] ~ /^(b|cb|tb)/
            }
            if (target < address && fmla && fmla % tile == 0 && sums > tile - 3 && branches == 1) {
                loops++
                file = out loops ".s"
                for (i = first; i < n; i++) print line[i] >file
                print (line[n] ~ /^cb/) ? "cbnz x0, 0" : "b.ne 0" >file
                close(file)
            }
        }
    }'

# cycles CORE FILE: of a round, after 100 rounds.
cycles() {
    "$mca" -mtriple=aarch64 -mcpu="$1" -iterations=100 "$2" 2>/dev/null | sed -n 's/^Total Cycles: *//p'
}

[ -e "$scratch/loop1.s" ] || {
    echo "neon_mca: no loop of $tile multiply-adds found" >&2
    exit 1
}
printf '%-12s %5s %5s %6s %8s %8s %10s %8s\n' core steps instr stack 'per fmla' cycles 'fmla alone' busy
for core in neoverse-n1 neoverse-v1 neoverse-v2 apple-m1 cortex-a76; do
    for loop in "$scratch"/loop*.s; do
        grep '^fmla' "$loop" >"$scratch/alone.s"
        fmla=$(wc -l <"$scratch/alone.s")
        instructions=$(wc -l <"$loop")
        stack=$(grep -c '\[sp' "$loop") || true
        all=$(cycles $core "$loop")
        alone=$(cycles $core "$scratch/alone.s")
        awk -v core=$core -v fmla="$fmla" -v tile=$tile -v instructions="$instructions" -v stack="$stack" \
            -v all="${all:-0}" -v alone="${alone:-0}" 'BEGIN {
            printf "%-12s %5d %5d %6d %8.3f", core, fmla / tile, instructions, stack, instructions / fmla
            if (!all || !alone) print " not known to this llvm-mca"
            else printf " %8.2f %10.2f %6.1f %%\n", all / 100, alone / 100, 100 * alone / all }'
    done
done
