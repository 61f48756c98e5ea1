#!/usr/bin/env bash
# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
#
# Every suite, then one line "N passed, N failed". A suite is a program that speaks TAP, run by hand or by meson.
# With --full also the slow cases, everything but the lab once more under ThreadSanitizer, the unit tests as clang builds
# them, and the fuzzers.
set -uo pipefail
cd "$(dirname "$0")/.."
full=0
[ "${1:-}" = --full ] && full=1
build=build-check

tools/install-deps.sh $([ $full = 1 ] && echo full || echo test) || { echo "0 passed, 1 failed"; exit 1; }
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
    local name=$1 out status begun=$SECONDS
    shift
    out=$build/tap-$(echo "$name" | tr -c 'a-z0-9\n' -).tap
    timeout $((full ? 7200 : 1500)) "$@" >"$out" 2>"$out.err"
    status=$?
    tally "$out"
    if [ $status -ne 0 ] && ! grep -qE '^ *not ok ' "$out"; then
        failed=$((failed + 1))
        echo "  not ok $name: ended with status $status"
        tail -20 "$out.err"
    fi
    echo "$name: done in $((SECONDS - begun)) s"
}

made() { # folder, sanitizers: built so
    [ -f $1/build.ninja ] || meson setup $1 -Db_sanitize=$2 -Db_lundef=false >"$1.log" 2>&1 || { cat "$1.log"; return 1; }
    rm -f "$1.log"
    ninja -C $1 >$1/check.log 2>&1 || { tail -40 $1/check.log; return 1; }
    echo "built with -fsanitize=$2"
}
programs() { # name, folder: its unit tests, corpora included
    local test
    for test in $(find $2/tests/unit $2/tests/fuzz -type f -perm -u+x -name 'test_*' | sort); do
        suite "$1 $(echo "$test" | sed 's#.*/unit/##')" "$test" --tap
    done
}
flows() { # name, runner, folder, options…
    local name=$1 runner=$2 folder=$3
    shift 3
    [ -f $runner ] && suite "$name" python3 $runner --build $folder "$@"
}
slow=$([ $full = 1 ] && echo --full)

made $build address,undefined || { echo "0 passed, 1 failed"; exit 1; }
suite "style" python3 tests/style/style.py
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
export G_TEST_SRCDIR="$PWD" G_SLICE=always-malloc
programs unit $build
flows flow tests/flow/run.py $build $slow
flows lab tests/lab/run.py $build $slow
if [ $full = 1 ]; then
    export TSAN_OPTIONS="halt_on_error=0 exitcode=66"
    if made build-tsan thread; then
        programs "unit, threads" build-tsan
        flows "flow, threads" tests/flow/run.py build-tsan
    else
        failed=$((failed + 1))
    fi
    if CC=clang made build-clang address,undefined; then
        programs "unit, clang" build-clang
    else
        failed=$((failed + 1))
    fi
    BUILD=build-fuzz suite "fuzz" tests/fuzz/run.sh 60
fi

line="$passed passed, $failed failed"
[ $skipped -gt 0 ] && line="$line, $skipped skipped"
echo "$line"
[ $failed -eq 0 ]
