#!/usr/bin/env bash
# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
#
# Fuzzes every target for SECONDS (60), one a processor at once, with clang's libFuzzer, AddressSanitizer and
# UndefinedBehaviorSanitizer, from the corpus of the tree; speaks TAP. What it finds new stays in BUILD/corpus; an input that ends a target is left in BUILD and named.
# usage: tests/fuzz/run.sh [SECONDS [TARGET…]]        BUILD=build-fuzz
set -uo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-60}
shift
build=${BUILD:-build-fuzz}
if ! command -v clang >/dev/null; then
    echo "1..0 # SKIP clang is not installed"
    exit 0
fi
if [ ! -f "$build/build.ninja" ]; then
    CC=clang meson setup "$build" -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false -Dc_args=-fsanitize=fuzzer-no-link >"/tmp/fuzz-setup.$$" 2>&1 || {
        cat "/tmp/fuzz-setup.$$"
        rm -f "/tmp/fuzz-setup.$$"
        echo "Bail out! the fuzz targets cannot be set up"
        exit 1
    }
    rm -f "/tmp/fuzz-setup.$$"
fi
targets=("$@")
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(ls tests/fuzz/corpus)
ninja -C "$build" "${targets[@]/#/tests/fuzz/fuzz_}" >"$build/fuzz.log" 2>&1 || {
    tail -20 "$build/fuzz.log"
    echo "Bail out! the fuzz targets do not build"
    exit 1
}
echo "1..${#targets[@]}"
export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=0 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
fuzz() { # number, target
    local number=$1 target=$2
    mkdir -p "$build/corpus/$target"
    if "$build/tests/fuzz/fuzz_$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -max_len=16384 -print_final_stats=1 \
        -artifact_prefix="$build/$target-" "$build/corpus/$target" "tests/fuzz/corpus/$target" >"$build/$target.log" 2>&1; then
        echo "ok $number - $target: $(grep -o 'number_of_executed_units: *[0-9]*' "$build/$target.log" | grep -o '[0-9]*$') inputs"
    else
        echo "not ok $number - $target"
        grep -E "ERROR|SUMMARY|Test unit written|runtime error" "$build/$target.log" | cut -c1-300 | head -8 | sed "s/^/  # /"
    fi
}
for at in "${!targets[@]}"; do
    [ "$(jobs -rp | wc -l)" -lt "$(nproc)" ] || wait -n
    fuzz $((at + 1)) "${targets[at]}" >"$build/${targets[at]}.tap" &
done
wait
cd "$build" && cat "${targets[@]/%/.tap}" && ! grep -q '^not ok' "${targets[@]/%/.tap}"
