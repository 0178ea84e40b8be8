#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Trains by MPI processes, with each MPI that is there: any number of processes, threads and instruction sets, stopped
# and resumed in another number, makes the same parameters; by the library and, if its objects are given, by the
# program. Usage: mpi.sh SOURCE_DIR LIBRARY_DIR CC [OBJECT...]: with the shared library, and the program's commands.
source=$(cd "$1" && pwd)
libraries=$(cd "$2" && pwd)
cc=$3
shift 3
objects=$(for object in "$@"; do echo "$object"; done | grep -vE '/(ranks|group)\.c\.o$')
. "$source/tests/scratch.sh"

. "$source/tests/mpi_lib.sh"
export OMPI_MCA_odls_base_sigkill_timeout=0 # less waiting where processes fail

# ranks MPI NUMBER ARGUMENT...: the fingerprints that they print are one. An mpirun may mix up the ends of lines.
ranks() {
    mpi=$1
    number=$2
    shift 2
    timeout 60 "mpirun.$mpi" -n "$number" "./$mpi" "$@" >mixed 2>err &&
        { tr -d '\n' <mixed | fold -w 64 && echo; } >out && [ "$(sort -u out | wc -l)" = 1 ] &&
        [ "$(wc -l <out)" = "$number" ]
}

# program MPI NUMBER ARGUMENT...
program() {
    mpi=$1
    number=$2
    shift 2
    timeout 60 "mpirun.$mpi" -n "$number" "./program-$mpi" train --mpi --quiet --threads 1 --parts 4 --hidden 9 \
        --data table.csv --target y --validation 0.2 --batch 20 --epochs 5 "$@" >out 2>err
}

test_program() {
    build_program "$1"
    result "$1: the program compiles without a warning"
    program "$1" 1 --out one && program "$1" 4 --out four --log log && cmp one four && [ "$(wc -l <log)" = 6 ]
    result "$1: the program makes the same file with four processes"
    ! timeout 60 "mpirun.$1" -n 1 "./program-$1" train --mpi --data table.csv --target y --quiet --parts 2 --out no : \
        -n 1 "./program-$1" train --mpi --data missing.csv --parts 2 >out 2>err && [ ! -e no ] &&
        [ "$(grep -c '^tileprop: [^n]' err)" = 1 ] && grep -q 'rank 1: missing.csv' err
    result "$1: what one process has to say is said once"
    program "$1" 2 --resume run --every 7 --keep-checkpoints 99 && for newer in $(ls run | tail -n +2); do
        rm "run/$newer"
    done && program "$1" 4 --resume run --out resumed && cmp one resumed
    result "$1: four go on with a checkpoint of two"
    rm -rf run
}

# judged MPI NUMBER: its processes write the same as one without MPI.
judged() {
    timeout 60 "mpirun.$1" -n "$2" "./program-$1" evaluate --mpi --model one --data table.csv >judged 2>err &&
        cmp judged alone.judged && timeout 60 "mpirun.$1" -n "$2" "./program-$1" predict --mpi --model one \
        --input many.csv --format csv --output predicted >out 2>err && cmp predicted alone.predicted
}

# refused MPI FRAGMENT ARGUMENT...: of two processes the second has other arguments; one says what the difference is.
refused() {
    mpi=$1
    fragment=$2
    shift 2
    ! timeout 60 "mpirun.$mpi" -n 1 "./program-$mpi" predict --mpi --model one --input table.csv --output no : \
        -n 1 "./program-$mpi" predict --mpi --model one "$@" >out 2>err && [ ! -e no ] &&
        [ "$(grep -c '^tileprop: [^n]' err)" = 1 ] && grep -q "^tileprop: rank 1: $fragment" err
}

test_judging() {
    "./program-$1" evaluate --model one --data table.csv >alone.judged &&
        "./program-$1" predict --model one --input many.csv --format csv --output alone.predicted &&
        judged "$1" 1 && judged "$1" 2
    result "$1: the program evaluates and predicts the same with two processes"
    refused "$1" 'missing.csv: cannot open' --input missing.csv &&
        refused "$1" 'has another run than rank 0: missing is' --input table.csv --missing mean &&
        refused "$1" 'has another run than rank 0: data is' --input other.csv
    result "$1: processes that would judge something else are refused"
}

# build_fortran MPI: the example in Fortran, if the library's modules are there.
build_fortran() {
    build_ranks "$1" group.o -c && "mpifort.$1" -std=f2008 -O1 -Wall -Werror -I "$libraries/fortran/modules" \
        "$source/src/mpi/tileprop_mpi.f90" "$source/tests/examples/mpi/chain.f90" group.o -L "$libraries/fortran" \
        -ltileprop_fortran -L "$libraries" -Wl,-rpath,"$libraries" -ltileprop -o "chain-fortran-$1" >out 2>err
}

# same PROGRAM MPI: one process and two print the same.
same() {
    timeout 60 "mpirun.$2" -n 1 "./$1-$2" >one.out 2>err && timeout 60 "mpirun.$2" -n 2 "./$1-$2" >out 2>err &&
        grep -q parameters out && cmp one.out out
}

test_examples() {
    build_ranks "$1" "chain-$1" "$source/tests/examples/mpi/chain.c"
    result "$1: the example in C compiles without a warning"
    same chain "$1"
    result "$1: the example in C makes the same parameters with one process and two"
    if ! [ -e "$libraries/fortran/libtileprop_fortran.a" ] || ! command -v "mpifort.$1" >/dev/null; then
        echo "SKIPPED: $1: the example in Fortran: the library's modules are not built, or there is no mpifort.$1"
        return
    fi
    build_fortran "$1"
    result "$1: the example in Fortran compiles without a warning"
    same chain-fortran "$1"
    result "$1: the example in Fortran makes the same parameters with one process and two"
}

# table SAMPLES
table() {
    awk -v samples="$1" 'BEGIN {
        print "a,b,y"
        for (i = 0; i < samples; i++) printf "%d,%d,%.2f\n", i % 7, i % 11, i % 7 * 0.3 - i % 11
    }'
}
table 150 >table.csv
table 20000 >many.csv # two blocks of predictions
sed 2s/0/1/ table.csv >other.csv
found=
expected=
for mpi in $(mpis); do
    found="$found $mpi"
    build_ranks "$mpi" "$mpi" "$source/tests/mpi/train_ranks.c"
    result "$mpi: compiles without a warning"
    ranks "$mpi" 1 1 && : "${expected:=$(head -n 1 out)}" && [ "$(head -n 1 out)" = "$expected" ]
    result "$mpi: one process"
    TILEPROP_ISA=scalar ranks "$mpi" 2 2 && [ "$(head -n 1 out)" = "$expected" ]
    result "$mpi: two processes of two threads, without vectors"
    ranks "$mpi" 4 1 - "$mpi.checkpoint" && [ "$(head -n 1 out)" != "$expected" ]
    result "$mpi: four processes stop"
    ranks "$mpi" 2 1 "$mpi.checkpoint" && [ "$(head -n 1 out)" = "$expected" ]
    result "$mpi: two go on"
    ! timeout 60 "mpirun.$mpi" -n 3 "./$mpi" 1 >out 2>err && grep -q 'ranks is 3; it must be a power of two' err
    result "$mpi: three are refused"
    test_examples "$mpi"
    [ -z "$objects" ] || [ "$found" != " $mpi" ] || { test_program "$mpi" && test_judging "$mpi"; }
done
if [ -z "$found" ]; then
    echo "SKIPPED: MPI: there is neither mpicc.openmpi nor mpicc.mpich"
    exit 0
fi
echo "1..$checks"
exit $((failures > 0))
