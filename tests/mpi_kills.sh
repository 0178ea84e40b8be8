#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Runs of MPI processes one of which is killed by SIGKILL at a pseudo-random moment: the job ends on every process
# within ten seconds, with one message and without a file that is not complete, and what fewer processes make of its
# checkpoints has the bytes of a run that was not stopped; with each MPI that is there. Usage: mpi_kills.sh SOURCE_DIR
# LIBRARY_DIR CC OBJECT...: with the shared library, and the program's commands. One trial of each MPI or as many as
# $TILEPROP_RANK_KILLS says; $TILEPROP_RANK_SEED makes others of them.
source=$(cd "$1" && pwd)
libraries=$(cd "$2" && pwd)
cc=$3
shift 3
objects=$(for object in "$@"; do echo "$object"; done | grep -vE '/(ranks|group)\.c\.o$')
. "$source/tests/scratch.sh"
. "$source/tests/mpi_lib.sh"
trials=${TILEPROP_RANK_KILLS:-1}
[ "$trials" -gt 1 ] || export OMPI_MCA_odls_base_sigkill_timeout=0 # less waiting between two signals

# draw LIMIT: a pseudo-random number below it, in $drawn.
state=${TILEPROP_RANK_SEED:-4711}
draw() {
    state=$(((state * 1103515245 + 12345) & 2147483647))
    drawn=$((state / 65536 % $1))
}

# job MPI NUMBER ARGUMENT...: the processes leave their numbers in pid.RANK.
job() {
    mpi=$1
    number=$2
    shift 2
    timeout -k 1 120 "mpirun.$mpi" -n "$number" ./rank "./program-$mpi" train --mpi --threads 1 --parts 8 --quiet \
        --data table.csv --target y --validation 0.2 --hidden 24,16 --batch 20 --epochs "$epochs" --every 11 \
        --keep-checkpoints 3 --out out.model "$@"
}

# alive: is there a process of the job left?
alive() {
    for file in pid.*; do
        read -r pid <"$file" && kill -0 "$pid" && return 0
    done 2>/dev/null
    return 1
}

# begun: are all processes behind MPI_Init, or is the job over? In it an mpirun may not notice that one dies.
begun() {
    grep -q '^tileprop: note: table.csv' err || ! kill -0 $launcher 2>/dev/null
}

# strike NUMBER: kills one of the processes after a while; false if the run was over before.
strike() {
    until begun; do
        sleep 0.01
    done
    draw "$window"
    sleep "$((drawn / 1000)).$(printf %03d $((drawn % 1000)))"
    draw "$1"
    kill -KILL "$(cat "pid.$drawn")" 2>/dev/null
}

# ended: the job is over within ten seconds, on every process.
ended() {
    since=$(date +%s)
    wait $launcher
    code=$?
    while alive && [ $(($(date +%s) - since)) -le 10 ]; do
        sleep 0.05
    done
    took=$(($(date +%s) - since))
    [ $took -le $longest ] || longest=$took
    [ $took -le 10 ] && ! alive
}

# said_once: the message is that of mpirun; the program has none of its own.
said_once() {
    ! grep -q '^tileprop: [^n]' err && [ "$(cat out err | grep -c 'signal 9')" = 1 ]
}

# whole: there is no model, or all of it.
whole() {
    [ ! -e out.model ] || cmp out.model "$whole"
}

# resumed NUMBER: fewer processes end with the bytes of the run that was not stopped.
resumed() {
    job "$mpi" "$1" --resume run >out 2>err && cmp out.model "$whole" &&
        ! grep -q 'cannot be read' err && [ -z "$(find run -name '.tileprop-*')" ]
}

