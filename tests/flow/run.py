#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""Runs the flows, the whole manager with fake hosts: run.py --build DIR [--full] [NAME…]. Called by tools/check.sh."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
from suite import run  # noqa: E402

LIMIT, LIMIT_FULL = 600, 3600
LANES = 2               # each program has its managers to itself
FIRST = ("matrix", "boot", "bad_wire")

if __name__ == "__main__":
    sys.exit(run(HERE, (LIMIT, LIMIT_FULL), lanes=LANES, first=FIRST))
