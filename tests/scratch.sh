# SPDX-License-Identifier: BSD-3-Clause
# Sourced by test scripts, with the directory of the source in $source: they go on in a directory of their own, $work,
# where commands leave what they say in the files out and err, and have the checks of tap.sh.
# shellcheck disable=SC2154 # source
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 2
: >out
: >err
. "$source/tests/tap.sh"
