# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""What a build may take longer, and hold more, than a test says, for the sanitizer that is in it: the one place where that is told. Limits in tests are those of a
build as developers have it (AddressSanitizer); ThreadSanitizer watches every access, with five to fifteen times the work. What a limit protects from
(a wait for something that hangs, a lock held too long) is found in the other build. Used by suite.py and by flows."""
import json
import os

TIMES = {"thread": 5}
SHADOW = {"thread": 4}      # bytes for a byte that was written: of what is measured from nothing, not of what may grow by repetition


def sanitizer(build):
    """As meson was told: 'address,undefined', 'thread', 'none'."""
    with open(os.path.join(build, "meson-info", "intro-buildoptions.json"), encoding="utf-8") as options:
        return next(option["value"] for option in json.load(options) if option["name"] == "b_sanitize")


def times(build):
    return TIMES.get(sanitizer(build), 1)


def shadow(build):
    return SHADOW.get(sanitizer(build), 1)
