#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Trains by MPI processes, with each MPI that is there: any number of processes, threads and instruction sets, stopped
# and resumed in another number, makes the same parameters.
# Usage: mpi.sh SOURCE_DIR LIBRARY_DIR CC: with the shared library.
source=$(cd "$1" && pwd)
libraries=$(cd "$2" && pwd)
cc=$3
. "$source/tests/scratch.sh"

export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
export OMPI_MCA_mpi_yield_when_idle=1 OMP_WAIT_POLICY=passive

# build NAME COMPILER
build() {
    OMPI_CC=$cc MPICH_CC=$cc "$2" -std=c11 -D_GNU_SOURCE -O1 -Wall -Wextra -Wconversion -Wshadow -Werror \
        -I "$source/include" "$source/src/mpi/group.c" "$source/tests/mpi/train_ranks.c" \
        -L "$libraries" -Wl,-rpath,"$libraries" -ltileprop -o "$1" >out 2>err
}

# ranks MPI NUMBER ARGUMENT...: the fingerprints that they print are one.
ranks() {
    mpi=$1
    number=$2
    shift 2
    timeout 60 "mpirun.$mpi" -n "$number" "./$mpi" "$@" >out 2>err && [ "$(sort -u out | wc -l)" = 1 ] &&
        [ "$(wc -l <out)" = "$number" ]
}

found=
expected=
for mpi in openmpi mpich; do
    { command -v "mpicc.$mpi" && command -v "mpirun.$mpi"; } >/dev/null || continue
    found="$found $mpi"
    build "$mpi" "mpicc.$mpi"
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
done
if [ -z "$found" ]; then
    echo "SKIPPED: MPI: there is neither mpicc.openmpi nor mpicc.mpich"
    exit 0
fi
echo "1..$checks"
exit $((failures > 0))
