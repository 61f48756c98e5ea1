#!/usr/bin/env bash
# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
#
# `make run`: from a fresh machine to a manager with one real guest, step by step, saying what takes long. Each step first looks
# whether its work is done already, so a second run reuses what is there. SHIKIRI_DATA and BUILD move its two folders.
set -euo pipefail
cd "$(dirname "$0")/.."
data=${SHIKIRI_DATA:-/var/lib/shikiri}
build=${BUILD:-build}
log=$data/shikirid.log
pidfile=$data/shikirid.pid
steps=7
step=0
part=$(mktemp /tmp/shikiri-run.XXXXXX)
trap 'rm -f "$part"' EXIT

say() { step=$((step + 1)); printf '[%d/%d] %s\n' "$step" "$steps" "$*"; }
note() { printf '      %s\n' "$*"; }
die() { printf 'make run: %s\n' "$*" >&2; exit 1; }

# Runs a command, and every five seconds says that it still runs and what it printed last.
long() {
    local started=$SECONDS pid status=0 told=0
    "$@" >"$part" 2>&1 9>&- &
    pid=$!
    while kill -0 $pid 2>/dev/null; do
        sleep 0.5
        [ $((SECONDS - started - told)) -ge 5 ] || continue
        told=$((SECONDS - started))
        note "$told s: $(tail -n 1 "$part" | cut -c1-90 | grep . || echo "still at work")"
    done
    wait $pid || status=$?
    [ $status -eq 0 ] || { tail -n 30 "$part" >&2; return $status; }
}

[ "$(id -u)" = 0 ] || die "root is needed: it installs packages and talks to libvirt. Try: sudo make run"
exec 9>/tmp/shikiri-run.lock
flock -n 9 || die "another 'make run' is under way."

install_and_build() {
    say "Packages"
    long tools/install-deps.sh run || die "the packages could not be installed; what failed stands above."
    say "Building into $build/"
    [ -f "$build/build.ninja" ] || long meson setup "$build" || die "meson could not set up $build; what failed stands above."
    long ninja -C "$build" shikirid shikiri || die "it does not build; what failed stands above."
}

# --- libvirt -----------------------------------------------------------------------------------------------------------------

