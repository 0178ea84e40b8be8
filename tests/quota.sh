#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The default number of threads in control groups with a CPU quota, which need root and a place where they can be made:
# the group of the process, one above it, and one that a namespace hides.
# Usage: quota.sh PROGRAM
set -u

program=$1
unset OMP_NUM_THREADS OMP_THREAD_LIMIT
source=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d) || exit 2
outer=
# The last process of a group may not have quite ended.
clean_up() {
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        [ -d "$outer" ] || break
        rmdir "$outer/inner" "$outer" 2>/dev/null || sleep 0.1
    done
    rm -rf "$work"
}
trap clean_up EXIT
cd "$work" || exit 2
: >out
: >err
. "$source/tap.sh"

# "TYPE PLACE" of each hierarchy that may have CPU quotas, of version 1 before 2. No blanks in names.
hierarchies() {
    awk '{ for (i = 6; $i != "-"; i++); type = $(i + 1); options = "," $NF "," }
        type == "cgroup" && options ~ /,cpu,/ || type == "cgroup2" { print type, $5 }' /proc/self/mountinfo | sort
}

# limit QUOTA: of the outer group, in hundredths of a processor; or none.
limit() {
    case $type$1 in
    cgroupnone) echo -1 >"$outer/cpu.cfs_quota_us" ;;
    cgroup2none) echo max 100000 >"$outer/cpu.max" ;;
    cgroup2*) echo "$((1000 * $1)) 100000" >"$outer/cpu.max" ;;
    cgroup*) echo "$((1000 * $1))" >"$outer/cpu.cfs_quota_us" ;;
    esac
}

# within GROUP COMMAND...
within() {
    sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$@"
}

# shows THREADS QUOTA GROUP COMMAND...: what info says there.
shows() {
    threads=$1
    quota=$2
    shift 2
    within "$@" >out 2>err && grep -q "^threads     $threads ($(nproc) processors$quota)\$" out
}

least() {
    [ "$1" -lt "$2" ] && echo "$1" || echo "$2"
}

while read -r type place; do
    outer=$place/tileprop-test-$$
    if [ "$(id -u)" -eq 0 ] && mkdir "$outer" 2>err; then
        [ -e "$outer/cpu.max" ] || [ -e "$outer/cpu.cfs_quota_us" ] && mkdir "$outer/inner" && break
        rmdir "$outer"
    fi
    outer=
done <<LIST
$(hierarchies)
LIST
if [ -z "$outer" ]; then
    echo "SKIPPED: CPU quotas of control groups: none can be made here"
    echo "1..0"
    exit 0
fi
echo "# $type at $place"

limit none
shows "$(nproc)" "" "$outer/inner" "$program" info
result "without a quota every processor has a thread"
limit 50
shows 1 ", a quota of 1" "$outer" "$program" info
result "half a processor has one"
shows 1 ", a quota of 1" "$outer/inner" "$program" info
result "so it has where the quota is of the group above"
limit 150
shows "$(least 2 "$(nproc)")" ", a quota of 2" "$outer/inner" "$program" info
result "one and a half have two"
limit 90
shows 2 ", a quota of 1" "$outer" env OMP_NUM_THREADS=2 "$program" info
result "OMP_NUM_THREADS counts for more"
shows 2 ", a quota of 1" "$outer" "$program" info --threads 2
result "so does --threads"
within "$outer" "$program" info --json >out 2>err && grep -q '"threads":1,.*"quota":1[,}]' out
result "info --json has the quota"

mkdir hidden
options=rw
[ "$type" = cgroup2 ] || options=cpu
# shellcheck disable=SC2016 # for the inner shell
hide='mount -t "$0" -o "$1" none hidden && umount "$2" &&
    grep -q "cpu.*:/$\|^0::/$" /proc/self/cgroup && shift 2 && "$@"'
if within "$outer" unshare -C -m sh -c "$hide" "$type" $options "$place" true >out 2>err; then
    shows 1 ", a quota of 1" "$outer" unshare -C -m sh -c "$hide" "$type" $options "$place" "$program" info
    result "inside a namespace, where the group has no name"
else
    echo "SKIPPED: CPU quotas in a namespace of control groups: there can be none here"
fi

echo "1..$checks"
[ $failures -eq 0 ]
