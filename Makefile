# Two commands for everybody: `make demo` and `make test`; both install what is missing first.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 2

.PHONY: help setup setup-run demo check test soak bench screenshots test-windows installer wheel clean

help:
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | column -t -s "$$(printf '\t')"

$(VENV)/.run: requirements/demo.txt pyproject.toml publishing/pyproject.toml tools/setup.sh
	tools/setup.sh run

$(VENV)/.develop: requirements/develop.txt pyproject.toml publishing/pyproject.toml tools/setup.sh
	tools/setup.sh develop

# Compiled translations follow their sources.
CATALOGUES := $(wildcard assets/locale/*/LC_MESSAGES/*.po)
COMPILED := $(CATALOGUES:.po=.mo)
%.mo: %.po | $(VENV)/.run
	$(BIN)/pybabel -q compile -i $< -o $@

setup-run: $(VENV)/.run $(COMPILED) ## install what the demo needs

setup: $(VENV)/.develop $(COMPILED) ## install what the tests need

demo: setup-run ## run the whole chain on a demo practice (with a screen the tray program stays)
	$(BIN)/vitoclient demo $(ARGS)

check: setup ## ruff, mypy for Linux and Windows, import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy --platform win32
	$(BIN)/lint-imports

# A worker that dies ends the run as a failure: with its groups unfinished the others would wait for it without end.
test: check ## check and all tests, in random order, on SQLite and PostgreSQL
	$(BIN)/pytest -n $(WORKERS) --dist loadgroup --max-worker-restart 0 -m "not windows" $(ARGS)

soak: setup ## the long trials in their whole form
	VITOCLIENT_SOAK=1 $(BIN)/pytest -p no:randomly -m soak --timeout 7200 $(ARGS)

bench: setup ## benchmarks; writes docs/benchmarks.md
	$(BIN)/python -m tests.benchmarks $(ARGS)

screenshots: setup ## pictures of every window, popup and tray state into docs/screenshots
	$(BIN)/python -m tools.screenshots --desktop

include packaging/targets.mk

clean: ## remove what the build made
	rm -rf dist build .cache .mypy_cache .ruff_cache .pytest_cache
