#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# How much of src/ the tests ran: build/coverage/index.html, and a table. Fails below 95 % of lines or of branches.
# What only other machines compile, isa/neon.c and cpu/cpu_arm.c, is not counted.
#   cmake --preset coverage && cmake --build --preset coverage && ctest --preset coverage && sh tools/coverage.sh
# Usage: coverage.sh [BUILD_DIRECTORY]
set -eu

cd "$(dirname "$0")/.."
build=${1:-build/coverage}
out=build/coverage
goal=95

mkdir -p $out
gcovr --root . --object-directory "$build" --filter src/ --exclude-throw-branches -j "$(nproc)" --json $out/all.json \
    "$build/src"
gcovr --root . --add-tracefile $out/all.json --branches --html-details $out/index.html --txt $out/branches.txt
status=0
gcovr --root . --add-tracefile $out/all.json --print-summary --fail-under-line $goal --fail-under-branch $goal \
    >$out/lines.txt || status=$?
cat $out/lines.txt
[ $status -eq 0 ] || echo "coverage: less than $goal %: see $out/index.html"
exit $status
