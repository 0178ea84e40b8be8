#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Training steps on hosts that are network namespaces of this machine, whose links have a limited rate: with messages
# that overlap with computation, with each message in turn, and without messages. Usage, as root:
#   hosts.sh PROGRAM HOSTS PARTS BATCH EPOCHS WIDTH...
# PROGRAM is train_ranks, built for Open MPI. Prints lines of JSON, for links of 1 and 10 Gbit/s. Links have 50 us if
# the kernel has netem, else what the machine makes of them.
set -eu

skip() {
    echo "SKIPPED: hosts as network namespaces: $1" >&2
    exit 0
}

[ $# -ge 7 ] || { sed -n '3,7s/^# //p' "$0" >&2; exit 2; }
program=$(realpath "$1")
hosts=$2
shift 2
for tool in ip tc unshare taskset mpirun.openmpi; do
    command -v $tool >/dev/null || skip "there is no $tool (Debian: iproute2, util-linux, openmpi-bin)"
done
ip netns add tileprop-1 2>/dev/null || skip "they are not permitted, or in use (ip netns del tileprop-1)"
work=$(mktemp -d)
net=10.77.0

remove() {
    for host in $(seq "$hosts"); do
        ip netns del "tileprop-$host" 2>/dev/null || true
    done
    ip link del tileprop-switch 2>/dev/null || true
    rm -rf "$work"
}
trap remove EXIT

ip link add tileprop-switch type bridge || skip "there are no bridges"
ip addr add $net.254/24 dev tileprop-switch
ip link set tileprop-switch up
addresses=
for host in $(seq "$hosts"); do
    [ "$host" -eq 1 ] || ip netns add "tileprop-$host"
    ip link add "tp-port-$host" type veth peer name eth0 netns "tileprop-$host"
    ip link set "tp-port-$host" master tileprop-switch up
    ip -n "tileprop-$host" addr add "$net.$host/24" dev eth0
    ip -n "tileprop-$host" link set eth0 up
    ip -n "tileprop-$host" link set lo up
    addresses=$addresses,$net.$host:1
done
# Each host has a processor. Open MPI would give all of them the first one, for it takes them for machines.
cat >"$work/agent" <<'EOF'
#!/bin/sh
host=$1
number=${host##*.}
shift
exec taskset -c $(((number - 1) % $(nproc --all))) \
    ip netns exec "tileprop-$number" unshare -u sh -c "hostname $host; $*"
EOF
chmod +x "$work/agent"

# limit RATE: of what each host sends; $delay is what is known of it.
limit() {
    for host in $(seq "$hosts"); do
        set -- "$1" -n "tileprop-$host"
        tc "$2" "$3" qdisc del dev eth0 root 2>/dev/null || true
        delay='"netem 50 us"'
        tc "$2" "$3" qdisc add dev eth0 root netem rate "$1" delay 50us 2>/dev/null && continue
        delay=null
        tc "$2" "$3" qdisc add dev eth0 root tbf rate "$1" burst 128k latency 50ms 2>/dev/null ||
            skip "the rate of a link cannot be limited"
    done
}

for gbit in 1 10; do
    limit ${gbit}gbit
    [ "$delay" != null ] || echo "no netem: links have the rate, but no delay of their own" >&2
    for mode in overlap in-turn alone; do
        OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_mpi_yield_when_idle=1 \
            mpirun.openmpi --bind-to none --mca plm_rsh_agent "$work/agent" --host "${addresses#,}" --mca btl tcp,self \
            --mca oob_tcp_if_include $net.0/24 --mca btl_tcp_if_include $net.0/24 -n "$hosts" \
            "$program" $mode 1 "$@" | sed "s/^{/{\"gbit\":$gbit,\"delay\":$delay,/"
    done
done
