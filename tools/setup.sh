#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Installs the Debian packages that tileprop needs, as root or through sudo.
#   sh tools/setup.sh run     to build and use it (the default)
#   sh tools/setup.sh test    to test it as well: compilers, Criterion, and on x86-64 what runs the NEON path: a cross
#                             compiler, qemu, and arm64 libraries, which are unpacked into build/aarch64-root
#   sh tools/setup.sh long    for tools/test.sh --long: what measures coverage as well
#   sh tools/setup.sh bench   to compare it with other libraries: OpenBLAS, BLIS, oneDNN, PyTorch, scikit-learn,
#                             pandas, FANN, and gnuplot
#   sh tools/setup.sh neon    for tools/neon_count.sh: as for test, a qemu that counts, and OpenBLAS and BLIS for arm64,
#                             which are unpacked into build/aarch64-peers
# Does nothing, and needs no network, if all of it is there. TILEPROP_SKIP_NEON=1 leaves out the part for NEON.
set -eu

cd "$(dirname "$0")/.."
for_run="gcc libc6-dev make cmake pkg-config libsleef-dev libjansson-dev libmd-dev zlib1g-dev librandom123-dev
    libzip-dev libhdf5-dev libonnx-dev protobuf-c-compiler libprotobuf-c-dev dataset-fashion-mnist"
for_test="g++ gfortran clang-16 libclang-rt-16-dev libomp-16-dev libcriterion-dev liblbfgs-dev locales valgrind
    abigail-tools bash dpkg-dev man-db doxygen python3 clang-format-14 clang-tidy-16 shellcheck gnuplot-nox python3-onnx
    python3-opencv python3-numpy python3-scipy python3-sklearn python3-pandas python3-torch python3-pytest python3-pip
    python3-setuptools python3-venv python3-wheel mypy libopenmpi-dev openmpi-bin libmpich-dev mpich"
for_long="gcovr"
for_bench="libopenblas0-openmp libblis4-openmp libdnnl2 libdnnl-dev libfann2 python3-torch python3-sklearn
    python3-pandas gnuplot-nox libopenmpi-dev openmpi-bin iproute2"
for_neon="gcc-aarch64-linux-gnu qemu-user-static binfmt-support"
neon_libraries="libc6-dev libgomp1 libsleef-dev libjansson-dev libmd-dev zlib1g-dev librandom123-dev libcriterion-dev"
neon_peers="libopenblas0-serial libblis4-serial"

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        echo "setup: this needs root or sudo: $*" >&2
        return 1
    fi
}

missing_packages() {
    for package; do
        dpkg-query -W -f '${Architecture} ${db:Status-Status}\n' "$package" 2>/dev/null |
            grep -qE "^($(dpkg --print-architecture)|all) installed$" || echo "$package"
    done
}

install_packages() {
    # shellcheck disable=SC2046 # a list
    set -- $(missing_packages "$@")
    [ $# -gt 0 ] || return 0
    echo "setup: installing as root: $*"
    as_root apt-get -q update || echo "setup: apt-get update failed; going on with the lists that are there" >&2
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -q -y -o DPkg::Lock::Timeout=300 install --no-install-recommends "$@"
}

# apt-get for an arm64 machine that lives in DIRECTORY/apt and has nothing installed. Criterion for arm64 cannot be
# installed beside the one for amd64; unpacked into a directory of their own, the libraries also leave the system alone.
# arm64_apt_get DIRECTORY ARGUMENT...
arm64_apt_get() {
    apt=$PWD/$1/apt
    shift
    apt-get -q -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o APT::Install-Recommends=false \
        -o APT::Sandbox::User=root -o Dir::State="$apt" -o Dir::State::lists="$apt/lists" \
        -o Dir::State::status="$apt/status" -o Dir::Cache="$apt" -o Dir::Cache::archives="$apt/archives" "$@"
}

# unpack_arm64 DIRECTORY PACKAGE...
unpack_arm64() {
    root=$1
    shift
    [ "$(cat "$root/complete" 2>/dev/null)" != "$*" ] || return 0
    echo "setup: unpacking arm64 libraries into $root"
    rm -rf "$root"
    mkdir -p "$root/apt/lists/partial" "$root/apt/archives/partial"
    : >"$root/apt/status"
    arm64_apt_get "$root" update
    arm64_apt_get "$root" -y --download-only install "$@"
    for archive in "$root"/apt/archives/*.deb; do
        dpkg-deb -x "$archive" "$root"
    done
    rm -rf "$root/apt"
    find "$root" -type l -lname '/*' | while read -r link; do
        ln -sfr "$root$(readlink "$link")" "$link"
    done
    echo "$*" >"$root/complete"
}

# Criterion starts its own program again for every test, so the kernel has to know how to run arm64 programs.
enable_neon_programs() {
    registry=/proc/sys/fs/binfmt_misc
    [ ! -e $registry/qemu-aarch64 ] || return 0
    echo "setup: registering qemu for arm64 programs, as root"
    [ -e $registry/register ] || as_root mount -t binfmt_misc none $registry
    as_root update-binfmts --enable qemu-aarch64
}

mode=${1:-run}
case $mode in
run) packages=$for_run ;;
test) packages="$for_run $for_test" ;;
long) packages="$for_run $for_test $for_long" ;;
bench) packages="$for_run $for_bench" ;;
neon) packages="$for_run $for_test qemu-user" ;;
*)
    echo "setup: unknown mode '$mode'; it is run, test, long, bench or neon" >&2
    exit 2
    ;;
esac
neon=no
case $mode in
test | long | neon)
    if [ "$(uname -m)" = x86_64 ] && [ "${TILEPROP_SKIP_NEON:-}" != 1 ]; then
        neon=yes
        packages="$packages $for_neon"
    fi
    ;;
esac

if ! command -v apt-get >/dev/null; then
    echo "setup: not a Debian system; going on. Needed are what these Debian packages hold: $packages"
    exit 0
fi
# shellcheck disable=SC2086 # a list
install_packages $packages
if [ $neon = yes ]; then
    # shellcheck disable=SC2086 # lists
    unpack_arm64 build/aarch64-root $neon_libraries
    enable_neon_programs
fi
if [ "$mode" = neon ]; then
    # shellcheck disable=SC2086
    unpack_arm64 build/aarch64-peers $neon_peers
fi
echo "setup: everything for '$mode' is installed"
