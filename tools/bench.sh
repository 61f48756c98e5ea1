#!/usr/bin/env bash
# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
#
# make bench: a release build in build-bench, the peers it is compared with, the table. bench.sh [--quick] [--only NAME…]; what it prints
# and how it is measured: tests/bench/README.md. The peers are unpacked into build-bench and not installed: no service is started.
set -euo pipefail
cd "$(dirname "$0")/.."
build=build-bench
lxd="lxd lxd-client libraft2 libdqlite0 liblxc1 liblxc-common lxcfs squashfs-tools attr uidmap libsubid4"

[ "$(id -u)" = 0 ] || { echo "make bench needs root: it runs a libvirtd and guests of its own." >&2; exit 2; }
tools/install-deps.sh test

unpack() { # packages: fetched and unpacked, or nothing and a bad status
    local here folder status=0
    here=$PWD
    folder=$(mktemp -d)
    command -v apt-get >/dev/null || return 1
    (cd "$folder" && apt-get -qq download "$@" && for package in *.deb; do dpkg -x "$package" "$here/$build/peers"; done) >"$folder/log" 2>&1 || status=1
    rm -rf "$folder"
    return $status
}

[ -f $build/build.ninja ] || meson setup $build --buildtype=release -Doptimization=2 -Dbench=true >/dev/null
ninja -C $build >$build/bench-build.log 2>&1 || { tail -30 $build/bench-build.log >&2; exit 2; }
mkdir -p $build/peers
[ -x $build/peers/usr/sbin/nginx ] || command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] || unpack nginx || {
    echo "There is no nginx and none to be fetched: install it." >&2
    exit 2
}
# shellcheck disable=SC2086
[ -x $build/peers/usr/bin/lxd ] || unpack $lxd || echo "LXD's packages are not to be had: the number written down for it stands."
exec python3 tests/bench/bench.py --build $build "$@"