libvirt_answers() { timeout 10 virsh -q -c qemu:///system version >/dev/null 2>&1; }

# Where no udev runs nobody gave QEMU's group the device; libvirt then probes QEMU anew at every question, each time for seconds.
mend_kvm() {
    [ -c /dev/kvm ] && [ "$(stat -c %a /dev/kvm)" = 600 ] && getent group kvm >/dev/null || return 0
    chgrp kvm /dev/kvm && chmod 660 /dev/kvm && note "/dev/kvm belongs to group kvm now, as udev would have it"
}

start_libvirt() {
    say "libvirt"
    if libvirt_answers; then
        note "it runs already"
        [ -d /run/systemd/system ] || mend_kvm
        return
    fi
    if [ -d /run/systemd/system ]; then
        systemctl start libvirtd.service >/dev/null 2>&1 ||
            systemctl start virtqemud.socket virtnetworkd.socket virtstoraged.socket virtlogd.socket >/dev/null 2>&1 || true
    else
        mend_kvm
        pgrep --ns $$ --nslist mnt -x virtlogd >/dev/null || virtlogd -d 9>&- || note "virtlogd does not start: guests' consoles are not kept"
        pgrep --ns $$ --nslist mnt -x libvirtd >/dev/null || libvirtd -d 9>&- || die "libvirtd does not start; /var/log/libvirt/libvirtd.log says why."
    fi
    for _ in $(seq 60); do
        libvirt_answers && { note "started"; return; }
        sleep 0.5
    done
    die "libvirt was started and does not answer. Try: virsh -c qemu:///system version"
}

# The usual NAT network. Where it cannot be had (its addresses are taken, no bridges) the manager works without.
start_network() {
    local v="timeout 30 virsh -q -c qemu:///system" xml
    if ! $v net-info default >/dev/null 2>&1; then
        xml=/usr/share/libvirt/networks/default.xml
        if [ ! -f $xml ]; then
            xml=$part.xml
            printf '%s\n' '<network><name>default</name><forward mode="nat"/><bridge name="virbr0" stp="on" delay="0"/>' \
                '<ip address="192.168.122.1" netmask="255.255.255.0"><dhcp><range start="192.168.122.2" end="192.168.122.254"/></dhcp></ip></network>' >$xml
        fi
        $v net-define $xml >/dev/null 2>"$part" || { note "no network: $(tail -n 1 "$part")"; return; }
        rm -f "$part.xml"
    fi
    if ! $v net-list --name | grep -qx default && ! $v net-start default >/dev/null 2>"$part"; then
        note "network 'default' does not start, guests get no address from it: $(grep -m 1 error "$part")"
        return
    fi
    $v net-autostart default >/dev/null 2>&1 || true
    note "network 'default' is up"
}

# --- the manager -------------------------------------------------------------------------------------------------------------

running_pid() { # of our shikirid; nothing where none runs
    local pid
    pid=$(cat "$pidfile" 2>/dev/null) || return 1
    tr '\0' ' ' 2>/dev/null </proc/"$pid"/cmdline | grep -q "shikirid .*--data-dir $data " && echo "$pid"
}

end_manager() {
    kill -TERM "$1"
    for _ in $(seq 50); do
        [ -d "/proc/$1" ] || return 0
        sleep 0.1
    done
    die "the old shikirid (process $1) does not end."
}

start_manager() {
    local pid
    say "shikirid, its state in $data"
    mkdir -p "$data"
    pid=$(running_pid || true)
    if [ -n "$pid" ] && ! cmp -s "/proc/$pid/exe" "$build/shikirid"; then
        note "an older one runs (process $pid): it is ended and the new one started; guests run on"
        end_manager "$pid"
        pid=
    fi
    if [ -z "$pid" ]; then
        : >"$log"
        setsid nohup "$build/shikirid" --data-dir "$data" >>"$log" 2>&1 </dev/null 9>&- &
        pid=$!
        echo $pid >"$pidfile"
    else
        note "it runs already (process $pid)"
    fi
    for _ in $(seq 300); do
        url=$(sed -n 's/^shikirid: ready \(https:[^ ]*\).*/\1/p' "$log" | tail -n 1)
        [ -n "$url" ] && break
        [ -d /proc/$pid ] || { tail -n 20 "$log" >&2; die "shikirid ended; its last words stand above and in $log."; }
        sleep 0.1
    done
    [ -n "$url" ] || die "shikirid was not ready within 30 s; see $log."
    port=${url##*:}
    [ "$port" = 443 ] || note "port 443 belongs to somebody else: it serves on $port"
    note "ready, log in $log"
    export SHIKIRI_URL=https://localhost:$port SHIKIRI_USER=admin@internal SHIKIRI_CA=$data/pki/ca.pem
    SHIKIRI_PASSWORD=$(head -n 1 "$data/admin-password")
    export SHIKIRI_PASSWORD
}

# --- the guest ---------------------------------------------------------------------------------------------------------------

cli() { timeout 120 "$build/shikiri" "$@"; }
must() { cli "$@" >"$part" 2>&1 || { cat "$part" >&2; die "'shikiri $*' was refused."; }; }
status_of_hello() { cli show vm hello --json 2>/dev/null | sed -n 's/.*"status" *: *"\([a-z_]*\)".*/\1/p' | head -n 1; }
# Once its agent speaks (only an agent tells the guest's own name): a lease alone may be of an earlier run.
address_of_hello() {
    cli show vm hello --json 2>/dev/null | grep -q '"fqdn"' || return 0
    cli list reported_devices vm=hello --json 2>/dev/null | grep -oE '"[0-9]+(\.[0-9]+){3}"' | tr -d '"' | grep -v '^127\.' | head -n 1
}

wait_for_host() {
    for _ in $(seq 120); do
        cli list hosts --json 2>/dev/null | grep -q '"status" *: *"up"' && return
        sleep 0.5
    done
    cli list hosts >&2 || true
    die "the manager does not see this machine as an 'up' host; see $log."
}

make_guest_files() {
    say "A small guest's kernel and initial RAM disk, from the distribution's packages"
    long tools/hello-guest.sh "$data/storage" || die "the guest could not be made."
}

add_hello() {
    must add vm hello memory=192MiB os.type=other_linux "os.kernel=$data/storage/hello-vmlinuz" "os.initrd=$data/storage/hello-initrd.gz" \
        "os.cmdline=console=ttyS0 quiet shikiri.name=hello" "description=A small guest to try things with" --wait
    cli add nic nic1 vm=hello vnic_profile=ovirtmgmt interface=virtio --wait >"$part" 2>&1 || note "it gets no network: $(head -n 1 "$part")"
}

start_hello() {
    say "The VM 'hello'"
    wait_for_host
    [ -n "$(status_of_hello)" ] || add_hello
    case $(status_of_hello) in
    down | suspended) must start vm hello --wait ;;
    esac
}

wait_for_address() {
    local started=$SECONDS told=0
    say "Waiting until its guest agent reports an address"
    while address=$(address_of_hello); [ -z "$address" ]; do
        [ $((SECONDS - started)) -lt 180 ] || die "hello is '$(status_of_hello)' and reported no address within 180 s. See: $build/shikiri show vm hello"
        if [ $((SECONDS - started - told)) -ge 5 ]; then
            told=$((SECONDS - started))
            note "$told s: hello is $(status_of_hello)"
        fi
        sleep 0.5
    done
    note "$address"
}

tell() {
    cat <<END

Shikiri runs.
  URL       $url   (API: $url/ovirt-engine/api)
  user      admin@internal
  password  in $data/admin-password
  CA        $data/pki/ca.pem
Try (as root here; elsewhere set SHIKIRI_URL, SHIKIRI_CA and SHIKIRI_PASSWORD):
  $shown list vms
  $shown show vm hello
  $shown watch
'make stop' ends the manager; guests run on.
END
}

install_and_build
start_libvirt
start_network
start_manager
make_guest_files
start_hello
wait_for_address
shown=$build/shikiri
[ "$data" = /var/lib/shikiri ] || shown="SHIKIRI_URL=$SHIKIRI_URL SHIKIRI_CA=$SHIKIRI_CA $build/shikiri --password-file $data/admin-password"
tell
