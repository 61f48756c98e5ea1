#!/bin/bash
# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
#
# A libvirtd of a test's own: real libvirtd, virtlogd and QEMU in their own mount, network and PID namespaces, with private
# /run, /etc/libvirt, /var/lib/libvirt, /var/cache/libvirt and /var/log/libvirt, all below one folder. Needs root.
#
#   private_libvirtd.sh DIR                 runs it; prints `ready SOCKET` when it answers, then stays until it is killed.
#                                           Whoever starts it is watched: it ends with its parent (kill -9 included), and
#                                           with it every process in it. DIR is emptied first; keep it short (a socket
#                                           lies in it), e.g. /tmp/shikiri-lab.$$ . Folders of that name that a killed
#                                           run left behind are removed.
#   private_libvirtd.sh DIR signal NAME     STOP, CONT, KILL, TERM … to its libvirtd (KILL and TERM: waits for the end)
#   private_libvirtd.sh DIR start           starts libvirtd again after it was killed; returns when it answers
#   private_libvirtd.sh DIR run COMMAND…    a command inside (its virsh needs no URI)
#   SHIKIRI_LAB_CGROUPS=1 before the first: with the machine's cgroup controllers of version 1, so that threads can be kept on CPUs.
#   private_libvirtd.sh DIR wipe            removes DIR once nothing runs in it (waits up to 5 s)
#
# From outside: virsh -c "qemu+unix:///system?socket=DIR/run/libvirt/libvirt-sock". Its virtual network `default` (NAT,
# DHCP) is there, not started: `… run virsh net-start default`. Guests run as the distribution's QEMU user.
set -eu
DIR=$1
ACTION=${2:-serve}
SELF=$(readlink -f "$0")
SOCKET=$DIR/run/libvirt/libvirt-sock
CONTROLLERS=${SHIKIRI_LAB_CGROUPS:+'"cpu", "cpuacct", "cpuset"'}

enter() { exec nsenter -t "$(cat "$DIR/init.pid")" -m -n -p "$@"; }

# The lock is held by PID 1 inside: a folder whose lock is free has nobody in it, unless who it is named after is just making it.
sweep() {
    local old
    for old in /tmp/shikiri-lab.*; do
        [ -d "/proc/${old##*[-.]}" ] && continue
        [ -f "$old/lock" ] && flock -n "$old/lock" true && rm -rf "$old"
    done
    return 0
}

prepare() {
    mkdir -p "$DIR"
    exec 9>"$DIR/lock"
    flock -w 2 9 || { echo "$DIR is in use by another private libvirtd" >&2; exit 1; }
    rm -rf "$DIR"/{etc,lib,run,cache,log}
    mkdir -p "$DIR"/{etc,lib,run/libvirt,run/lock,cache,log}
    chmod 755 "$DIR"
    cp -a /etc/libvirt/. "$DIR/etc/"
    # The host's own may have been removed; the package keeps what it was made from.
    [ -e "$DIR/etc/qemu/networks/default.xml" ] || install -D -m 600 /usr/share/libvirt/networks/default.xml "$DIR/etc/qemu/networks/default.xml"
    rm -rf "$DIR"/etc/qemu/*.xml "$DIR"/etc/qemu/autostart/* "$DIR"/etc/qemu/networks/autostart "$DIR"/etc/storage/*
    cat > "$DIR/etc/libvirtd.conf" <<C
auth_unix_rw = "none"
auth_unix_ro = "none"
unix_sock_group = "root"
unix_sock_rw_perms = "0700"
host_uuid = "$(cat /proc/sys/kernel/random/uuid)"
log_outputs = "3:file:/var/log/libvirt/libvirtd.log"
C
    cat > "$DIR/etc/qemu.conf" <<C
security_driver = "none"
remember_owner = 0
cgroup_controllers = [$CONTROLLERS]
namespaces = []
stdio_handler = "logd"
swtpm_user = "root"
swtpm_group = "root"
C
    # Small enough that a guest fills it while a test looks.
    cat > "$DIR/etc/virtlogd.conf" <<C
max_size = 262144
max_backups = 3
C
}

start_libvirtd() {
    rm -f /run/libvirtd.pid
    libvirtd -d --pid-file /run/libvirtd.pid
    for _ in $(seq 100); do
        timeout 5 virsh -q -c qemu:///system version >/dev/null 2>&1 && return 0
        sleep 0.1
    done
    echo "libvirtd does not answer" >&2
    tail -5 /var/log/libvirt/libvirtd.log >&2
    return 1
}

# PID 1 inside: mounts, daemons, then reaps until it is killed.
inside() {
    mount --make-rprivate /
    mount -n --bind "$DIR/run" /run
    mount -n --bind "$DIR/etc" /etc/libvirt
    mount -n --bind "$DIR/lib" /var/lib/libvirt
    mkdir -p /var/cache/libvirt /var/log/libvirt
    mount -n --bind "$DIR/cache" /var/cache/libvirt
    mount -n --bind "$DIR/log" /var/log/libvirt
    mount -n -t proc proc /proc
    mount -n -t sysfs sysfs /sys 2>/dev/null || true
    if [ -n "$CONTROLLERS" ]; then
        mount -n -t tmpfs cgroup /sys/fs/cgroup
        for controller in cpu cpuacct cpuset; do
            mkdir /sys/fs/cgroup/$controller
            mount -n -t cgroup -o $controller cgroup /sys/fs/cgroup/$controller
        done
    fi
    # udev lets QEMU's user use it. Where nobody did, libvirt, which tries as root, asks QEMU for everything anew at each define.
    if [ -c /dev/kvm ]; then
        mknod -m 666 "$DIR/run/kvm" c 10 232
        mount -n --bind "$DIR/run/kvm" /dev/kvm
    fi
    ip link set lo up
    virtlogd -d
    start_libvirtd
    echo "ready $SOCKET"
    while :; do sleep 3600 & wait $! || true; done
}

case $ACTION in
serve)
    sweep
    prepare
    export DIR
    exec setpriv --pdeathsig KILL unshare -m -n -p --fork --kill-child=KILL \
        bash -c 'read -r pid _ </proc/self/stat; echo "$pid" >"$1/init.pid"; exec "$0" "$1" inside' "$SELF" "$DIR"
    ;;
inside) inside ;;
signal)
    nsenter -t "$(cat "$DIR/init.pid")" -m -n -p bash -c '
        pid=$(cat /run/libvirtd.pid); kill -"$0" "$pid"
        case $0 in KILL|TERM) for _ in $(seq 100); do [ -d "/proc/$pid" ] || exit 0; sleep 0.05; done; exit 1;; esac' "$3"
    ;;
start) enter "$SELF" "$DIR" start-inside ;;
start-inside) start_libvirtd ;;
run) shift 2; enter "$@" ;;
wipe) [ ! -f "$DIR/lock" ] || flock -w 5 "$DIR/lock" true && rm -rf "$DIR" ;;
*) echo "private_libvirtd.sh: no action '$ACTION'" >&2; exit 2 ;;
esac
