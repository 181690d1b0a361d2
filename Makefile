# Every target makes the virtual environment first when it is missing or older than pyproject.toml.

PYTHON ?= $(shell for p in python3.12 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))' 2>/dev/null && command -v $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# The board's compiler and emulator, a modem host that we did not write, sound tools.
BENCH_PACKAGES := qemu-system-arm=qemu-system-arm gcc-arm-none-eabi=arm-none-eabi-gcc \
	libnewlib-arm-none-eabi=/usr/lib/arm-none-eabi/newlib/nano.specs ofono=ofonod dbus-daemon=dbus-daemon alsa-utils=aplay

.PHONY: help install demo test lint bench soak clean

help: ## Show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

install: $(READY) ## Make the virtual environment only: the command is .venv/bin/dialer

demo: $(READY) ## Run a campaign for real on this machine, for about two minutes
	@$(BIN)/dialer demo

test: $(READY) ## Lint, types and all tests (about half an hour on two cores)
	@tools/need-debian sip-tester sipp
	@tools/want-debian $(BENCH_PACKAGES)
	$(MAKE) --no-print-directory lint
	$(BIN)/python -m pytest -m "not soak"

lint: $(READY) ## ruff, mypy --strict, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY) ## Measure; figures go to stdout
	@tools/need-debian sip-tester sipp
	$(BIN)/python -m bench.perf

soak: $(READY) ## What takes longer: ten minutes of load against SIPp, the full crash loop
	@tools/need-debian sip-tester sipp
	@tools/want-debian $(BENCH_PACKAGES)
	$(BIN)/python -m pytest -m soak

clean: ## Remove the virtual environment and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(READY): pyproject.toml tools/make-venv
	@tools/make-venv "$(PYTHON)" $(VENV)
	@touch $@
