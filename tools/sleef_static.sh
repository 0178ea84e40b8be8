#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Builds SLEEF as a static library, which Debian does not have, from the distribution's source package, or, if its
# archive has none, from that of Debian unstable, and installs it into PREFIX. With it, executables can be linked with
# -static:
#   sh tools/sleef_static.sh PREFIX
#   cmake --preset release -D BUILD_SHARED_LIBS=OFF -D CMAKE_EXE_LINKER_FLAGS=-static -D CMAKE_PREFIX_PATH=PREFIX
# Usage: sleef_static.sh PREFIX [SOURCE_DIR]; SOURCE_DIR has the source, where it should not be fetched. Does nothing if
# it is done. Exit codes: 3 the source could not be fetched, 1 anything else. CC is the compiler.
set -eu

usage() {
    echo "usage: sh tools/sleef_static.sh PREFIX [SOURCE_DIR]" >&2
    exit 2
}

# apt-get with lists and sources of its own, so that the system's stay as they are. Mirrors may be some weeks behind.
private_apt_get() {
    apt-get -q -o APT::Sandbox::User=root -o Acquire::Check-Valid-Until=false \
        -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$work/sources" \
        -o Dir::State="$work/apt" -o Dir::State::lists="$work/apt/lists" -o Dir::State::status="$work/apt/status" \
        -o Dir::Cache="$work/apt" -o Dir::Cache::archives="$work/apt/archives" "$@"
}

# write_sources SUITE: the system's own archives, for sources; of another suite than theirs if it is not empty.
write_sources() {
    for list in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
        [ ! -e "$list" ] || sed -n "s/^deb \(.* \)\?\([a-z]*:[^ ]* \)\([^ ]*\)/deb-src \1\2${1:-\\3}/p" "$list"
    done >"$work/sources/lists.list"
    for stanzas in /etc/apt/sources.list.d/*.sources; do
        [ ! -e "$stanzas" ] || sed "s/^Types:.*/Types: deb-src/; ${1:+s/^Suites:.*/Suites: $1/}" "$stanzas" \
            >"$work/sources/${stanzas##*/}"
    done
}

# fetch_from SUITE: unpacks the source, which needs no changes of Debian's. Where lists of other archives are missing,
# that one may be there.
fetch_from() {
    rm -rf "$work/apt" "$work/source"
    mkdir -p "$work/sources" "$work/apt/lists/partial" "$work/apt/archives/partial" "$work/source"
    : >"$work/apt/status"
    write_sources "$1"
    cd "$work/source"
    private_apt_get update >&2 || true
    private_apt_get source --tar-only sleef >&2 && tar -xf sleef_*.orig.tar.*
}

# Prints the directory of the source. Archives that do not keep old sources may have that of the newest version.
fetch() {
    fetch_from '' || fetch_from unstable || return 1
    find "$work/source" -mindepth 1 -maxdepth 1 -type d
}

# Options of SLEEF 3.5 and, with SLEEF_ before them, of later versions.
build() {
    set -- "$1" -D BUILD_SHARED_LIBS=OFF -D SLEEF_BUILD_SHARED_LIBS=OFF
    for part in DFT QUAD TESTS GNUABI_LIBS SCALAR_LIB; do
        set -- "$@" -D BUILD_$part=OFF -D SLEEF_BUILD_$part=OFF
    done
    set -- "$@" -D SLEEF_ENABLE_TLFLOAT=OFF # of 3.9, for its tests
    for use in FFTW MPFR SSL; do
        set -- "$@" -D DISABLE_$use=ON -D SLEEF_DISABLE_$use=ON
    done
    cmake -S "$@" -B "$work/build" -D CMAKE_BUILD_TYPE=Release -D CMAKE_POSITION_INDEPENDENT_CODE=ON \
        -D CMAKE_INSTALL_LIBDIR=lib -D CMAKE_INSTALL_PREFIX="$prefix" -D CMAKE_POLICY_VERSION_MINIMUM=3.5
    cmake --build "$work/build" -j "$(nproc)"
}

# tileprop calls the deterministic functions.
check() {
    find "$work/build" -name libsleef.a -exec nm {} + 2>/dev/null | grep -q ' T Sleef_finz_expf' || {
        echo "sleef_static: the library that was built has no deterministic functions" >&2
        exit 1
    }
}

case $# in
1 | 2) ;;
*) usage ;;
esac
case $1 in
-* | '') usage ;;
esac
mkdir -p "$1"
prefix=$(cd "$1" && pwd)
[ ! -e "$prefix/lib/libsleef.a" ] || exit 0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ $# -eq 2 ]; then
    source=$2
else
    source=$(fetch) || {
        echo "sleef_static: the source package of SLEEF could not be fetched" >&2
        exit 3
    }
fi
build "$source"
check
cmake --install "$work/build"
echo "sleef_static: $prefix/lib/libsleef.a"
