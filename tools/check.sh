#!/usr/bin/env bash
# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
#
# Every suite, then one line "N passed, N failed". A suite is a program that speaks TAP, run by hand or by meson.
# With --full also the slow ones.
set -uo pipefail
cd "$(dirname "$0")/.."
full=""
[ "${1:-}" = --full ] && full=1
build=build-check
log=$build/check.log

tools/install-deps.sh test || { echo "0 passed, 1 failed"; exit 1; }
passed=0 failed=0 skipped=0
tally() { # a TAP file
    local ok notok skip
    skip=$(grep -cE '^ *ok .*# *SKIP' "$1")
    ok=$(grep -cE '^ *ok ' "$1")
    notok=$(grep -cE '^ *not ok ' "$1")
    passed=$((passed + ok - skip)) failed=$((failed + notok)) skipped=$((skipped + skip))
    grep -E '^ *not ok |# *SKIP' "$1" | sed 's/^ */  /'
}
suite() { # name, command…: TAP on stdout; dying without a plan or with a bad status is a failure too
    local name=$1 out status
    shift
    out=$build/tap-$(echo "$name" | tr -c 'a-z0-9\n' -).tap
    timeout 900 "$@" >"$out" 2>"$out.err"
    status=$?
    tally "$out"
    if [ $status -ne 0 ] && ! grep -qE '^ *not ok ' "$out"; then
        failed=$((failed + 1))
        echo "  not ok $name: ended with status $status"
        tail -20 "$out.err"
    fi
    echo "$name: done"
}

if [ ! -f $build/build.ninja ]; then
    meson setup $build -Db_sanitize=address,undefined -Db_lundef=false >/dev/null 2>&1 || meson setup $build -Db_sanitize=address,undefined -Db_lundef=false || { echo "0 passed, 1 failed"; exit 1; }
fi
if ! ninja -C $build >"$log" 2>&1; then
    tail -40 "$log"
    echo "0 passed, 1 failed"
    exit 1
fi
echo "built with AddressSanitizer and UndefinedBehaviorSanitizer"

suite "style" python3 tests/style/style.py
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
export G_TEST_SRCDIR="$PWD" G_SLICE=always-malloc
for test in $(find $build/tests/unit $build/tests/fuzz -type f -perm -u+x -name 'test_*' | sort); do
    suite "unit $(echo "$test" | sed 's#.*/unit/##')" "$test" --tap
done
for runner in tests/flow/run.py tests/lab/run.py; do
    [ -f $runner ] && suite "$(basename "$(dirname $runner)")" python3 $runner ${full:+--full} --build $build
done
[ -n "$full" ] && BUILD=build-fuzz suite "fuzz" tests/fuzz/run.sh 60

line="$passed passed, $failed failed"
[ $skipped -gt 0 ] && line="$line, $skipped skipped"
echo "$line"
[ $failed -eq 0 ]
