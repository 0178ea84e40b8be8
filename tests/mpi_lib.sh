# SPDX-License-Identifier: BSD-3-Clause
# Sourced by the tests of MPI, after scratch.sh: $source is the directory of the source, $libraries has the shared
# library, $cc is the compiler and $objects are the program's commands. Names of MPIs are those of Debian's wrappers.
# shellcheck disable=SC2154
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
export OMPI_MCA_mpi_yield_when_idle=1 OMP_WAIT_POLICY=passive

# mpis: those that are there.
mpis() {
    for mpi in openmpi mpich; do
        { command -v "mpicc.$mpi" && command -v "mpirun.$mpi"; } >/dev/null && echo $mpi
    done
}

# build_ranks MPI OUTPUT ARGUMENT...: a C program of these sources with the group of processes.
build_ranks() {
    wrapper=mpicc.$1
    output=$2
    shift 2
    OMPI_CC=$cc MPICH_CC=$cc "$wrapper" -std=c11 -D_GNU_SOURCE -O1 -Wall -Wextra -Wconversion -Wshadow -Werror \
        -I "$source/include" "$source/src/mpi/group.c" "$@" \
        -L "$libraries" -Wl,-rpath,"$libraries" -ltileprop -lm -o "$output" >out 2>err
}

# build_program MPI: program-MPI; what differs from the program without MPI is compiled.
build_program() {
    # shellcheck disable=SC2086 # a list of files
    build_ranks "$1" "program-$1" -D TILEPROP_MPI "$source/tools/program/ranks.c" "$source/tools/program/main.c" \
        $objects -ljansson -lmd -lz
}
