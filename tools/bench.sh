#!/usr/bin/env bash
# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
#
# make bench: a release build in build-bench, the peers it is compared with, the table. bench.sh [--quick] [--only NAME…] [--page FILE]; what
# it prints and how it is measured: tests/bench/README.md. The peers lie in build-bench/peers and are not installed: no service is started.
set -euo pipefail
cd "$(dirname "$0")/.."
build=build-bench

[ "$(id -u)" = 0 ] || { echo "make bench needs root: it runs a libvirtd and guests of its own." >&2; exit 2; }
mkdir -p $build
tools/install-deps.sh bench $build/peers
[ -f $build/build.ninja ] || meson setup $build --buildtype=release -Doptimization=2 -Dbench=true >$build/bench-build.log 2>&1 || {
    tail -30 $build/bench-build.log >&2
    exit 2
}
ninja -C $build >$build/bench-build.log 2>&1 || { tail -30 $build/bench-build.log >&2; exit 2; }
exec python3 tests/bench/bench.py --build $build "$@"
