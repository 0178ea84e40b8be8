#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# In control groups with limits, which need root and a place where they can be made: the default number of threads where
# there is a CPU quota, also of a group above, and of one that a namespace hides; and training with the same bits where
# few threads can be started, which would end a process if OpenMP tried.
# Usage: control_groups.sh PROGRAM
set -u

program=$1
unset OMP_NUM_THREADS OMP_THREAD_LIMIT
source=$(cd "$(dirname "$0")/.." && pwd)
. "$source/tests/scratch.sh"
outer=
# The last process of a group may not have quite ended.
remove_groups() {
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        [ -d "$outer" ] || break
        rmdir "$outer/inner" "$outer" 2>/dev/null || sleep 0.1
    done
}
trap 'remove_groups; rm -rf "$work"' EXIT

# "TYPE PLACE" of each hierarchy that may have the controller, of version 1 before 2. No blanks in names.
hierarchies() {
    awk -v has=",$1," '{ for (i = 6; $i != "-"; i++); type = $(i + 1); options = "," $NF "," }
        type == "cgroup" && index(options, has) || type == "cgroup2" { print type, $5 }' /proc/self/mountinfo | sort
}

# make_groups CONTROLLER FILE...: an outer one, which has one of the files, and one in it. Fails if there can be none.
make_groups() {
    hierarchies "$1" >list
    shift
    [ "$(id -u)" -eq 0 ] || return 1
    while read -r type place; do
        outer=$place/tileprop-test-$$
        mkdir "$outer" 2>err || continue
        for file; do
            [ -e "$outer/$file" ] && mkdir "$outer/inner" && return
        done
        rmdir "$outer"
    done <list
    outer=
    return 1
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

check_quota() {
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
}

check_threads() {
    train="train --data fashion-mnist --hidden 64 --epochs 1 --batch 2000 --out model"
    # shellcheck disable=SC2086 # a list of words
    "$program" $train --threads 1 >out 2>err && mv model expected
    result "a model to compare with"
    for most in 1 2 3 5; do
        # shellcheck disable=SC2086 # a list of words
        echo $most >"$outer/pids.max" && within "$outer" "$program" $train --threads 4 >out 2>err &&
            cmp model expected >>out 2>>err
        result "$most threads can be: training on as many, with the same bits"
        rm -f model
    done
}

if ! "$program" info --json | grep -q '"quota":0[,}]'; then
    echo "SKIPPED: CPU quotas: there is one already"
elif make_groups cpu cpu.max cpu.cfs_quota_us; then
    check_quota
    remove_groups
else
    echo "SKIPPED: CPU quotas: no control groups can be made here"
fi
if make_groups pids pids.max; then
    check_threads
else
    echo "SKIPPED: limits of threads: no control groups can be made here"
fi

echo "1..$checks"
[ $failures -eq 0 ]
