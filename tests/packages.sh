#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Makes the Debian packages, installs them with dpkg into a root directory that has nothing but the packages that they
# depend on, and uses them: the program inside it, the libraries for programs that are then run inside it. Also looks
# whether the manual page and the completion for bash have what --help has. Needs root, for chroot.
# Usage: packages.sh SOURCE_DIR BUILD_DIR; CC as the library was built with.
set -u

source=$1
build=$2
: "${CC:=cc}"
export CC
. "$source/tests/scratch.sh"

if [ "$(id -u)" -ne 0 ] || ! command -v dpkg-shlibdeps >/dev/null; then
    echo "SKIPPED: Debian packages: not root on a Debian system with dpkg-dev"
    echo "1..0"
    exit 0
fi
root=$work/root
page=$root/usr/share/man/man1/tileprop.1

# A root directory with the files of these packages, of which dpkg knows.
bare_root() {
    mkdir -p "$root/var/lib/dpkg/info" "$root/var/lib/dpkg/updates" "$root/tmp"
    for directory in bin sbin lib lib64; do
        mkdir -p "$root/usr/$directory"
        ln -s "usr/$directory" "$root/$directory"
    done
    for package; do
        dpkg -L "$package" | sed 's|^/||' | tar -C / --no-recursion -cf - -T - | tar -C "$root" -xf -
        dpkg -L "$package" >"$(dpkg-query --control-path "$package" md5sums | sed "s|^|$root|; s|md5sums$|list|")"
        dpkg-query -s "$package"
        echo
    done >"$root/var/lib/dpkg/status"
}

# with_dependencies PACKAGE...: these and what they depend on, of what is installed here.
with_dependencies() {
    found=' '
    while [ $# -gt 0 ]; do
        package=$1
        shift
        case "$found|$package" in
        *" $package "*"|"* | *"|debconf"*) continue ;;
        esac
        dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || continue
        found="$found$package "
        # shellcheck disable=SC2046 # a list
        set -- "$@" $(dpkg-query -W -f '${Pre-Depends},${Depends}' "$package" | tr ',|' '\n\n' |
            sed 's/^ *//; s/[ (:].*//')
    done
    echo "$found"
}

inside() {
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C chroot "$root" "$@"
}

# The options that --help names, one a line.
help_options() {
    inside tileprop "$1" --help | sed -n 's/^  \(--[a-z-]*\).*/\1/p'
}

# complete WORD...: what is offered for the last word.
complete() {
    bash -c '. "$0" && COMP_WORDS=(tileprop "$@") COMP_CWORD=$# && _tileprop && printf "%s\n" "${COMPREPLY[@]}"' \
        "$root/usr/share/bash-completion/completions/tileprop" "$@"
}

(cd "$build" && cpack -B "$work/packages") >out 2>err
result "cpack makes the packages"
# shellcheck disable=SC2046 # a list
bare_root $(with_dependencies libc6 libc-bin dash libgcc-s1 libgomp1 libhdf5-103-1 libjansson4 libmd0 libsleef3 \
    libprotobuf-c1 libzip4 zlib1g) >out 2>err
dpkg --root="$root" -i packages/*.deb >out 2>err
result "dpkg installs them, and needs no others than these"
names=$(ls packages/*.deb | sed 's|.*/||; s|_.*||')
for name in $names; do
    cmp "$root/usr/share/doc/$name/copyright" "$source/LICENSE" >out 2>err
    result "$name has the licence"
done
inside tileprop info >out 2>err
result "the program runs"

cp -R "$source/tests/consumer" shared
PKG_CONFIG_PATH=$root/usr/lib/pkgconfig make -s -C shared >out 2>err &&
    cp shared/xor "$root/tmp/shared" && inside /tmp/shared >>out 2>>err
result "a program that was linked with the shared library runs"
cmake -S "$source/tests/consumer" -B static -D tileprop_DIR="$root/usr/lib/cmake/tileprop" -D COMPONENT=static \
    -D TARGET=tileprop_static >out 2>err && cmake --build static >>out 2>>err &&
    cp static/xor "$root/tmp/static" && inside /tmp/static >>out 2>>err
result "and one with the static library"
if command -v g++ >/dev/null; then # its own library is not in the root
    g++ -std=c++17 -I "$root/usr/include" "$source/tests/examples/newton.cpp" -o "$root/tmp/cpp" -static-libstdc++ \
        -static-libgcc -L "$root/usr/lib" -ltileprop >out 2>err && inside /tmp/cpp >>out 2>>err
    result "and one in C++"
else
    echo "SKIPPED: C++ with the packages: there is no compiler"
fi

man --warnings -E UTF-8 -l "$page" 2>err | sed 's/.\x08//g' >out && [ ! -s err ]
result "the manual page has no fault that man sees"
for command in train evaluate predict cv plot describe convert export import reproduce card info; do
    help_options "$command" | grep -v '^--help$' >expected
    sed -n "/^\.SS tileprop $command /,/^\.nf/s/^\.BR \([-a-z\\\\]*\).*/\1/p" "$page" | tr -d '\\' >out
    [ -s expected ] && cmp expected out >err
    result "the manual page has the options of $command"
    help_options "$command" | sort >expected
    complete "$command" --seed 1 -- | sed 's/ $//' | sort | cmp - expected >out 2>err
    result "bash completes the options of $command"
done
subcommands="train evaluate predict cv plot describe convert export import verify reproduce card info"
complete "" | paste -s -d ' ' >out && grep -q "^$subcommands --help --version\$" out
result "bash completes subcommands"
complete train --optimizer ada | paste -s -d ' ' >out && grep -q '^adam adamw adagrad$' out
result "and names"
complete train --optimizer = "" | paste -s -d ' ' >out && grep -q '^sgd .* adagrad$' out
result "also after ="
mkdir files && : >files/model.safetensors
complete predict --model files/mo >out && grep -qx 'files/model.safetensors' out
result "and files"
complete convert files/mo >out && grep -qx 'files/model.safetensors' out
result "and files that are no option's"
complete train --data fash >out && grep -qx 'fashion-mnist' out
result "and the data set by name"

# shellcheck disable=SC2086 # a list
dpkg --root="$root" -P $names >out 2>err &&
    ! find "$root/usr" -name '*tileprop*' | grep . >out
result "dpkg removes everything"

echo "1..$checks"
[ $failures -eq 0 ]
