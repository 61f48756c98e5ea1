# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
# Thin: everything real is in meson.build and tools/.
BUILD ?= build
DESTDIR ?=

.PHONY: all run stop check check-full bench install clean deps

all: $(BUILD)/build.ninja
	ninja -C $(BUILD)

$(BUILD)/build.ninja: | deps
	meson setup $(BUILD)

deps:
	@tools/install-deps.sh build

run:
	@tools/run.sh

stop:
	@tools/stop.sh

check:
	@tools/check.sh

check-full:
	@tools/check.sh --full

bench:
	@tools/bench.sh

install: all
	DESTDIR=$(DESTDIR) meson install -C $(BUILD) --no-rebuild

clean:
	rm -rf $(BUILD) build-*
