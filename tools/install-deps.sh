#!/usr/bin/env bash
# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
#
# Installs what is missing, and only that: install-deps.sh build | run | test | full. Debian and Ubuntu by apt, Oracle Linux 9 by dnf.
# install-deps.sh bench DIR: what test installs, and the peers that make bench compares with. Those are servers: installed they would
# start, now or at the next boot. They are unpacked into DIR instead, with the libraries of theirs that the machine lacks.
set -euo pipefail

debian_build="gcc make meson ninja-build pkg-config libglib2.0-dev libvirt-dev libmicrohttpd-dev libnbd-dev libssl-dev libjson-c-dev libcurl4-openssl-dev libxml2-dev libsqlite3-dev zlib1g-dev libcrypt-dev"
debian_run="libvirt-daemon-system libvirt-daemon libvirt-clients qemu-system-x86 qemu-utils ovmf swtpm swtpm-tools dnsmasq-base iproute2 iptables busybox-static cpio gzip xz-utils kmod openssl dpkg"
debian_test="libnbd-bin python3 python3-yaml xorriso curl sqlite3 python3-libvirt python3-gi gir1.2-govirt-1.0 procps util-linux mount gir1.2-gtk-vnc-2.0 gir1.2-gtk-3.0 virt-viewer xvfb xauth e2fsprogs qemu-system-arm qemu-efi-aarch64"
debian_full="clang debian-installer-12-netboot-arm64"
debian_peers="nginx lxd prometheus"
oracle_build="gcc make meson ninja-build pkgconf-pkg-config glib2-devel libvirt-devel libmicrohttpd-devel libnbd-devel openssl-devel json-c-devel libcurl-devel libxml2-devel sqlite-devel zlib-devel libxcrypt-devel"
oracle_run="libvirt-daemon-kvm libvirt-client qemu-kvm qemu-img edk2-ovmf swtpm swtpm-tools dnsmasq iproute iptables-nft busybox cpio gzip xz kmod openssl"
oracle_test="libnbd python3 python3-pyyaml xorriso curl sqlite python3-libvirt python3-gobject-base procps-ng util-linux python3-gobject libgovirt gtk-vnc2 virt-viewer xorg-x11-server-Xvfb xorg-x11-xauth e2fsprogs"
oracle_full="clang compiler-rt"
oracle_peers="nginx"

case "${1:-}" in
build) sets="build" ;;
run) sets="build run" ;;
test) sets="build run test" ;;
full) sets="build run test full" ;;
bench) sets="build run test" peers=${2:?where the peers go} ;;
*) echo "usage: $0 build|run|test|full|bench DIR" >&2; exit 2 ;;
esac

missing_debian() {
    local package
    for package in "$@"; do
        [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || echo "$package"
    done
}

install_debian() {
    local wanted="" missing set
    for set in $sets; do
        eval "wanted=\"\$wanted \$debian_$set\""
    done
    # shellcheck disable=SC2086
    missing=$(missing_debian $wanted)
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" != 0 ]; then
        echo "These packages are missing and only root may install them: $missing" >&2
        exit 1
    fi
    echo "Installing:" $missing
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    # shellcheck disable=SC2086
    apt-get install -y -qq --no-install-recommends $missing >/tmp/shikiri-install.$$.log 2>&1 || {
        tail -20 /tmp/shikiri-install.$$.log >&2
        exit 1
    }
    rm -f /tmp/shikiri-install.$$.log
}

install_oracle() {
    local wanted="" set
    for set in $sets; do
        eval "wanted=\"\$wanted \$oracle_$set\""
    done
    # shellcheck disable=SC2086
    rpm -q $wanted >/dev/null 2>&1 && return 0
    dnf -y -q install oracle-epel-release-el9 || true
    # shellcheck disable=SC2086
    dnf -y -q --enablerepo=ol9_codeready_builder install $wanted
}

# Each peer for itself: where one is not to be had the others are still there. Whether the bench can do without it, the bench says.
peers_debian() {
    local peer folder package updated="" log=$peers.log
    for peer in $debian_peers; do
        [ ! -e "$peers/usr/share/doc/$peer" ] || continue
        echo "Unpacking into $peers: $peer"
        [ -n "$updated" ] || apt-get update -qq || true
        updated=1
        folder=$(mktemp -d)
        mkdir -p "$folder/partial" "$peers"
        # shellcheck disable=SC2015
        apt-get install -y -qq --no-install-recommends --download-only --reinstall -o Dir::Cache::archives="$folder/" "$peer" >"$log" 2>&1 &&
            for package in "$folder"/*.deb; do dpkg -x "$package" "$peers" 2>>"$log" || rm -rf "$peers/usr/share/doc/$peer"; done ||
            tail -3 "$log" >&2
        rm -rf "$folder"
    done
}

peers_oracle() {
    local folder package
    [ ! -x "$peers/usr/sbin/nginx" ] || return 0
    folder=$(mktemp -d)
    mkdir -p "$peers"
    # shellcheck disable=SC2086
    dnf -y -q download --resolve --destdir "$folder" $oracle_peers || true
    for package in "$folder"/*.rpm; do
        [ ! -f "$package" ] || rpm2cpio "$package" | (cd "$peers" && cpio -idmu --quiet)
    done
    rm -rf "$folder"
}

if command -v apt-get >/dev/null; then
    install_debian
    [ -z "${peers:-}" ] || peers_debian
elif command -v dnf >/dev/null; then
    install_oracle
    [ -z "${peers:-}" ] || peers_oracle
else
    echo "Neither apt-get nor dnf is here: install by hand what tools/install-deps.sh lists." >&2
    exit 1
fi