# one_bad FRAGMENT ARGUMENT...: the second of two processes has other arguments; what it says is said once.
one_bad() {
    fragment=$1
    shift
    rm -rf pid.* out.model
    set -- --threads 1 --parts 2 --quiet --target y "$@"
    ! timeout 30 "mpirun.$mpi" -n 1 "./program-$mpi" train --mpi \
        --data table.csv --out out.model --threads 1 --parts 2 --quiet --target y : \
        -n 1 "./program-$mpi" train --mpi "$@" >out 2>err && [ ! -e out.model ] &&
        [ "$(grep -c '^tileprop: [^n]' err)" = 1 ] && grep -q "$fragment" err
}

# plan MPI NUMBER: a run of so many processes that is not stopped, which makes the model $whole in $epochs and trains
# for $window milliseconds, half a second if it can be had. A process that has a processor to itself needs far less time
# for an epoch.
plan() {
    whole=whole.$1.$2
    epochs=40
    [ ! -e "$whole" ] || read -r epochs window <"$whole.plan"
    until [ -e "$whole" ]; do
        rm -rf run out.model
        job "$1" "$2" --resume run >out 2>err || return 1
        window=$(awk '/^time / {printf "%d", $2 * 1000 + 1}' out)
        echo "$epochs $window" >"$whole.plan"
        if [ "$window" -ge 500 ] || [ $epochs -ge 20000 ]; then
            mv out.model "$whole"
        else
            epochs=$((epochs * (700 / window + 2)))
        fi
    done
}

# trial MPI: kills one run; a run that was over before does not count.
trial() {
    draw 2
    number=$((drawn * 2 + 2))
    plan "$1" $number || { difference="a run that is not stopped fails"; return 1; }
    rm -rf run out.model pid.* .tileprop-*
    : >err # in which begun looks
    job "$1" $number --resume run >out 2>err &
    launcher=$!
    strike $number || { wait $launcher; return 0; }
    ended || { difference="not over after ten seconds"; return 1; }
    [ $code -ne 0 ] || return 0
    kills=$((kills + 1))
    [ ! -d run ] || [ -z "$(ls run)" ] || saved=$((saved + 1))
    said_once || { difference="not one message"; return 1; }
    whole 2>>err || { difference="a file is not complete"; return 1; }
    draw $((number / 2))
    resumed $((drawn + 1)) || { difference="other bytes"; return 1; }
}

test_mpi() {
    mpi=$1
    build_program "$mpi"
    result "$mpi: the program compiles"
    one_bad 'rank 1: bad.csv:.*y' --data bad.csv
    result "$mpi: bad data of one process end both"
    one_bad 'rank 1' --data other.csv
    result "$mpi: other data of one process end both"
    kills=0 saved=0 longest=0 tried=0 difference=
    while [ $kills -lt "$trials" ] && [ $tried -lt $((trials * 3 + 5)) ] && [ -z "$difference" ]; do
        tried=$((tried + 1))
        trial "$mpi" 2>>log
    done
    echo "$difference, exit code $code, $number processes, $longest seconds" >>err
    [ -z "$difference" ] && [ $kills -ge "$trials" ]
    result "$mpi: $kills processes killed"
    echo "summary: $mpi: kills: $kills, $saved of them after a checkpoint; the job was over in at most $longest s"
}

cat >rank <<'EOF'
#!/bin/sh
echo $$ >"pid.${OMPI_COMM_WORLD_RANK:-$PMI_RANK}"
exec "$@"
EOF
chmod +x rank
table() {
    awk -v slope="$1" 'BEGIN {
        print "a,b,y"
        for (i = 0; i < 400; i++) printf "%d,%d,%.2f\n", i % 7, i % 11, i % 7 * slope - i % 11
    }'
}
table 0.3 >table.csv
table 0.4 >other.csv
sed '200s/,[^,]*$/,bad/' table.csv >bad.csv
found=
for found in $(mpis); do
    test_mpi "$found"
done
if [ -z "$found" ]; then
    echo "SKIPPED: killed MPI processes: there is neither mpicc.openmpi nor mpicc.mpich"
    exit 0
fi
echo "1..$checks"
exit $((failures > 0))
