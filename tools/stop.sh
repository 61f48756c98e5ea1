#!/usr/bin/env bash
# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
#
# `make stop`: ends the shikirid that `make run` started. Guests, libvirt and everything in the data directory stay.
set -euo pipefail
data=${SHIKIRI_DATA:-/var/lib/shikiri}
pid=$(cat "$data/shikirid.pid" 2>/dev/null || true)
if [ -z "$pid" ] || ! tr '\0' ' ' 2>/dev/null </proc/"$pid"/cmdline | grep -q "shikirid .*--data-dir $data "; then
    echo "No shikirid of 'make run' runs."
    exit 0
fi
kill -TERM "$pid"
for _ in $(seq 50); do
    [ -d "/proc/$pid" ] || { rm -f "$data/shikirid.pid"; echo "shikirid ended; guests run on."; exit 0; }
    sleep 0.1
done
echo "shikirid (process $pid) does not end within 5 s." >&2
exit 1
