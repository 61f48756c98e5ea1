#!/usr/bin/env bash
# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
#
# What can be said of the packaging without the machine it is for, as TAP: an installation into an empty folder holds what the
# spec file lists; the unit and the spec are read by their own programs where these are here. lint.sh BUILD. Building the
# package itself needs Oracle Linux 9 and is reported as not run.
set -uo pipefail
cd "$(dirname "$0")/.."
build=${1:-build}
number=0
failed=0
dest=$(mktemp -d /tmp/shikiri-install.XXXXXX)
trap 'rm -rf "$dest"' EXIT

result() { # "ok" or "not ok", name, what to say
    number=$((number + 1))
    [ "$1" = ok ] || failed=1
    echo "$1 $number - $2"
    [ -z "${3:-}" ] || sed 's/^/  # /' <<<"$3"
}
skip() { number=$((number + 1)); echo "ok $number - $1 # SKIP $2"; }

check_installed() {
    local out path missing=""
    out=$(DESTDIR=$dest meson install -C "$build" --no-rebuild --quiet 2>&1) || { result "not ok" "make install into an empty folder" "$out"; return; }
    for path in sbin/shikirid bin/shikiri; do
        [ -x "$(find "$dest" -path "*/$path" | head -n 1)" ] || missing="$missing $path"
    done
    for path in man/man1/shikiri.1 man/man7/shikiri-resources.7 man/man8/shikirid.8 ja/man1/shikiri.1 ja/man7/shikiri-resources.7 ja/man8/shikirid.8 share/shikiri/openapi.json share/shikiri/licence/core-factors.json share/shikiri/licence/products.json completions/shikiri _shikiri shikiri.fish; do
        [ -s "$(find "$dest" -path "*/$path" | head -n 1)" ] || missing="$missing $path"
    done
    unit=$(find "$dest" -name shikirid.service | head -n 1)
    [ -n "$unit" ] || missing="$missing shikirid.service"
    guests=$(find "$dest" -name shikiri-guests.service | head -n 1)
    [ -n "$guests" ] || missing="$missing shikiri-guests.service"
    result "$([ -z "$missing" ] && echo ok || echo not ok)" "make install into an empty folder" "${missing:+missing:$missing}"
}

check_versions() {
    local spec build_version
    spec=$(awk '$1 == "Version:" { print $2 }' packaging/shikiri.spec)
    build_version=$(sed -n "s/^ *version: '\(.*\)',/\1/p" meson.build | head -n 1)
    result "$([ "$spec" = "$build_version" ] && echo ok || echo not ok)" "the spec file and the build have one version" "$spec, $build_version"
}

check_unit() {
    local out
    command -v systemd-analyze >/dev/null || { skip "systemd reads the unit" "systemd-analyze is not here"; return; }
    sed "s#^ExecStart=[^ ]*#ExecStart=/bin/true#" "$unit" >"$dest/shikirid.service"
    sed "s#^ExecStop=[^ ]*#ExecStop=/bin/true#" "$guests" >"$dest/shikiri-guests.service"
    out=$(systemd-analyze verify --man=no "$dest/shikirid.service" "$dest/shikiri-guests.service" 2>&1 | grep -E 'shikiri(d|-guests)\.service')
    result "$([ -z "$out" ] && echo ok || echo not ok)" "systemd reads the unit" "$out"
}

check_spec() {
    local out
    command -v rpmspec >/dev/null || { skip "rpm reads the spec file" "not run: rpmspec is not here"; return; }
    if out=$(rpmspec -P -D 'meson_build %{nil}' -D 'meson_install %{nil}' packaging/shikiri.spec 2>&1 >/dev/null); then
        result ok "rpm reads the spec file"
    else
        result "not ok" "rpm reads the spec file" "$out"
    fi
}

check_installed
check_versions
check_unit
check_spec
if [ -f /etc/oracle-release ]; then
    result "$(rpmbuild -bb --build-in-place packaging/shikiri.spec >/tmp/shikiri-rpm.$$.log 2>&1 && echo ok || echo not ok)" "the package builds"
else
    skip "the package builds on Oracle Linux 9" "not run: this is another system"
fi
echo "1..$number"
exit $failed
