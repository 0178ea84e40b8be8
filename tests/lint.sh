#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# What programs that read sources find in them:
#   lint.sh format SOURCE_DIR       clang-format would change nothing
#   lint.sh tidy SOURCE_DIR         clang-tidy finds nothing in src/ and tools/; what it looks for: .clang-tidy
#   lint.sh shellcheck SOURCE_DIR   shellcheck finds nothing that it would warn of
# Other versions would find other things: clang-format is the default of Debian 12, clang-tidy that of the clang of the
# tests. Skipped where a program is not installed.
set -eu

mode=$1
cd "$2"

need() {
    command -v "$1" >/dev/null && return
    echo "SKIPPED: lint $mode, because $1 is not installed"
    exit 0
}

# Puts the names of the files that end like this into $work/files; fewer than COUNT are not all.
# sources COUNT DIRECTORY... PATTERN
sources() {
    least=$1
    shift
    for pattern; do :; done
    while [ $# -gt 1 ]; do
        find "$1" -type f
        shift
    done | grep -E "$pattern" | sort >"$work/files"
    [ "$(wc -l <"$work/files")" -ge "$least" ] || {
        echo "lint: only $(wc -l <"$work/files") files end in $pattern" >&2
        exit 1
    }
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
case $mode in
format)
    need clang-format-14
    sources 200 include src bench tests tools '\.(c|h|hpp|cpp|def)$'
    xargs clang-format-14 --dry-run -Werror <"$work/files"
    ;;
tidy)
    need clang-tidy-16
    # By clang, because clang-tidy does not know all of gcc's options; with assertions, which tell it what holds.
    cmake -S . -B "$work" -D CMAKE_BUILD_TYPE=Debug -D CMAKE_C_COMPILER=clang-16 -D BUILD_TESTING=OFF \
        -D TILEPROP_BUILD_BENCH=OFF -D TILEPROP_BUILD_CBLAS=ON -D CMAKE_EXPORT_COMPILE_COMMANDS=ON >"$work/log"
    # Two instruction sets are enough: they share their sources.
    sed -n 's/^ *"file": "\(.*\)".*/\1/p' "$work/compile_commands.json" |
        grep -vE '/isa/(avx512|neon)\.c$|/onnx\.pb-c\.c$' | sort -u >"$work/files"
    [ "$(wc -l <"$work/files")" -ge 60 ] || { echo "lint: only $(wc -l <"$work/files") files" >&2; exit 1; }
    # A few functions have so many paths that to follow all of them takes most of the time.
    set --
    if [ "${TILEPROP_TEST_LONG:-}" != 1 ]; then
        for argument in -Xclang -analyzer-config -Xclang max-nodes=30000; do
            set -- "$@" --extra-arg=$argument
        done
    fi
    # On standard error it counts the warnings that it does not show.
    xargs -P 2 -n 2 clang-tidy-16 -p "$work" --quiet "$@" <"$work/files" 2>"$work/err" || {
        cat "$work/err" >&2
        exit 1
    }
    ;;
shellcheck)
    need shellcheck
    # SC3044 takes a function for bash's builtin of its name.
    sources 30 .ci bench tests tools '\.sh$|/\.ci/run$|^\.ci/run$'
    xargs shellcheck -s sh -x -P SCRIPTDIR -S warning -e SC3044 <"$work/files"
    ;;
*)
    echo "lint: unknown mode $mode" >&2
    exit 2
    ;;
esac
echo "lint $mode: nothing found"
